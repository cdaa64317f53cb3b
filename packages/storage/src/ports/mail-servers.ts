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
  readonly createdAt: Date
}

/** Every change counts as a change of the realm. */
export interface MailServerStore {
  /** Puts it there or in the place of the one before. `'missing'`: no such client. */
  put(server: MailServer): Promise<'put' | 'missing'>
  find(clientId: ClientId): Promise<MailServer | undefined>
  list(): Promise<readonly MailServer[]>
  remove(clientId: ClientId): Promise<boolean>
}
