/**
 * soft-authenticator is an authenticator and its browser in one, for tests: it answers options as Web Authentication Level 3
 * says, and lies wherever it is told to. Chromium's virtual authenticator cannot lie about client data or algorithms.
 * @module
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { type Cbor, encodeCbor, join } from './cbor.ts'

type Options = Readonly<Record<string, unknown>>

/** Bits of authenticator data (section 6.1). */
export const flag = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 } as const

/** What it lies about. Everything that is absent is as it should be. */
export interface Lies {
  readonly type?: string
  readonly challenge?: string
  readonly origin?: string
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  readonly rpId?: string
  readonly flags?: number
  readonly counter?: number
  readonly userHandle?: string | null
  /** Of registrations. */
  readonly credentialId?: Uint8Array
  /** In the outer JSON, where it should be the same. */
  readonly claimedId?: Uint8Array
  readonly format?: string
  readonly certificates?: boolean
  /** Something to change in the key that is registered. */
  readonly coseKey?: (key: Map<number, Cbor>) => Map<number, Cbor>
  /** Breaks the signature. */
  readonly signature?: Uint8Array
  /** Put into the JSON beside what belongs there. */
  readonly beside?: Readonly<Record<string, unknown>>
}

type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'ES384' | 'RS256-1024'

interface SoftAuthenticatorOptions {
  readonly origin: string
  readonly algorithm?: Algorithm
  /** It may be synced. Default false. */
  readonly isSyncable?: boolean
  readonly verifiesUser?: boolean
  /** How far the counter goes with each use; 0: it does not count. */
  readonly counts?: number
}

export interface SoftAuthenticator {
  readonly credentialId: Uint8Array
  /** The text that the browser sends. */
  create(options: Options, lies?: Lies): string
  get(options: Options, lies?: Lies): string
}

export function createSoftAuthenticator(made: SoftAuthenticatorOptions): SoftAuthenticator {
  const { origin, algorithm = 'ES256', isSyncable = false, verifiesUser = true, counts = 1 } = made
  const { cose, privateKey } = newKey(algorithm)
  const credentialId = new Uint8Array(randomBytes(32))
  const usual = flag.present | (verifiesUser ? flag.verified : 0) | (isSyncable ? flag.eligible | flag.backedUp : 0)
  let counter = 0
  let userHandle: string | undefined

  const clientData = (type: string, options: Options, lies: Lies): Uint8Array =>
    new Uint8Array(
      Buffer.from(
        JSON.stringify({
          type: lies.type ?? type,
          challenge: lies.challenge ?? options.challenge,
          origin: lies.origin ?? origin,
          crossOrigin: lies.crossOrigin ?? false,
          ...(lies.topOrigin === undefined ? {} : { topOrigin: lies.topOrigin }),
        }),
      ),
    )

  const data = (rpId: string, flags: number, attested: Uint8Array = new Uint8Array(), lies: Lies = {}): Uint8Array => {
    counter += counts
    const count = Buffer.alloc(4)
    count.writeUInt32BE(lies.counter ?? counter)
    return join(sha256(Buffer.from(lies.rpId ?? rpId)), Uint8Array.of(lies.flags ?? flags), count, attested)
  }

  const signed = (authData: Uint8Array, client: Uint8Array): Uint8Array =>
    new Uint8Array(sign(algorithm === 'EdDSA' ? null : digestOf[algorithm], join(authData, sha256(client)), privateKey))

  return {
    credentialId,
    create(options, lies = {}) {
      const { rp, user } = options as { rp: { id: string }; user: { id: string } } // what options for creation hold
      userHandle = user.id
      const client = clientData('webauthn.create', options, lies)
      const id = lies.credentialId ?? credentialId
      const key = encodeCbor(lies.coseKey?.(new Map(cose)) ?? cose)
      const attested = join(new Uint8Array(16), Uint8Array.of(id.length >> 8, id.length & 0xff), id, key)
      const authData = data(rp.id, usual | flag.attested, attested, {
        ...lies,
        ...(lies.flags === undefined ? {} : { flags: lies.flags | flag.attested }),
      })
      const format = lies.format ?? 'none'
      const self = new Map<string, Cbor>([
        ['alg', cose.get(3) ?? 0],
        ['sig', lies.signature ?? signed(authData, client)],
      ])
      if (lies.certificates === true) self.set('x5c', new Uint8Array(8))
      const attestationObject = encodeCbor(
        new Map<string, Cbor>([
          ['fmt', format],
          ['attStmt', format === 'none' ? new Map() : self],
          ['authData', authData],
        ]),
      )
      return textOf(lies.claimedId ?? id, lies.beside, {
        clientDataJSON: base64url(client),
        attestationObject: base64url(attestationObject),
        transports: ['internal', 'teleport'],
      })
    },
    get(options, lies = {}) {
      const client = clientData('webauthn.get', options, lies)
      const authData = data(String(options.rpId), usual, undefined, lies)
      const handle = lies.userHandle === undefined ? userHandle : lies.userHandle
      return textOf(lies.claimedId ?? credentialId, lies.beside, {
        clientDataJSON: base64url(client),
        authenticatorData: base64url(authData),
        signature: base64url(lies.signature ?? signed(authData, client)),
        ...(handle === null || handle === undefined ? {} : { userHandle: handle }),
      })
    },
  }
}

const digestOf = { ES256: 'sha256', RS256: 'sha256', 'RS256-1024': 'sha256', ES384: 'sha384' } as const

function newKey(algorithm: Algorithm): { cose: Map<number, Cbor>; privateKey: KeyObject } {
  const { publicKey, privateKey } = pairOf(algorithm)
  const { x, y, n, e } = publicKey.export({ format: 'jwk' })
  const bytes = (value: string | undefined): Uint8Array => new Uint8Array(Buffer.from(value ?? '', 'base64url'))
  const entries: Record<Algorithm, readonly (readonly [number, Cbor])[]> = {
    ES256: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    ES384: [
      [1, 2],
      [3, -35],
      [-1, 2],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    EdDSA: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ],
    RS256: [
      [1, 3],
      [3, -257],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
    'RS256-1024': [
      [1, 3],
      [3, -257],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
  }
  return { cose: new Map(entries[algorithm]), privateKey }
}

function pairOf(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'RS256-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 })
    default:
      return generateKeyPairSync('ec', { namedCurve: algorithm === 'ES384' ? 'P-384' : 'P-256' })
  }
}

const textOf = (id: Uint8Array, beside: Readonly<Record<string, unknown>> | undefined, response: object): string =>
  JSON.stringify({ id: base64url(id), rawId: base64url(id), type: 'public-key', response, clientExtensionResults: {}, ...beside })

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
