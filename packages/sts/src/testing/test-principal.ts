/** A server with a certificate of its own, registered in the realm of a test. */
import { createHash, createPrivateKey, type KeyObject, randomUUID, sign, X509Certificate } from 'node:crypto'
import { formatPrincipal } from '@postern/resource-server'
import type { Client, ClientId, RealmId, RealmStore, ResourceId } from '@postern/storage'
import { readPublicKey } from '../admin/public-key.ts'
import type { Clock } from '../clock.ts'
import { actorGrantTypes } from '../protocol/grants/s2s.ts'
import { createSigningKey, toCertificatePem } from '../protocol/signing-keys.ts'

export interface TestPrincipal {
  readonly clientId: string
  readonly realm: string
  /** PEM. */
  readonly certificate: string
  /** PKCS #8 PEM. */
  readonly privateKey: string
  readonly x5t: string
  /** Signs whatever it is given, in the form of F 1.5. */
  readonly sign: (claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>) => string
  /** A right assertion for `audience`, of five minutes, with members replaced or (by `undefined`) left out. */
  readonly assertion: (audience: string, change?: Readonly<Record<string, unknown>>) => string
}

export interface TestPrincipalOptions {
  readonly kept: RealmStore
  readonly clock: Clock
  readonly realm: RealmId
  readonly clientId?: string
  /** Resources that it may ask for, with their scopes. */
  readonly access?: Client['access']
  /** Resources at which it may act for people. */
  readonly delegations?: readonly { readonly resourceId: ResourceId; readonly scopes: readonly string[] }[]
  readonly grantTypes?: readonly string[]
}

const exchangeGrants = [
  ...actorGrantTypes,
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'client_credentials',
  'refresh_token',
]

export async function addTestPrincipal(options: TestPrincipalOptions): Promise<TestPrincipal> {
  const { kept, clock, realm } = options
  const clientId = (options.clientId ?? randomUUID()) as ClientId // a brand has no runtime part
  const now = clock()
  await kept.clients.add({
    id: clientId,
    displayName: 'Partner server',
    status: 'active',
    authenticationMethod: 'private_key_jwt',
    applicationType: 'web',
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes: options.grantTypes ?? exchangeGrants,
    pkce: 'required',
    consent: 'implicit',
    dpopBoundAccessTokens: false,
    pushedAuthorizationRequired: false,
    access: options.access ?? [],
    createdAt: now,
    updatedAt: now,
  })
  const key = await createSigningKey({ algorithm: 'RS256', commonName: 'partner.test', now })
  const certificate = toCertificatePem(key)
  const credential = { id: randomUUID(), clientId, kind: 'key', createdAt: now, ...readPublicKey(certificate) } as const
  if ((await kept.clients.addCredential(credential)) !== 'added') throw new TypeError('the test certificate was refused')
  for (const { resourceId, scopes } of options.delegations ?? [])
    await kept.delegations.grant({ clientId, resourceId, scopes, exceptGroups: ['administrators'], createdAt: now })
  const privateKey = createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' })
  const x5t = createHash('sha1').update(new X509Certificate(certificate).raw).digest('base64url')
  const signed: TestPrincipal['sign'] = (claims, header) =>
    signCompact({ alg: 'RS256', typ: 'JWT', x5t, ...header }, claims, privateKey)
  return Object.freeze({
    clientId,
    realm,
    certificate,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    x5t,
    sign: signed,
    assertion: (audience: string, change: Readonly<Record<string, unknown>> = {}) => {
      const at = Math.floor(clock().getTime() / 1000)
      const name = formatPrincipal({ clientId, realm })
      return signed({ aud: audience, iss: name, nameid: name, nbf: at, exp: at + 300, jti: randomUUID(), ...change })
    },
  })
}

/** Members that are `undefined` are left out by JSON itself. */
function signCompact(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  key: KeyObject,
): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}
