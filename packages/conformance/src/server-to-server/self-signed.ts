/** Certificates of nobody, written as DER by hand: node:crypto makes keys, and no certificates. For tests of others only. */
import { createHash, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'

export interface SelfSigned {
  /** The certificate, DER. */
  readonly der: Buffer
  readonly key: KeyObject
  /** SHA-1 over the DER, base64url: how assertions name it. */
  readonly x5t: string
}

/** X.690 section 8.1: tag, length, contents. Contents as hex or bytes, at most 65 535 of them. */
function element(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(contents.map((one) => (typeof one === 'string' ? Buffer.from(one, 'hex') : one)))
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size % 0x100]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const SEQUENCE = 0x30
const COMMON_NAME = '0603550403'
const RSA_WITH_SHA256 = element(SEQUENCE, '06092a864886f70d01010b', '0500')
const utcTime = (text: string): Buffer => element(0x17, Buffer.from(text))

const generate = promisify(generateKeyPair)

/** When a certificate is good until, in the form of UTCTime. */
const FAR = '491231000000Z'

/** A certificate for an RSA key (RFC 5280 section 4.1, version 1: without extensions), good from 2020 to `until` in UTCTime. */
export function certify(commonName: string, key: KeyObject, until = FAR): SelfSigned {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const name = element(SEQUENCE, element(0x31, element(SEQUENCE, COMMON_NAME, element(0x0c, Buffer.from(commonName)))))
  const validity = element(SEQUENCE, utcTime('200101000000Z'), utcTime(until))
  const body = element(SEQUENCE, element(0x02, '01'), RSA_WITH_SHA256, name, validity, name, publicKey)
  const der = element(SEQUENCE, body, RSA_WITH_SHA256, element(0x03, '00', sign('sha256', body, key)))
  return Object.freeze({ der, key, x5t: thumbprintOf(der) })
}

/** Makes an RSA key of 2048 bits and a certificate for it. */
export async function makeSelfSigned(commonName: string, until = FAR): Promise<SelfSigned> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 })
  return certify(commonName, privateKey, until)
}

let nobody: Promise<SelfSigned> | undefined
/** One certificate that nobody has registered, made when it is first needed. */
export function findNobody(): Promise<SelfSigned> {
  nobody ??= makeSelfSigned('nobody.invalid')
  return nobody
}

/** RFC 7515 section 4.1.7, without padding. */
export const thumbprintOf = (certificate: Uint8Array): string => createHash('sha1').update(certificate).digest('base64url')
