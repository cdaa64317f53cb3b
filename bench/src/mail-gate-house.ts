/**
 * A realm whose mail server may ask the gate, and its many people, each with a phone. Everybody has a source address of their
 * own, or the service would rightly count them as one.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Account, AccountId, AuthenticatorId, ClientId } from '@postern/storage'
import { startSts, type TestSts } from '@postern/sts/testing'

/** Somebody with a phone; what the phone shows is each benchmark's own. */
export interface Owner {
  readonly upn: string
  readonly deviceId: string
  /** Of 127.0.0.0/8, so that the owner can sign in from there as well. */
  readonly source: string
}

/** What all requests of the mail server have in common. */
export interface AsMailServer {
  readonly path: string
  readonly authorization: string
}

export interface House {
  readonly sts: TestSts
  readonly asServer: AsMailServer
  /** One person. `account` and all that is kept for it are written by the caller. */
  person(index: number): { readonly owner: Owner; readonly account: Account }
}

export async function openHouse(databaseUrl: string, baseUrl: string): Promise<House> {
  const sts = await startSts({ databaseUrl, baseUrl })
  const { kept, clients, realm } = sts
  const { clientId, clientSecret } = clients.server
  await kept.mailServers.put({
    clientId: clientId as ClientId, // a brand has no runtime part
    protocols: ['activesync', 'imap', 'smtp'],
    upstreams: {},
    createdAt: new Date(),
  })
  const createdAt = new Date()
  return {
    sts,
    asServer: {
      path: `/${realm.id}/mailgate/decide`,
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    },
    person(index) {
      const upn = `person-${index}@contoso.com`
      const account: Account = {
        id: randomUUID() as string as AccountId, // a brand has no runtime part
        upn,
        address: upn,
        furtherAddresses: [],
        displayName: `Person ${index}`,
        groups: ['staff'],
        status: 'active',
        createdAt,
        updatedAt: createdAt,
      }
      const source = `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255 || 255}`
      return { account, owner: { upn, deviceId: `BENCH${String(index).padStart(6, '0')}`, source } }
    },
  }
}

/** Keeps a TOTP for an account. Returns its secret in hex. */
export async function addTotp({ kept }: Pick<TestSts, 'kept'>, { id: accountId, createdAt }: Account): Promise<string> {
  const secret = new Uint8Array(randomBytes(20))
  await kept.authenticators.add({
    id: randomUUID() as string as AuthenticatorId, // a brand has no runtime part
    accountId,
    method: 'totp',
    label: 'Bench',
    secret,
    state: 'active',
    detail: {},
    createdAt,
    confirmedAt: createdAt,
  })
  return Buffer.from(secret).toString('hex')
}

/** What the mail server asks when the phone of `owner` shows `secret`. */
export const questionOf = ({ upn, deviceId, source }: Owner, secret: string): string =>
  JSON.stringify({
    name: upn,
    secret,
    protocol: 'activesync',
    app: { deviceId, deviceType: 'iPhone', userAgent: 'Apple-iPhone15C4/2401.539000006' },
    source,
    tls: true,
  })
