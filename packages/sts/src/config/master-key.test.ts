import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deriveCookieKeys, deriveKey, loadMasterKey, loadOrMakeMasterKey, makeMasterKey } from './master-key.ts'
import { Secret } from './secret.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-key-'))
  path = join(directory, 'nested', 'master.key')
})

afterEach(async () => rm(directory, { recursive: true }))

const load = (file = path) => loadMasterKey({ masterKey: { kind: 'file', path: file } })
const value = (text: string) => loadMasterKey({ masterKey: { kind: 'value', base64: new Secret(text) } })
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

describe('the master key', () => {
  test('is made with mode 0600 and read back the same', async () => {
    const made = await makeMasterKey(path, randomBytes)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(Buffer.from(await load()).equals(made)).toBe(true)
    expect(await readdir(join(directory, 'nested'))).toEqual(['master.key'])
  })

  test('is never replaced', async () => {
    await makeMasterKey(path, randomBytes)
    const before = await readFile(path, 'utf8')
    await expect(makeMasterKey(path, randomBytes)).rejects.toMatchObject({ code: 'master_key_exists' })
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await readdir(join(directory, 'nested'))).toEqual(['master.key'])
  })

  test('is one and the same for ten processes that start at once', async () => {
    const keys = await Promise.all(
      Array.from({ length: 10 }, () => loadOrMakeMasterKey({ masterKey: { kind: 'file', path } }, randomBytes)),
    )
    expect(new Set(keys.map(({ key }) => base64(key))).size).toBe(1)
    expect(keys.filter(({ made }) => made)).toHaveLength(1)
  })

  test('is refused when it is missing', async () => {
    await expect(load()).rejects.toMatchObject({ code: 'master_key_missing' })
  })

  test.runIf(process.platform !== 'win32')('is refused when others may read it', async () => {
    await makeMasterKey(path, randomBytes)
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(path, mode)
      await expect(load()).rejects.toMatchObject({ code: 'master_key_exposed' })
    }
  })

  test.each([
    ['empty', ''],
    ['too short', base64(randomBytes(16))],
    ['too long', base64(randomBytes(33))],
    ['not base64', 'x'.repeat(44)],
    ['all zero', base64(new Uint8Array(32))],
    ['counting', base64(Uint8Array.from({ length: 32 }, (_, index) => index))],
    ['typed text', base64(Buffer.from('correct horse battery staple 123'))],
  ])('is refused when it is %s', async (_, text) => {
    await expect(value(text)).rejects.toMatchObject({ code: 'master_key_invalid' })
  })

  test('does not appear in the refusal', async () => {
    const text = base64(randomBytes(31))
    await writeFile(join(directory, 'short'), text, { mode: 0o600 })
    await expect(load(join(directory, 'short'))).rejects.not.toMatchObject({ message: expect.stringContaining(text) })
  })

  test('gives a different key for each purpose, the same each time', () => {
    const key = randomBytes(32)
    expect(deriveKey(key, 'a')).toEqual(deriveKey(key, 'a'))
    expect(deriveKey(key, 'a')).not.toEqual(deriveKey(key, 'b'))
    expect(deriveCookieKeys(key)[0]).toMatch(/^[\w-]{43}$/)
  })
})
