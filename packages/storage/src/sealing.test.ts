import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SealingError } from './errors.ts'
import { createSealer, type SealedRow } from './sealing.ts'

const masterKey = new Uint8Array(randomBytes(32))
const sealer = createSealer(masterKey)
const row: SealedRow = { table: 'authenticator', realmId: 'r', id: 'a' }
const clear = new TextEncoder().encode('a shared secret')

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof SealingError) return error.code
    throw error
  }
}

describe('a sealed value', () => {
  test('opens in its own row', () => {
    const sealed = sealer.seal('authenticator', row, clear)
    expect(sealer.open('authenticator', row, sealed)).toEqual(clear)
    expect(createSealer(masterKey).open('authenticator', row, new Uint8Array(sealed))).toEqual(clear)
    expect(sealer.open('authenticator', row, sealer.seal('authenticator', row, new Uint8Array()))).toEqual(new Uint8Array())
  })

  test('is another one each time and does not hold the clear text', () => {
    const [one, two] = [sealer.seal('authenticator', row, clear), sealer.seal('authenticator', row, clear)]
    expect(Buffer.from(one).equals(two)).toBe(false)
    expect(Buffer.from(one).includes(Buffer.from(clear))).toBe(false)
  })

  test.each([
    ['another table', { ...row, table: 'signing_key' }],
    ['another realm', { ...row, realmId: 's' }],
    ['another row', { ...row, id: 'b' }],
    ['a row whose parts only join to the same text', { table: 'authenticator', realmId: 'r","a', id: '' }],
  ])('does not open in %s', (_, other) => {
    const sealed = sealer.seal('authenticator', row, clear)
    expect(codeOf(() => sealer.open('authenticator', other, sealed))).toBe('not_authentic')
  })

  test('does not open for another purpose', () => {
    const sealed = sealer.seal('authenticator', row, clear)
    expect(codeOf(() => sealer.open('artifact', row, sealed))).toBe('not_authentic')
  })

  test('does not open when any byte of it was changed or is missing', () => {
    const sealed = sealer.seal('authenticator', row, clear)
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(codeOf(() => sealer.open('authenticator', row, changed))).toBe(
        index === 0 ? 'malformed' : index < 5 ? 'unknown_key' : 'not_authentic',
      )
      expect(codeOf(() => sealer.open('authenticator', row, sealed.subarray(0, index)))).toBeDefined()
    }
  })

  test('tells that it was sealed under another master key', () => {
    const sealed = createSealer(new Uint8Array(32)).seal('authenticator', row, clear)
    expect(codeOf(() => sealer.open('authenticator', row, sealed))).toBe('unknown_key')
  })

  test('brings JSON back exactly', () => {
    const value = { text: 'ä "\0\u2028 😀 \ud800', list: [0, -0.5, 1e300, null, false], deep: { '': { a: [] } } }
    expect(sealer.openJson('artifact', row, sealer.sealJson('artifact', row, value))).toEqual(value)
  })
})

describe('a look-up hash', () => {
  const hash = (...parts: [string, string, ...string[]]) => Buffer.from(sealer.lookup(...parts)).toString('hex')

  test('is the same for the same value, and differs by meaning, realm, value and master key', () => {
    expect(hash('id', 'r', 'v')).toBe(hash('id', 'r', 'v'))
    const others = [
      hash('uid', 'r', 'v'),
      hash('id', 's', 'v'),
      hash('id', 'r', 'w'),
      hash('id', 'r', 'v', ''),
      hash('id', 'r', '', 'v'),
    ]
    expect(new Set([hash('id', 'r', 'v'), ...others]).size).toBe(6)
    expect(Buffer.from(createSealer(new Uint8Array(32)).lookup('id', 'r', 'v')).toString('hex')).not.toBe(hash('id', 'r', 'v'))
  })
})

test('a master key of another length is refused', () => {
  for (const length of [0, 16, 31, 33, 64]) expect(() => createSealer(new Uint8Array(length))).toThrow(TypeError)
})
