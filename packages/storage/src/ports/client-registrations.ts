import type { ClientId } from '../identifiers.ts'
import type { Client } from './clients.ts'

/** How a client came that registered itself (RFC 7591). The client stands with the others and goes with this. */
export interface ClientRegistration {
  readonly clientId: ClientId
  /** SHA-256 of its registration access token, which is random and 256 bits long. */
  readonly tokenDigest: Uint8Array
  /** The invitation that it came with. Absent: the realm was open to everybody. */
  readonly invitationId?: string
  readonly registeredAt: Date
  /** When a person last let it in. Absent: nobody did. */
  readonly usedAt?: Date
}

/** An initial access token of RFC 7591: lets its holder register so many clients, and is good for nothing else. */
export interface ClientInvitation {
  readonly id: string
  /** SHA-256 of what was shown once, which is random and 256 bits long. */
  readonly digest: Uint8Array
  /** What it is for, in the words of who made it. */
  readonly label: string
  readonly clients: number
  readonly clientsLeft: number
  readonly createdAt: Date
  /** As in the audit trail. */
  readonly createdBy: string
  readonly expiresAt: Date
}

/** Bounds the clients that came uninvited and that nobody has let in. */
export interface Room {
  readonly atMost: number
  /** Where there is no room, the oldest of them goes that came before this. */
  readonly replaceableBefore: Date
}

export interface ClientRegistrationStore {
  /**
   * Adds the client together with how it came. `'full'`: it was not invited, and there are so many like it already. Of any
   * number at once, never more than {@link Room.atMost} stay. A change of the realm or of what belongs to it is either seen by
   * what the transaction reads after this, or waits for its end.
   */
  add(client: Client, registration: Omit<ClientRegistration, 'clientId' | 'usedAt'>, room: Room): Promise<'added' | 'full'>
  find(clientId: ClientId): Promise<ClientRegistration | undefined>
  /** In order of client ids. */
  list(page: { after?: string; limit: number }): Promise<readonly ClientRegistration[]>
  /** A person let the client in. `false`: it did not register itself. */
  noteUse(clientId: ClientId, at: Date): Promise<boolean>
  /** Adds an invitation. */
  invite(invitation: ClientInvitation): Promise<void>
  /** The invitation that is good for one client more at `at`. Uses nothing up. */
  findInvitation(digest: Uint8Array, at: Date): Promise<ClientInvitation | undefined>
  /** Uses one of its clients up. `false`: there is none left, or it has ended. Of any number at once, as many succeed as were left. */
  spend(invitationId: string, at: Date): Promise<boolean>
  /** All of them, ended ones too, for a month after their end. */
  invitations(): Promise<readonly ClientInvitation[]>
  removeInvitation(id: string): Promise<boolean>
}
