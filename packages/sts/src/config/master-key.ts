import { hkdfSync } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from './errors.ts'
import type { Config } from './parse.ts'

const keyBytes = 32

/**
 * The 32 bytes of the master key. Checks length, form, the mode of the file (nobody but its owner may read it), and that
 * the bytes are not a pattern that everybody knows. Does NOT check that it is the key the database was sealed under.
 * @throws {ConfigError} `master_key_missing`, `master_key_exposed`, `master_key_invalid`
 */
export async function loadMasterKey(config: Pick<Config, 'masterKey'>): Promise<Uint8Array> {
  if (config.masterKey.kind === 'value') return parseMasterKey(config.masterKey.base64.reveal(), 'POSTERN_MASTER_KEY')
  const { path } = config.masterKey
  const file = await openMasterKey(path)
  try {
    const { mode } = await file.stat()
    // The mode of the opened file, not of the path: the path could change in between.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new ConfigError('master_key_exposed', `Others may read the master key ${path}. Run: chmod 600 ${path}`)
    }
    return parseMasterKey(await file.readFile('utf8'), path)
  } finally {
    await file.close()
  }
}

/**
 * Makes the key's file, mode 0600, complete or not at all, and returns the key. Never replaces one.
 * @throws {ConfigError} `master_key_exists`
 */
export async function makeMasterKey(path: string, random: (bytes: number) => Uint8Array): Promise<Uint8Array> {
  const key = random(keyBytes)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${Buffer.from(random(6)).toString('hex')}`
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await file.writeFile(`${Buffer.from(key).toString('base64')}\n`)
    await file.sync()
    // A link fails where a rename would replace: of two first starts one wins, and the other is told.
    await link(draft, path)
  } catch (error) {
    if (isCode(error, 'EEXIST'))
      throw new ConfigError('master_key_exists', `There is a master key at ${path} already.`, { cause: error })
    throw error
  } finally {
    await file.close()
    await rm(draft, { force: true })
  }
  return key
}

/** Loads the key, or makes it where the configuration names a file that is not there. For `init`, `demo` and development. */
export async function loadOrMakeMasterKey(
  config: Pick<Config, 'masterKey'>,
  random: (bytes: number) => Uint8Array,
): Promise<{ key: Uint8Array; made: boolean }> {
  try {
    return { key: await loadMasterKey(config), made: false }
  } catch (error) {
    if (!(error instanceof ConfigError && error.code === 'master_key_missing') || config.masterKey.kind !== 'file') throw error
  }
  try {
    return { key: await makeMasterKey(config.masterKey.path, random), made: true }
  } catch (error) {
    // Another process was faster; its key is the one.
    if (error instanceof ConfigError && error.code === 'master_key_exists')
      return { key: await loadMasterKey(config), made: false }
    throw error
  }
}

/** A key of its own for each purpose, by HKDF-SHA-256 (RFC 5869). Purposes are part of what is kept: never rename one. */
export function deriveKey(masterKey: Uint8Array, purpose: string, bytes = 32): Uint8Array {
  if (masterKey.length !== keyBytes) throw new TypeError('A master key has 32 bytes')
  if (purpose === '') throw new TypeError('A derived key needs a purpose')
  return new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), `postern:${purpose}`, bytes))
}

/** The keys that sign cookies, newest first. */
export const deriveCookieKeys = (masterKey: Uint8Array): readonly string[] =>
  Object.freeze([Buffer.from(deriveKey(masterKey, 'cookie-signature')).toString('base64url')])

function parseMasterKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim()
  const key = new Uint8Array(Buffer.from(trimmed, 'base64'))
  const canonical = Buffer.from(key).toString('base64')
  if (canonical !== trimmed || key.length !== keyBytes) {
    throw new ConfigError(
      'master_key_invalid',
      `${where} must hold ${keyBytes} bytes in base64; for example the output of: openssl rand -base64 ${keyBytes}`,
    )
  }
  if (isPattern(key))
    throw new ConfigError(
      'master_key_invalid',
      `${where} holds a pattern that everybody can guess. Make a random one: openssl rand -base64 ${keyBytes}`,
    )
  return key
}

/** Random 32 bytes have 16 different values or more but for one case in 10^15; typed text and counting bytes are told apart. */
function isPattern(key: Uint8Array): boolean {
  const steps = new Set(key.map((byte, index) => (index === 0 ? 0 : (byte - (key[index - 1] ?? 0)) & 0xff)))
  const printable = key.every((byte) => byte >= 0x20 && byte < 0x7f)
  return new Set(key).size < 16 || steps.size <= 3 || printable
}

async function openMasterKey(path: string) {
  try {
    return await open(path, constants.O_RDONLY)
  } catch (error) {
    if (isCode(error, 'ENOENT'))
      throw new ConfigError('master_key_missing', `There is no master key at ${path}. Run: postern init`, { cause: error })
    throw error
  }
}

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code
