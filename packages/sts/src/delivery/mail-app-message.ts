/**
 * mail-app-message words the text message about a mail app that waits to be let in.
 *
 * It owns that nothing in the message is the app's but a harmless name: what an app calls itself is written by whoever has
 * the password, and a telephone makes links of all that looks like an address or a number. It does not own to whom it goes.
 * @module
 */
import { type NoticeLanguage, noticeLanguageOf } from './mail/notice-texts.ts'

/** `quarantined`: an administrator has to let it in. */
export type WaitingApp = Readonly<{ name: string; protocol: string; state: 'pending' | 'quarantined' }>

type Words = Readonly<Record<WaitingApp['state'], (realm: string, app: string) => string>>

// The address comes last, so that no full stop becomes part of it. With names of usual length it is one message (GSM 03.38).
const catalogue: Readonly<Record<NoticeLanguage, Words>> = {
  en: {
    pending: (realm, app) => `${realm}: a new app, ${app}, wants your mail. Not yours? Change your password. Yours? Let it in:`,
    quarantined: (realm, app) =>
      `${realm}: a new app, ${app}, wants your mail. Only your administrator can let it in. Not yours? Change your password:`,
  },
  de: {
    pending: (realm, app) => `${realm}: Eine neue App, ${app}, will an Ihre Mails. Nicht Ihre? Passwort ändern. Ihre? Freigeben:`,
    quarantined: (realm, app) =>
      `${realm}: Eine neue App, ${app}, will an Ihre Mails. Nur die Betreuung kann sie freigeben. Nicht Ihre? Passwort ändern:`,
  },
  fr: {
    pending: (realm, app) =>
      `${realm} : une nouvelle app, ${app}, veut votre courrier. Pas la vôtre ? Changez de mot de passe. La vôtre ? Activez-la :`,
    quarantined: (realm, app) =>
      `${realm} : une nouvelle app, ${app}, veut votre courrier. Seul un administrateur peut l’accepter. Pas la vôtre ? Changez de mot de passe :`,
  },
}

/** Holds no code and no secret. `portal`: its address, from the configuration. `language`: BCP 47; English where it is unknown. */
export function renderMailAppMessage(about: { app: WaitingApp; realm: string; portal: string; language?: string }): string {
  const { app } = about
  const name = harmlessName(app.name)
  const called = name === '' ? app.protocol : `"${name}" (${app.protocol})`
  const realm = [...about.realm.toWellFormed().replace(/[\p{C}\p{Z}]+/gu, ' ')].slice(0, 30).join('').trim()
  return `${catalogue[noticeLanguageOf(about.language)][app.state](realm, called)} ${about.portal}`
}

/** More than this many digits could be a number to call. */
const mostDigits = 6

/** Letters, digits and spaces of a name from outside; `''` where nothing is left. No address, no number, no line of its own. */
export function harmlessName(name: string): string {
  const words = name
    .normalize('NFKC')
    .toWellFormed()
    .replace(/[^\p{L}\p{M}\p{N}()+_-]+/gu, ' ')
  const safe = words.replace(/[^\p{N}]/gu, '').length > mostDigits ? words.replace(/\p{N}+/gu, ' ') : words
  return [...safe.replace(/ +/g, ' ').trim()].slice(0, 30).join('').trim()
}
