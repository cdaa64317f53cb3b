import type { Authenticator } from '@postern/storage'

/** What a person needs in order to bind an authenticator: typed or scanned. */
export type Presentation = Readonly<{
  /** The secret as it is typed, without spaces. */
  secret: string
  /** The same in groups of four, for reading. */
  secretInGroups: string
  /** For a QR code or a link. */
  uri: string
}>

export type Names = Readonly<{
  /** Who asks for the code, e.g. the realm's name. */
  issuerName: string
  /** Whose code it is, e.g. the UPN. */
  accountName: string
}>

/**
 * One kind of second thing that a person can show. A method knows its secret and its code and nothing else: throttling,
 * burning and evidence belong to challenge.ts, so that no method can forget them. It does no I/O.
 */
export interface Method {
  /** The value of `Authenticator.method`. */
  readonly id: string
  /** What a proof is worth (RFC 8176). */
  readonly amr: string
  /** Length of a new secret. */
  readonly secretBytes: number
  present(secret: Uint8Array, names: Names): Presentation
  /**
   * Holds a typed code against one authenticator. Returns the step that the code stands for, which must then be burnt, or
   * `undefined` when the code is wrong. Does NOT make sure that the step was not used meanwhile.
   */
  match(authenticator: Pick<Authenticator, 'secret' | 'lastStep'>, code: string, now: Date): number | undefined
}
