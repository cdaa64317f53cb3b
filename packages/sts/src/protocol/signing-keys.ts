/**
 * signing-keys makes a realm's signing keys and decides what each of them is for at a given moment.
 *
 * It owns the life cycle (announce, sign, retire, remove), the self-signed certificate and the JWK forms. It keeps
 * nothing: `storage` does, sealed. It signs nothing: oidc-provider and our grants do.
 * @module
 */
import { createHash, createPrivateKey, createPublicKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import type { SigningKey } from '@postern/storage'
import type { JWK } from 'jose'

export type SigningAlgorithm = SigningKey['algorithm']

/** No access or ID token may live longer, in seconds; so a retired key is published this long after it signed last. */
export const longestTokenSeconds = 86_400

/** How long a certificate says it is good for. The key's life is told by the database, not by this date. */
const certificateYears = 10

const generation = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

/** The base64url SHA-1 thumbprint of a DER certificate: `x5t` of RFC 7517 section 4.8. */
export const thumbprintOf = (certificate: Uint8Array): string => createHash('sha1').update(certificate).digest('base64url')

/**
 * Makes a key pair with a self-signed certificate. The `kid` is the certificate's SHA-1 thumbprint, because Exchange
 * looks keys up by `x5t` and nothing else. `random` feeds the serial number only; keys come from the platform's generator.
 */
export async function createSigningKey(wanted: {
  algorithm: SigningAlgorithm
  /** Common name of the certificate, e.g. the realm's primary domain: 1-64 letters, digits, dots and hyphens. */
  commonName: string
  /** When it is announced. */
  now: Date
  /** Default: at once. */
  signsFrom?: Date
  random?: (bytes: number) => Uint8Array
}): Promise<SigningKey> {
  // RFC 5280 allows 64 characters; others than these the certificate library reads as syntax.
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(wanted.commonName))
    throw new TypeError('A common name has 1-64 letters, digits, dots and hyphens')
  // Needed when a key is made and never besides. @peculiar/x509 finds its parts through reflect-metadata and must load after it.
  await import('reflect-metadata')
  const {
    BasicConstraintsExtension,
    KeyUsageFlags,
    KeyUsagesExtension,
    SubjectKeyIdentifierExtension,
    X509CertificateGenerator,
  } = await import('@peculiar/x509')
  const keys = (await webcrypto.subtle.generateKey(generation[wanted.algorithm], true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair // both algorithms make pairs
  const notAfter = new Date(wanted.now)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + certificateYears)
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [wanted.commonName] }],
      serialNumber: serialNumberFrom((wanted.random ?? randomBytes)(16)),
      // An hour early, for validators whose clock is behind.
      notBefore: new Date(wanted.now.getTime() - 3_600_000),
      notAfter,
      keys,
      signingAlgorithm: generation[wanted.algorithm],
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  const certificate = new Uint8Array(made.rawData)
  return Object.freeze({
    kid: thumbprintOf(certificate),
    algorithm: wanted.algorithm,
    privateKey: new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    certificate,
    announcedAt: wanted.now,
    signsFrom: wanted.signsFrom ?? wanted.now,
  })
}

/** Positive and not zero, as RFC 5280 section 4.1.2.2 wants it. */
function serialNumberFrom(bytes: Uint8Array): string {
  const serial = Buffer.from(bytes)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial.toString('hex')
}

export type KeyStage = 'announced' | 'signing' | 'standby' | 'retired' | 'removed'

/** What a realm's keys are for at one moment. */
export interface KeyUse {
  /** The key that signs now, for each algorithm that has one. */
  readonly signing: Readonly<Partial<Record<SigningAlgorithm, SigningKey>>>
  /** What the JWKS shows, in order: those that sign, those announced, those retired while their tokens may live. */
  readonly published: readonly SigningKey[]
  /** What our own endpoints accept: `published` and the keys that may have signed a living refresh token. */
  readonly verifying: readonly SigningKey[]
}

/**
 * Pure. A key signs from `signsFrom` until `retiresAt`; of several, the newest. A retired key stays in the JWKS for
 * `tokenSeconds` and is accepted by ourselves until `removedAt`. A withdrawn key (`removedAt` in the past) is gone at once.
 */
export function decideKeyUse(keys: readonly SigningKey[], now: Date, options: { tokenSeconds?: number } = {}): KeyUse {
  const tokenMilliseconds = (options.tokenSeconds ?? longestTokenSeconds) * 1000
  const verifying = keys
    .filter((key) => key.announcedAt <= now && !(key.removedAt !== undefined && key.removedAt <= now))
    .toSorted(newestFirst)
  const signing: Partial<Record<SigningAlgorithm, SigningKey>> = {}
  for (const key of verifying) if (canSign(key, now)) signing[key.algorithm] ??= key
  const published = verifying
    .filter((key) => key.retiresAt === undefined || now.getTime() < key.retiresAt.getTime() + tokenMilliseconds)
    .toSorted((a, b) => rank(a, signing, now) - rank(b, signing, now))
  return Object.freeze({
    signing: Object.freeze(signing),
    published: Object.freeze(published),
    verifying: Object.freeze(verifying),
  })
}

/** Where a key is in its life. `standby`: it could sign, but a newer one of its algorithm does. */
export function stageOf(key: SigningKey, keys: readonly SigningKey[], now: Date): KeyStage {
  if (key.removedAt !== undefined && key.removedAt <= now) return 'removed'
  if (key.retiresAt !== undefined && key.retiresAt <= now) return 'retired'
  if (key.signsFrom > now) return 'announced'
  return decideKeyUse(keys, now).signing[key.algorithm]?.kid === key.kid ? 'signing' : 'standby'
}

const canSign = (key: SigningKey, now: Date): boolean =>
  key.signsFrom <= now && (key.retiresAt === undefined || key.retiresAt > now)

const newestFirst = (a: SigningKey, b: SigningKey): number =>
  b.signsFrom.getTime() - a.signsFrom.getTime() || (a.kid < b.kid ? -1 : 1)

function rank(key: SigningKey, signing: KeyUse['signing'], now: Date): number {
  if (signing[key.algorithm] === key) return key.algorithm === 'RS256' ? 0 : 1
  if (key.signsFrom > now) return 2
  return canSign(key, now) ? 3 : 4
}

export type RotationPlan =
  | {
      readonly outcome: 'planned'
      readonly announcedAt: Date
      readonly signsFrom: Date
      /** Older keys of the algorithm, and when their parts end. */
      readonly retire: readonly { readonly kid: string; readonly retiresAt: Date; readonly removedAt: Date }[]
    }
  | { readonly outcome: 'announced-already'; readonly kid: string; readonly signsFrom: Date }

/**
 * Pure. The next key is announced now and signs after `announceSeconds`, so that every cache has it before the first
 * token does (RFC 9700 and OpenID Connect Core section 10.1.1 leave the time to us); then the present key retires, and it
 * is removed `refreshSeconds` later, when no refresh token that it signed can still live. Where no key signs, the next
 * one signs at once. A rotation that is under way is not begun a second time.
 */
export function planRotation(
  keys: readonly SigningKey[],
  now: Date,
  options: { algorithm: SigningAlgorithm; announceSeconds: number; refreshSeconds: number },
): RotationPlan {
  const living = keys.filter(
    (key) =>
      key.algorithm === options.algorithm &&
      (key.retiresAt === undefined || key.retiresAt > now) &&
      (key.removedAt === undefined || key.removedAt > now),
  )
  const coming = living.find((key) => key.signsFrom > now)
  if (coming !== undefined) return Object.freeze({ outcome: 'announced-already', kid: coming.kid, signsFrom: coming.signsFrom })
  const signsFrom = living.length === 0 ? now : new Date(now.getTime() + options.announceSeconds * 1000)
  const removedAt = new Date(signsFrom.getTime() + Math.max(options.refreshSeconds, longestTokenSeconds) * 1000)
  const retire = living.map((key) => Object.freeze({ kid: key.kid, retiresAt: signsFrom, removedAt }))
  return Object.freeze({ outcome: 'planned', announcedAt: now, signsFrom, retire: Object.freeze(retire) })
}

/** The public JWK for the JWKS, with certificate (`x5c`, `x5t`), RFC 7517 section 4. */
export function toPublicJwk(key: SigningKey): JWK {
  return Object.freeze({ ...(createPublicKey(certificateKey(key)).export({ format: 'jwk' }) as JWK), ...members(key) })
}

/** The private JWK as oidc-provider takes it. Never leaves the process. */
export function toPrivateJwk(key: SigningKey): JWK {
  const privateKey = createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' })
  return Object.freeze({ ...(privateKey.export({ format: 'jwk' }) as JWK), ...members(key) })
}

/** The certificate as PEM text, e.g. for an Exchange server that trusts it by hand. */
export const toCertificatePem = (key: SigningKey): string => new X509Certificate(key.certificate).toString()

const certificateKey = (key: SigningKey) => new X509Certificate(key.certificate).publicKey.export({ format: 'pem', type: 'spki' })

const members = (key: SigningKey) => ({
  kid: key.kid,
  alg: key.algorithm,
  use: 'sig',
  x5t: thumbprintOf(key.certificate),
  'x5t#S256': createHash('sha256').update(key.certificate).digest('base64url'),
  x5c: [Buffer.from(key.certificate).toString('base64')],
})
