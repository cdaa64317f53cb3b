import type { ClientId } from '../identifiers.ts'

/**
 * What is kept of a client because it is a mail server that may ask the gate about people's passwords. Its credentials are
 * those of the client; the tokens it may show are for the resources whose `principalId` is the client.
 */
export interface MailServer {
  readonly clientId: ClientId
  /** Mail protocols that it may ask about; never empty. */
  readonly protocols: readonly string[]
  /** Where a proxy goes on to once somebody is let in, by protocol: `127.0.0.1:1143`. */
  readonly upstreams: Readonly<Record<string, string>>
  /** Dovecot's administration over HTTP (doveadm), to end connections. The key is kept sealed. */
  readonly doveadm?: Readonly<{ url: string; key: string }>
  /** Last event of the revocation feed that Dovecot was told of. Set by {@link MailServerStore.told} alone. */
  readonly toldUntil: number
  readonly createdAt: Date
}

/** Every change but `told` counts as a change of the realm. */
export interface MailServerStore {
  /** Puts it there or in the place of the one before; `toldUntil` of an existing one stays. `'missing'`: no such client. */
  put(server: Omit<MailServer, 'toldUntil'>): Promise<'put' | 'missing'>
  find(clientId: ClientId): Promise<MailServer | undefined>
  list(): Promise<readonly MailServer[]>
  remove(clientId: ClientId): Promise<boolean>
  /**
   * Takes the turn at ending this server's connections until `until`: `false` while another process has it. So two
   * processes do not kick one person twice at the same time.
   */
  takeTurn(clientId: ClientId, turn: { now: Date; until: Date }): Promise<boolean>
  /** Ends the turn and notes how far it came. Never goes back. */
  told(clientId: ClientId, number: number): Promise<void>
}
