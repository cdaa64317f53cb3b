/**
 * What apps that know only a name and a password are to a server: the words that guard.ts, the adapters and legacy-auth.ts share.
 *
 * It owns no decision. Who is let in, the gate of the token service says.
 * @module
 */

/** The protocols that the gate knows. */
export const mailProtocols = [
  'activesync',
  'autodiscover',
  'ews',
  'mapi',
  'oab',
  'imap',
  'pop',
  'smtp',
  'rpc',
  'powershell',
  'jmap',
  'sieve',
] as const

export type MailProtocol = (typeof mailProtocols)[number]

/** `Headers`, or Node's object with names in lower case. */
export type RequestHeaders =
  | Readonly<{ get(name: string): string | null }>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** What a server knows of a request. The adapters fill it in; give what they cannot know, such as the address behind a proxy. */
export type RequestFacts = Readonly<{
  /** Path and query as they came, or the whole address. */
  url: string
  headers: RequestHeaders
  /** E.g. `POST`. An `OPTIONS` of ActiveSync opens no mail. */
  method?: string | undefined
  /** Network address of the app. Behind a proxy: the one that the proxy names, and only if the proxy is yours. */
  source?: string | undefined
  /** Whether the connection of the app is encrypted. Left out: unknown, and the gate is told nothing. */
  secure?: boolean | undefined
}>

/** Whose mailbox it is. */
export type GatedAccount = Readonly<{ id: string; upn: string; mailbox: string }>

/** The app, as its owner sees it in the portal. Missing where it has no tile. */
export type GatedApp = Readonly<{ id: string; label: string; state: string }>

export type GatedAccepted = Readonly<{ outcome: 'accepted'; account: GatedAccount; app?: GatedApp }>

export type GatedRefused = Readonly<{
  outcome: 'refused'
  status: 401 | 403 | 456 | 503
  headers: readonly (readonly [name: string, value: string])[]
  /** English, without control characters; may be shown to the app. */
  text: string
  /** `unavailable`: the gate did not decide. `malformed`: the credentials, or what the request says of its app, cannot be read. */
  decision: 'pending' | 'blocked' | 'denied' | 'unavailable' | 'malformed'
  /** From the gate, e.g. `app_pending`; for the log. */
  reason: string
  /** By which the administrator finds the decision in the audit trail. */
  reference?: string
  /** Whether another name or password could help; then a 401 offers Basic again. */
  offersBasic: boolean
}>

export interface LegacyAuth {
  /**
   * The `Basic` challenge for this request (RFC 7617 section 2), or undefined where it goes by no mail protocol: there passwords are
   * not taken.
   */
  offer(request: RequestFacts): string | undefined
  /**
   * Judges one `Authorization: Basic …` line. Never throws for anything that an app or the gate sends. What cannot be decided is
   * refused with 503 and not let in.
   */
  check(authorization: string, request: RequestFacts): Promise<GatedAccepted | GatedRefused>
}
