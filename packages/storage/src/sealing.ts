/**
 * sealing keeps what the database holds from being used by whoever reads the database.
 *
 * It owns the keys made from the master key, sealed values (secrets that we must read again) and look-up hashes (secrets
 * that are only compared). It does not know tables beyond their names, nor where the master key comes from.
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { SealingError } from './errors.ts'

/** What a sealed value is; each purpose has its own key. */
export type SealingPurpose = 'artifact' | 'refresh-token' | 'authenticator' | 'signing-key' | 'outgoing-mail' | 'mail-server'

/** The row that a sealed value belongs to. It opens nowhere else. */
export interface SealedRow {
  readonly table: string
  readonly realmId: string
  readonly id: string
}

export interface Sealer {
  seal(purpose: SealingPurpose, row: SealedRow, clear: Uint8Array): Uint8Array
  /** @throws {SealingError} */
  open(purpose: SealingPurpose, row: SealedRow, sealed: Uint8Array): Uint8Array
  /** JSON in, JSON out: what `JSON.stringify` keeps comes back. */
  sealJson(purpose: SealingPurpose, row: SealedRow, value: Readonly<Record<string, unknown>>): Uint8Array
  /** @throws {SealingError} */
  openJson(purpose: SealingPurpose, row: SealedRow, sealed: Uint8Array): Readonly<Record<string, unknown>>
  /** HMAC-SHA-256 of a value that is only looked up by. Differs by realm and by what the value is. */
  lookup(what: string, realmId: string, ...values: readonly string[]): Uint8Array
}

/** version (1) | key id (4) | nonce (12) | ciphertext | tag (16) */
const version = 1
const header = 17
const tagLength = 16

const derive = (masterKey: Uint8Array, info: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `postern/storage/${info}`, length))

/** Node reads the bytes of a key anew at each use, and the inside of a KeyObject once. */
const keyFor = (masterKey: Uint8Array, info: string): KeyObject => createSecretKey(derive(masterKey, info, 32))

/** Tells two master keys apart, and nothing about either. */
export const fingerprintOf = (masterKey: Uint8Array): Uint8Array => derive(masterKey, 'fingerprint', 32)

/** Joined so that no two lists of parts give one text. */
const joined = (parts: readonly string[]): Buffer => Buffer.from(JSON.stringify(parts))

/**
 * AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D), keys by HKDF-SHA-256 (RFC 5869), one a purpose.
 *
 * A random nonce is good for 2^32 values under one key; change the master key before. Checks that a value is unchanged
 * and belongs to the row that it is read from. Does NOT notice that an older value of the same row was put back.
 */
export function createSealer(masterKey: Uint8Array): Sealer {
  if (masterKey.length !== 32) throw new TypeError('The master key must be 32 bytes')
  const keyId = derive(masterKey, 'key-id', 4)
  const lookupKey = keyFor(masterKey, 'lookup')
  const keys: Readonly<Record<SealingPurpose, KeyObject>> = {
    artifact: keyFor(masterKey, 'seal/artifact'),
    'refresh-token': keyFor(masterKey, 'seal/refresh-token'),
    authenticator: keyFor(masterKey, 'seal/authenticator'),
    'signing-key': keyFor(masterKey, 'seal/signing-key'),
    'outgoing-mail': keyFor(masterKey, 'seal/outgoing-mail'),
    'mail-server': keyFor(masterKey, 'seal/mail-server'),
  }
  const boundTo = (purpose: SealingPurpose, row: SealedRow) => joined([purpose, row.table, row.realmId, row.id])

  const seal: Sealer['seal'] = (purpose, row, clear) => {
    const nonce = randomBytes(12)
    const head = Buffer.concat([Buffer.of(version), keyId, nonce])
    const cipher = createCipheriv('aes-256-gcm', keys[purpose], nonce, { authTagLength: tagLength })
    cipher.setAAD(Buffer.concat([head, boundTo(purpose, row)]))
    return Buffer.concat([head, cipher.update(clear), cipher.final(), cipher.getAuthTag()])
  }

  const open: Sealer['open'] = (purpose, row, sealed) => {
    const value = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    if (value.length < header + tagLength || value[0] !== version) throw new SealingError('malformed', row.table)
    if (!value.subarray(1, 5).equals(keyId)) throw new SealingError('unknown_key', row.table)
    const decipher = createDecipheriv('aes-256-gcm', keys[purpose], value.subarray(5, header), { authTagLength: tagLength })
    decipher.setAAD(Buffer.concat([value.subarray(0, header), boundTo(purpose, row)]))
    decipher.setAuthTag(value.subarray(-tagLength))
    try {
      const clear = Buffer.concat([decipher.update(value.subarray(header, -tagLength)), decipher.final()])
      return new Uint8Array(clear)
    } catch (cause) {
      throw new SealingError('not_authentic', row.table, { cause })
    }
  }

  return Object.freeze({
    seal,
    open,
    sealJson: (purpose, row, value) => seal(purpose, row, Buffer.from(JSON.stringify(value))),
    openJson: (purpose, row, sealed) => JSON.parse(Buffer.from(open(purpose, row, sealed)).toString()) as Record<string, unknown>, // sealJson takes objects alone
    lookup: (what, realmId, ...values) =>
      createHmac('sha256', lookupKey)
        .update(joined([what, realmId, ...values]))
        .digest(),
  } satisfies Sealer)
}
