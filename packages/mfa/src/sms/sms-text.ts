/**
 * sms-text words the messages that carry a code, in the languages of the house.
 *
 * The last line of a text message binds the code to our host, so that a browser fills it in there and nowhere else (WICG,
 * "Origin-bound one-time codes delivered via SMS"). Texts hold the code: they go to a sender and nowhere else.
 * @module
 */

type Words = Readonly<{ sms: (code: string, issuer: string) => string; voice: (digits: string, issuer: string) => string }>

// Without letters outside the alphabet of GSM 03.38 where the language allows, so that one message is enough.
const catalogue = {
  en: {
    sms: (code, issuer) => `${code} is your code for ${issuer}. Give it to nobody.`,
    voice: (digits, issuer) =>
      `Hello. Your code for ${issuer} is: ${digits}. Once more: ${digits}. Give it to nobody. If you are not signing in now, hang up and change your password.`,
  },
  de: {
    sms: (code, issuer) => `${code} ist Ihr Code für ${issuer}. Geben Sie ihn niemandem.`,
    voice: (digits, issuer) =>
      `Guten Tag. Ihr Code für ${issuer} lautet: ${digits}. Noch einmal: ${digits}. Geben Sie ihn niemandem. Wenn Sie sich gerade nicht anmelden, legen Sie auf und ändern Sie Ihr Kennwort.`,
  },
  fr: {
    sms: (code, issuer) => `${code} est votre code pour ${issuer}. Ne le donnez à personne.`,
    voice: (digits, issuer) =>
      `Bonjour. Votre code pour ${issuer} est : ${digits}. Je répète : ${digits}. Ne le donnez à personne. Si vous ne vous connectez pas en ce moment, raccrochez et changez votre mot de passe.`,
  },
} as const satisfies Record<string, Words>

type Language = keyof typeof catalogue

/** What is written for somebody who reads `asked` (BCP 47): English for whom we have no words. */
export function languageOf(asked: string): Language {
  const primary = asked.toLowerCase().split('-', 1)[0] ?? ''
  return primary in catalogue && Object.hasOwn(catalogue, primary) ? (primary as Language) : 'en' // just looked up
}

/** The whole text of a message with a code. `host` is the one that credentials belong to. */
export function renderCodeText(message: {
  code: string
  channel: 'sms' | 'voice'
  language: string
  issuerName: string
  host: string
}): string {
  const words: Words = catalogue[languageOf(message.language)]
  const issuer = oneLine(message.issuerName)
  if (message.channel === 'voice') return words.voice([...message.code].join(', '), issuer)
  return `${words.sms(message.code, issuer)}\n\n@${message.host} #${message.code}`
}

/** A name must not bring a line of its own, nor a second message. */
const oneLine = (name: string): string => [...name.toWellFormed().replace(/[\p{C}\p{Z}]+/gu, ' ')].slice(0, 40).join('').trim()
