import type { Account, OutgoingMail, RealmStore } from '@postern/storage'
import { type NoticeLanguage, noticeLanguageOf, noticeTexts } from './notice-texts.ts'

interface Circumstances {
  /** When it happened; now, where it is absent. */
  readonly at?: Date
  /** Network address that it came from. */
  readonly source?: string
  /** The app or mail program, as the person may know it. */
  readonly app?: string
  /** What people call the realm. */
  readonly realm?: string
  /** The issuer of the realm, from the configuration: the only address that a notice names. Never one of a request. */
  readonly issuer?: string
}

type Method = 'totp' | 'sms' | 'webauthn' | 'recovery-codes' | 'approval'

/** Everything that people are told by e-mail. There is no other. */
export type Notice = Readonly<
  Circumstances &
    (
      | { kind: 'factor_added' | 'factor_removed' | 'factor_replaced'; method: Method | (string & {}); label?: string }
      | { kind: 'factors_reset' }
      /** E.164; only its last two digits are told. */
      | { kind: 'number_changed'; number: string }
      | { kind: 'recovery_codes_replaced' }
      | { kind: 'recovery_code_used'; left: number }
      | { kind: 'access_pass_given'; validUntil: Date }
      | { kind: 'access_pass_used' }
      | { kind: 'failed_signins'; count: number }
      | { kind: 'signin_after_failures'; count: number }
      /** `app` and `source` say which device still tries the old password. */
      | { kind: 'stale_password' }
      | { kind: 'approval_denied' }
      | { kind: 'password_changed' }
      | { kind: 'browser_remembered'; validUntil?: Date }
      /** `protocol` as people know it; `portal` is the address of the realm's portal, from the configuration. */
      | { kind: 'mail_app_waiting' | 'mail_app_quarantined'; protocol: string; portal: string }
      | { kind: 'mail_apps_too_many' | 'mail_app_activated'; portal: string }
      | { kind: 'app_password_created' | 'app_password_shared'; label: string; portal: string }
    )
>

export interface Notices {
  /**
   * Puts a notice for the account's owner into the outbox, inside the transaction that surrounds the caller: it is sent
   * if and only if what it tells about is kept. `alsoTo`: a further address, e.g. the one before a change.
   */
  tell(
    realm: Pick<RealmStore, 'outbox'>,
    of: {
      account: Pick<Account, 'id' | 'address' | 'displayName'>
      notice: Notice
      /** BCP 47; English where it is unknown. */
      language?: string
      alsoTo?: string
    },
  ): Promise<void>
}

const givenUpAfter = 2 * 24 * 3_600_000

/**
 * Makes the notices. `isMailConfigured: false` keeps them out: without an SMTP server they would pile up unsent.
 * A notice holds no code, no pass and no full number.
 */
export function createNotices(parts: { clock: () => Date; newId: () => string; isMailConfigured?: boolean }): Notices {
  const { clock, newId, isMailConfigured = true } = parts
  return Object.freeze({
    async tell(realm, { account, notice, language, alsoTo }) {
      if (!isMailConfigured) return
      const now = clock()
      const { subject, text } = renderNotice(notice, { account, language: noticeLanguageOf(language), now })
      const addresses = new Set([account.address.toLowerCase(), ...(alsoTo === undefined ? [] : [alsoTo.toLowerCase()])])
      for (const key of addresses) {
        const mail: OutgoingMail = Object.freeze({
          id: newId(),
          accountId: account.id,
          to: key === account.address.toLowerCase() ? account.address : (alsoTo ?? account.address),
          subject,
          text,
          createdAt: now,
          nextTryAt: now,
          tries: 0,
          expiresAt: new Date(now.getTime() + givenUpAfter),
        })
        await realm.outbox.add(mail)
      }
    },
  } satisfies Notices)
}

/** Pure: subject and text. What came from outside (names of apps, labels) is cut and stripped of control characters. */
export function renderNotice(
  notice: Notice,
  of: { account: Pick<Account, 'address' | 'displayName'>; language: NoticeLanguage; now: Date },
): { subject: string; text: string } {
  const { language } = of
  const texts = noticeTexts[language]
  const { subject, happened, next } = texts.kinds[notice.kind]
  const values: Readonly<Record<string, string>> = {
    name: tidy(of.account.displayName),
    account: tidy(of.account.address),
    realm: tidy(notice.realm ?? texts.yourOrganisation),
    ...detailsOf(notice, language),
  }
  const fill = (template: string) => template.replace(/\{(\w+)\}/g, (whole, gap: string) => values[gap] ?? whole)
  const when = `${texts.when}: ${moment(notice.at ?? of.now, language)}`
  const facts = [
    when,
    `${texts.account}: ${values.account}`,
    ...(notice.app === undefined ? [] : [`${texts.app}: ${tidy(notice.app)}`]),
    ...(notice.source === undefined ? [] : [`${texts.source}: ${tidy(notice.source)}`]),
  ]
  const paragraphs = [
    fill(texts.greeting),
    fill(happened),
    facts.join('\n'),
    fill(next),
    ...(notice.issuer === undefined ? [] : [`${texts.ourAddress}: ${notice.issuer}`]),
    texts.closing,
  ]
  return Object.freeze({ subject: fill(subject), text: `${paragraphs.join('\n\n')}\n` })
}

function detailsOf(notice: Notice, language: NoticeLanguage): Readonly<Record<string, string>> {
  const texts = noticeTexts[language]
  switch (notice.kind) {
    case 'factor_added':
    case 'factor_removed':
    case 'factor_replaced': {
      const method = texts.methods[notice.method] ?? texts.otherMethod
      const label = notice.label === undefined ? '' : tidy(notice.label)
      return { method: label === '' ? method : `${method} (${label})` }
    }
    case 'number_changed':
      return { number: `…${notice.number.replace(/\D/g, '').slice(-2)}` }
    case 'recovery_code_used':
      return { left: String(notice.left) }
    case 'failed_signins':
    case 'signin_after_failures':
      return { count: String(notice.count) }
    case 'access_pass_given':
      return { until: moment(notice.validUntil, language) }
    case 'browser_remembered':
      return { until: notice.validUntil === undefined ? texts.untilForgotten : moment(notice.validUntil, language) }
    case 'mail_app_waiting':
    case 'mail_app_quarantined':
      return { protocol: tidy(notice.protocol), portal: notice.portal }
    case 'mail_apps_too_many':
    case 'mail_app_activated':
      return { portal: notice.portal }
    case 'app_password_created':
    case 'app_password_shared':
      return { label: tidy(notice.label), portal: notice.portal }
    default:
      return {}
  }
}

/** With its zone: a mail does not know where it is read. */
const moment = (at: Date, language: NoticeLanguage): string =>
  `${new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(at)} UTC`

/** Names come from outside: no line of theirs may look like one of ours, and no address in them may become a link. */
const tidy = (text: string): string =>
  text
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/:\/\//g, ': //')
    .replace(/\bwww\./gi, 'www .')
    .trim()
    .slice(0, 80)
