/**
 * refusals writes what each protocol understands of a decision that lets nobody in.
 *
 * Pure. A wrong secret, an unknown name, a disabled account and a source that tried too often read the same everywhere.
 * What is told beyond that is told to who has shown a right secret. Challenges of tokens (`Bearer …`) are left to the
 * server that is asked: only it knows what it takes.
 * @module
 */
import type { MailReasonCode } from '../policy/mail/reasons.ts'

export interface Refusal {
  readonly http: { readonly status: 401 | 403 | 456 | 503; readonly headers: Readonly<Record<string, string>> }
  /** What follows the tag of an IMAP command (RFC 9051 section 7.1, RFC 5530). */
  readonly imap: string
  /** RFC 1939, RFC 3206. */
  readonly pop: string
  /** RFC 4954 section 6. */
  readonly smtp: string
  /** RFC 5804 section 1.3. */
  readonly sieve: string
}

export interface Refused {
  readonly reason: MailReasonCode | 'unavailable'
  /** The person could use an app password with this app. */
  readonly appPasswordHelps: boolean
  /** A token would be taken. */
  readonly modernHelps: boolean
  /** Address of the person's own pages. */
  readonly portal: string
  /** What people know the realm by. */
  readonly realmName: string
  /** Names the request, for `AppPasswordRequired`. */
  readonly request: string
  readonly retryAfterSeconds?: number
}

type Manner =
  /** Ask again for a password: 401. */
  | 'credentials'
  /** The password was right, and asking for another one would make the phone throw it away: 403. */
  | 'forbidden'
  | 'tls'
  | 'temporary'

const nothingLearned = 'The user name or the password is wrong.'

/** Reasons that allow are here because the type has one list; nobody is refused for them. */
const answers = {
  app_active: ['forbidden', () => ''],
  app_password: ['forbidden', () => ''],
  basic_allowed: ['forbidden', () => ''],
  modern: ['forbidden', () => ''],
  autodiscover_opens_no_mail: ['forbidden', () => ''],
  app_pending: [
    'forbidden',
    (portal) => `This mail app waits to be let in. Open ${portal} and activate it there, then try again.`,
  ],
  app_quarantined: ['forbidden', (portal) => `This mail app waits for an administrator. Where it stands: ${portal}`],
  app_blocked: [
    'forbidden',
    (portal) => `This mail app is blocked. If you blocked it yourself, you can activate it again at ${portal}`,
  ],
  access_rule: ['forbidden', () => 'Your administrator does not allow this mail app.'],
  access_default: ['forbidden', () => 'Your administrator allows certain mail apps only, and this is none of them.'],
  protocol_blocked: ['forbidden', () => 'Your administrator does not allow passwords for this kind of mail app.'],
  gating_blocks_protocol: ['forbidden', () => 'This kind of mail app is switched off for your account.'],
  app_password_required: ['forbidden', () => 'Your own password does not open mail in this app.'],
  modern_blocked: ['forbidden', () => 'Your administrator does not allow this kind of mail app.'],
  app_passwords_off: ['forbidden', () => 'Your administrator does not allow app passwords.'],
  conditional_access: ['forbidden', () => 'A policy of your administrator does not let this mail app in from here.'],
  wrong_secret: ['credentials', () => nothingLearned],
  throttled: ['credentials', () => nothingLearned],
  token_refused: ['credentials', () => 'The token is wrong, has ended or is not for this server.'],
  token_of_another_account: ['forbidden', () => 'The token belongs to somebody else.'],
  tls_required: ['tls', () => 'A password is taken over an encrypted connection only.'],
  app_password_scope: ['credentials', (portal) => `This app password is for another app, protocol or network. See ${portal}`],
  app_password_expired: ['credentials', (portal) => `This app password has expired. Make another one at ${portal}`],
  too_many_apps: ['forbidden', (portal) => `There are too many mail apps of this account. Open ${portal} and remove some.`],
  protocol_not_served: ['forbidden', () => 'This mail server does not serve this protocol.'],
  unavailable: ['temporary', () => 'Nothing can be checked just now. Try again in a moment.'],
} as const satisfies Record<Refused['reason'], readonly [Manner, (portal: string) => string]>

/** Reasons that speak against the password, or against one more tile that waits: something else may be shown in its place. */
const aboutPassword: ReadonlySet<string> = new Set([
  'protocol_blocked',
  'gating_blocks_protocol',
  'app_password_required',
  'app_passwords_off',
  'conditional_access',
  'too_many_apps',
])

/** `text` is for people, in English; it names the portal where that helps. */
export function renderRefusal(refused: Refused): { readonly text: string; readonly refusal: Refusal } {
  const { reason, portal } = refused
  const [manner, textOf] = answers[reason]
  if (aboutPassword.has(reason) && refused.appPasswordHelps) {
    const text = `This mail app needs an app password. Make one at ${portal}`
    return written(text, 'credentials', {
      status: 456,
      headers: { 'X-AutoDiscovery-Error': `LiveIdBasicAuth:AppPasswordRequired:<RequestId=${refused.request}>` },
    })
  }
  // Without a Basic challenge in it: that and the server's own Bearer tell an app to sign in with a browser.
  if (aboutPassword.has(reason) && reason !== 'too_many_apps' && refused.modernHelps)
    return written(`${textOf(portal)} Sign in with a browser instead.`, 'credentials', { status: 401, headers: {} })
  return written(textOf(portal), manner, httpOf(manner, refused))
}

function httpOf(manner: Manner, { realmName, retryAfterSeconds = 5 }: Refused): Refusal['http'] {
  if (manner === 'credentials') return { status: 401, headers: { 'WWW-Authenticate': basicChallenge(realmName) } }
  if (manner === 'temporary') return { status: 503, headers: { 'Retry-After': String(retryAfterSeconds) } }
  return { status: 403, headers: {} }
}

/** RFC 7617 section 2. Whatever no header line can carry is left out of the name. */
export const basicChallenge = (realmName: string): string =>
  `Basic realm="${realmName.replaceAll(/[^\x20-\x7e]|["\\]/g, '')}", charset="UTF-8"`

const codes = {
  credentials: { imap: '[AUTHENTICATIONFAILED] ', pop: '[AUTH] ', smtp: '535 5.7.3', sieve: '' },
  forbidden: { imap: '[AUTHENTICATIONFAILED] ', pop: '[AUTH] ', smtp: '535 5.7.3', sieve: '' },
  tls: { imap: '[PRIVACYREQUIRED] ', pop: '[AUTH] ', smtp: '538 5.7.11', sieve: '(ENCRYPT-NEEDED) ' },
  temporary: { imap: '[UNAVAILABLE] ', pop: '[SYS/TEMP] ', smtp: '454 4.7.0', sieve: '(TRYLATER) ' },
} as const satisfies Record<Manner, Record<'imap' | 'pop' | 'smtp' | 'sieve', string>>

function written(text: string, manner: Manner, http: Refusal['http']): { text: string; refusal: Refusal } {
  const { imap, pop, smtp, sieve } = codes[manner]
  const refusal = {
    http: Object.freeze({ status: http.status, headers: Object.freeze(http.headers) }),
    imap: `NO ${imap}${text}`,
    pop: `-ERR ${pop}${text}`,
    smtp: `${smtp} ${text}`,
    sieve: `NO ${sieve}"${text.replaceAll(/["\\]/g, '\\$&')}"`,
  }
  return Object.freeze({ text, refusal: Object.freeze(refusal) })
}
