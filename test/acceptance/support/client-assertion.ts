import { createPrivateKey, randomUUID } from 'node:crypto'
import type { TestClient } from '@postern/sts/testing'
import { SignJWT } from 'jose'
import type { World } from './world.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A signed statement of a client about itself (RFC 7523). `claims` adds or replaces; `undefined` leaves one out. */
export async function assertion(
  world: World,
  client: TestClient,
  change: {
    claims?: Readonly<Record<string, unknown>>
    header?: Readonly<Record<string, unknown>>
    key?: Parameters<SignJWT['sign']>[0]
  } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: client.clientId,
    sub: client.clientId,
    aud: world.issuer,
    iat: now,
    exp: now + 60,
    jti: randomUUID(),
    ...change.claims,
  }
  const said = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  const header = { alg: 'RS256', kid: 'test', typ: 'client-authentication+jwt', ...change.header }
  return new SignJWT(said)
    .setProtectedHeader(Object.fromEntries(Object.entries(header).filter(([, value]) => value !== undefined)) as typeof header)
    .sign(change.key ?? createPrivateKey(client.privateKey ?? ''))
}
