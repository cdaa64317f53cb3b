/** The form of the notices' texts; each language has a file. A gap is written `{name}`; notices.ts fills it. Subjects say what happened without detail. */
import { de } from './notice-texts-de.ts'
import { en } from './notice-texts-en.ts'
import { fr } from './notice-texts-fr.ts'

export type NoticeLanguage = 'en' | 'de' | 'fr'

/** `asked` is BCP 47; English for whom we have no words. */
export const noticeLanguageOf = (asked: string | undefined): NoticeLanguage => {
  const primary = asked?.toLowerCase().split('-')[0]
  return primary === 'de' || primary === 'fr' ? primary : 'en'
}

export const noticeKinds = [
  'factor_added',
  'factor_removed',
  'factor_replaced',
  'factors_reset',
  'number_changed',
  'recovery_codes_replaced',
  'recovery_code_used',
  'access_pass_given',
  'access_pass_used',
  'failed_signins',
  'signin_after_failures',
  'stale_password',
  'approval_denied',
  'password_changed',
  'browser_remembered',
  'mail_app_waiting',
  'mail_app_quarantined',
  'mail_apps_too_many',
  'mail_app_activated',
  'app_password_created',
  'app_password_shared',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

interface NoticeText {
  readonly subject: string
  readonly happened: string
  /** What to do. */
  readonly next: string
}

export interface NoticeTexts {
  readonly greeting: string
  readonly yourOrganisation: string
  readonly when: string
  readonly account: string
  readonly app: string
  readonly source: string
  readonly ourAddress: string
  readonly closing: string
  readonly untilForgotten: string
  readonly otherMethod: string
  readonly methods: Readonly<Record<string, string>>
  readonly kinds: Readonly<Record<NoticeKind, NoticeText>>
}

export const noticeTexts = Object.freeze({ en, de, fr } as const satisfies Record<NoticeLanguage, NoticeTexts>)
