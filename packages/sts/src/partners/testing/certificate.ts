/** Certificates of servers that exist in tests only. */
// @peculiar/x509 finds its parts through it and must load after it.
import 'reflect-metadata'
import { createHash, KeyObject, sign, webcrypto } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import type { MetadataDocument } from '@postern/resource-server'

export interface TestCertificate {
  readonly x5t: string
  /** DER. */
  readonly certificate: Uint8Array
}

/** One with its key. */
export interface TestKey extends TestCertificate {
  /** An assertion of `clientId` for `audience`, good for five minutes from `at`. RSA keys only. */
  readonly assertion: (of: { clientId: string; realm: string; audience: string; at: Date }) => string
}

const algorithms = {
  'RSA-2048': {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  'RSA-1024': {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

export async function makeCertificate(options: {
  notBefore: Date
  notAfter: Date
  algorithm?: keyof typeof algorithms
}): Promise<TestKey> {
  const algorithm = algorithms[options.algorithm ?? 'RSA-2048']
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair // all make pairs
  const { notBefore, notAfter } = options
  const made = await X509CertificateGenerator.createSelfSigned(
    { name: [{ CN: ['partner.test'] }], notBefore, notAfter, keys, signingAlgorithm: algorithm },
    webcrypto,
  )
  const certificate = new Uint8Array(made.rawData)
  const x5t = createHash('sha1').update(certificate).digest('base64url')
  const privateKey = KeyObject.from(keys.privateKey)
  const encode = (members: unknown): string => Buffer.from(JSON.stringify(members)).toString('base64url')
  return Object.freeze({
    certificate,
    x5t,
    assertion({ clientId, realm, audience: aud, at }: Parameters<TestKey['assertion']>[0]) {
      const [iss, nbf] = [`${clientId}@${realm}`, Math.floor(at.getTime() / 1000)]
      const input = `${encode({ alg: 'RS256', typ: 'JWT', x5t })}.${encode({ aud, iss, nbf, exp: nbf + 300 })}`
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
    },
  })
}

/** What a partner publishes of itself. */
export const documentOf = (
  partner: { clientId: string; realm: string },
  keys: readonly TestCertificate[],
  change: Partial<MetadataDocument> = {},
): MetadataDocument => ({
  realm: partner.realm,
  serviceName: partner.clientId,
  issuer: `${partner.clientId}@${partner.realm}`,
  allowedAudiences: [`${partner.clientId}@${partner.realm}`],
  keys,
  endpoints: [],
  ...change,
})
