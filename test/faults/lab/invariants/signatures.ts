import { verify, X509Certificate } from 'node:crypto'

/** Of a JWT, unverified; empty where it is none. */
export function headerOf(jwt: unknown): Readonly<Record<string, unknown>> {
  if (typeof jwt !== 'string') return {}
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Whether the key of the certificate made the signature: RS256 or ES256. */
export function isSignedBy(jwt: string, certificate: string): boolean {
  const at = jwt.lastIndexOf('.')
  const signed = Buffer.from(jwt.slice(0, at))
  const signature = Buffer.from(jwt.slice(at + 1), 'base64url')
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'))
  return publicKey.asymmetricKeyType === 'ec'
    ? verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
    : verify('sha256', signed, publicKey, signature)
}
