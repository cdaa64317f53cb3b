/** What the breakable issuer knows and remembers: clients, people, sessions, codes and tokens, all in memory. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { OpenIdFault } from './faults.ts'

export interface IssuerClient {
  readonly id: string
  readonly secret?: string
  readonly method: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri?: string
  readonly keys?: unknown
  readonly keysUri?: string
  readonly idTokenAlgorithm: string
  readonly userinfoAlgorithm?: string
  readonly requestObjectAlgorithm?: string
  readonly requestUris?: readonly string[]
  readonly name: string
  readonly about: Readonly<Record<string, string>>
}

export interface IssuerSession {
  readonly sid: string
  readonly sub: string
  readonly authTime: number
  readonly clients: Set<string>
}

export interface Grant {
  readonly clientId: string
  readonly redirectUri: string
  readonly sub: string
  readonly scope: readonly string[]
  readonly nonce: string | undefined
  readonly authTime: number
  readonly sid: string
  readonly acr: string | undefined
  readonly challenge: string | undefined
  readonly idTokenClaims: readonly string[]
  readonly userinfoClaims: readonly string[]
  readonly wantsAuthTime: boolean
  isRevoked: boolean
}

export interface World {
  readonly issuer: string
  readonly has: (fault: OpenIdFault) => boolean
  readonly now: () => number
  readonly options: WorldOptions
  readonly clients: Map<string, IssuerClient>
  readonly sessions: Map<string, IssuerSession>
  readonly pending: Map<string, { readonly parameters: URLSearchParams; readonly isFresh: boolean; readonly hasConsent: boolean }>
  readonly codes: Map<string, { readonly grant: Grant; uses: number }>
  readonly accessTokens: Map<string, Grant>
  readonly refreshTokens: Map<string, { readonly grant: Grant; isUsed: boolean }>
  /** By `registration_access_token`. */
  readonly registrations: Map<string, string>
}

export interface WorldOptions {
  readonly clock: () => Date
  /** Default: answers request objects. */
  readonly followsRequestObjects?: boolean
  /** Default: registers clients. */
  readonly registers?: boolean
  /** Default: fetches keys and sectors from addresses of clients, and keeps what else they say about themselves. */
  readonly looksClientsUp?: boolean
  /** Default: gives claims of profile, email, address and phone. */
  readonly knowsScopes?: boolean
  readonly backchannelLogoutUri?: string
}

export const PERSON = { username: 'mary', password: 'a-password-for-tests', sub: 'person-1' }
export const OTHER_PERSON = { username: 'joe', password: 'another-password', sub: 'person-2' }

export const PROFILE: Readonly<Record<string, unknown>> = {
  name: 'Mary Rivera',
  family_name: 'Rivera',
  given_name: 'Mary',
  middle_name: 'Ann',
  nickname: 'may',
  preferred_username: 'mary',
  profile: 'https://people.example/mary',
  picture: 'https://people.example/mary.png',
  website: 'https://mary.example/',
  gender: 'female',
  birthdate: '0000-10-31',
  zoneinfo: 'Europe/Berlin',
  locale: 'de-DE',
  updated_at: 1_700_000_000,
}

export const CLAIMS_OF_SCOPE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  profile: PROFILE,
  email: { email: 'mary@contoso.example', email_verified: true },
  address: { address: { formatted: '1 Main Street', country: 'DE' } },
  phone: { phone_number: '+49 30 1234567', phone_number_verified: false },
}

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
let pairs: ReturnType<typeof makeKeys> | undefined
const makeKeys = () => ({
  signing: rsa(),
  stranger: rsa(),
  client: rsa(),
  curve: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
})
/** One set of keys for all issuers of a process: making them costs more than everything else. */
export const issuerKeys = (): ReturnType<typeof makeKeys> => {
  pairs ??= makeKeys()
  return pairs
}

export const KEYED_KEY_ID = 'client-key'
const RETURN = 'https://web.example/callback'

function knownClients(options: WorldOptions): IssuerClient[] {
  const base = { postLogoutRedirectUris: [], idTokenAlgorithm: 'RS256', about: {} }
  const keys = { keys: [{ ...issuerKeys().client.publicKey.export({ format: 'jwk' }), kid: KEYED_KEY_ID, alg: 'RS256' }] }
  return [
    {
      ...base,
      id: 'web',
      name: 'Web Mail',
      secret: 'secret-of-web',
      method: 'client_secret_basic',
      redirectUris: [RETURN],
      postLogoutRedirectUris: ['https://web.example/bye'],
      ...(options.backchannelLogoutUri !== undefined && { backchannelLogoutUri: options.backchannelLogoutUri }),
    },
    {
      ...base,
      id: 'second',
      name: 'Calendar',
      secret: 'secret-of-second',
      method: 'client_secret_post',
      redirectUris: ['https://second.example/callback'],
    },
    { ...base, id: 'native', name: 'Desktop Mail', method: 'none', redirectUris: ['http://127.0.0.1/callback'] },
    { ...base, id: 'keyed', name: 'Robot', method: 'private_key_jwt', keys, redirectUris: ['https://keyed.example/callback'] },
  ]
}

/** What the kit is told of these clients. */
export function clientsForTarget(options: { readonly backchannelLogoutUri?: string } = {}) {
  const privateKey = issuerKeys().client.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    public: { clientId: 'native', redirectUri: 'http://127.0.0.1/callback' },
    confidential: {
      clientId: 'web',
      redirectUri: RETURN,
      secret: 'secret-of-web',
      authentication: 'client_secret_basic' as const,
      postLogoutRedirectUri: 'https://web.example/bye',
      scope: 'openid profile email address phone offline_access',
      ...options,
    },
    second: {
      clientId: 'second',
      redirectUri: 'https://second.example/callback',
      secret: 'secret-of-second',
      authentication: 'client_secret_post' as const,
    },
    keyed: { clientId: 'keyed', redirectUri: 'https://keyed.example/callback', privateKey, keyId: KEYED_KEY_ID },
  }
}

export function createWorld(issuer: string, faults: readonly OpenIdFault[], options: WorldOptions): World {
  const set = new Set(faults)
  return {
    issuer,
    has: (fault) => set.has(fault),
    now: () => Math.floor(options.clock().getTime() / 1000),
    options,
    clients: new Map(knownClients(options).map((one) => [one.id, one])),
    sessions: new Map(),
    pending: new Map(),
    codes: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    registrations: new Map(),
  }
}

export const newSecret = (): string => randomBytes(18).toString('base64url')
export const newId = (): string => randomUUID()
