import type { AccountId, AuthenticatorId } from '../identifiers.ts'

/** What a method keeps about one of its authenticators beside the secret: nothing that opens anything. JSON in, JSON out. */
export type AuthenticatorDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface Authenticator {
  readonly id: AuthenticatorId
  readonly accountId: AccountId
  /** `totp`, `sms`, `webauthn`; further methods bring their own name. */
  readonly method: string
  /** What the person calls it. */
  readonly label: string
  /**
   * What must stay secret or private, in clear; kept sealed in the database and bound to this row: the shared secret of a
   * TOTP, the telephone number (E.164, UTF-8) of an SMS authenticator, the COSE public key of a WebAuthn credential.
   */
  readonly secret: Uint8Array
  /**
   * `proposed`: an administrator put it there, nobody has begun to prove it. `pending`: begun, not proved yet. Neither is
   * ever accepted at sign-in. `disabled`: too many failures, until bound again.
   */
  readonly state: 'proposed' | 'pending' | 'active' | 'disabled'
  readonly detail: AuthenticatorDetail
  /** WebAuthn: base64url of the credential id. One realm never holds the same twice, pending ones included. */
  readonly credentialId?: string
  /** TOTP: highest time step accepted so far. WebAuthn: highest signature counter seen. */
  readonly lastStep?: number
  /** Asked for first at sign-in. At most one of an account, and active. Set by {@link AuthenticatorStore.makeDefault} alone. */
  readonly isDefault: boolean
  /** While `pending`: a digest of what tells the one sign-in that began it. Nobody else may be shown the secret. */
  readonly begunBy?: string
  readonly createdAt: Date
  readonly confirmedAt?: Date
  readonly lastUsedAt?: Date
}

export interface AuthenticatorStore {
  /** `'conflict'`: the id or the credential id is taken. */
  add(authenticator: Omit<Authenticator, 'isDefault'>): Promise<'added' | 'conflict'>
  find(id: AuthenticatorId): Promise<Authenticator | undefined>
  /** WebAuthn: whose credential it is, whatever account. */
  findByCredentialId(credentialId: string): Promise<Authenticator | undefined>
  /** In order of creation. */
  list(accountId: AccountId): Promise<readonly Authenticator[]>
  /**
   * Makes a pending one active, remembers what proved it and forgets `begunBy`; `credentialId` and `secret` are given by
   * methods that learn them only now, and `detail` is merged into what is kept. `false`: it was not pending any more.
   * `'conflict'`: the credential id is taken; the transaction around it can go on.
   */
  confirm(
    id: AuthenticatorId,
    proof: { at: Date; step?: number; credentialId?: string; secret?: Uint8Array; detail?: AuthenticatorDetail },
  ): Promise<boolean | 'conflict'>
  /** Accepts a time step once: `false` unless it is greater than every step accepted before and the state is `active`. */
  acceptStep(id: AuthenticatorId, proof: { step: number; at: Date; detail?: AuthenticatorDetail }): Promise<boolean>
  /**
   * Notes a use whose one-timeness lies elsewhere (a challenge that was consumed). `step`, where given, replaces `lastStep`
   * whatever it was; `detail` is merged into what is kept. `false`: not `active` any more.
   */
  touch(id: AuthenticatorId, used: { at: Date; step?: number; detail?: AuthenticatorDetail }): Promise<boolean>
  /** `false`: gone. */
  rename(id: AuthenticatorId, label: string): Promise<boolean>
  /** Of all of the account, this one is asked for first from now on. `false`: gone, or not active. */
  makeDefault(accountId: AccountId, id: AuthenticatorId): Promise<boolean>
  /** Ends the pending ones of an account and method, e.g. before a new enrolment begins. Proposed ones stay. */
  removePending(accountId: AccountId, method: string): Promise<number>
  /** A disabled one is no default any more. `false`: gone, or disabled before. */
  disable(id: AuthenticatorId): Promise<boolean>
  remove(id: AuthenticatorId): Promise<boolean>
}
