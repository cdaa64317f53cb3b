/** Self-signed certificates for tests, written as DER by hand: Node makes keys, and no certificates. */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'

export type SelfSigned = Readonly<{ certificate: string; privateKey: string; key: KeyObject; x5t: string; der: Buffer }>

function der(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(contents.map((one) => (typeof one === 'string' ? Buffer.from(one, 'hex') : one)))
  const long = body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...(body.length < 0x80 ? [body.length] : long)]), body])
}

const sequence = (...contents: readonly (Buffer | string)[]): Buffer => der(0x30, ...contents)
const sha256WithRsa = sequence('06092a864886f70d01010b0500')
const utcTime = (time: Date): Buffer => der(0x17, Buffer.from(`${time.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))

/** A certificate and its key (RFC 5280 section 4.1, version 1: no extensions). Valid from 2020 to 2049 unless said otherwise. */
export function makeSelfSigned(
  commonName: string,
  options: { notBefore?: Date; notAfter?: Date; bits?: number } = {},
): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: options.bits ?? 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const key = createPrivateKey(privateKey)
  const name = sequence(der(0x31, sequence('0603550403', der(0x0c, Buffer.from(commonName)))))
  const validity = sequence(
    utcTime(options.notBefore ?? new Date('2020-01-01')),
    utcTime(options.notAfter ?? new Date('2049-01-01')),
  )
  const serial = der(0x02, '01')
  const signed = sequence(serial, sha256WithRsa, name, validity, name, publicKey)
  const whole = sequence(signed, sha256WithRsa, der(0x03, '00', sign('sha256', signed, key)))
  const certificate = new X509Certificate(whole).toString()
  return Object.freeze({
    certificate,
    privateKey,
    key,
    x5t: createHash('sha1').update(whole).digest('base64url'),
    der: whole,
  })
}
