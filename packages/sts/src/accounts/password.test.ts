import { hash as argon2 } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import { AccountsError } from './errors.ts'
import { createHashQueue, type HashQueue } from './hash-queue.ts'
import { createHashing, type HashParameters } from './password.ts'

const queue = createHashQueue({ clock: () => new Date() })
const cheap: HashParameters = { memoryKibibytes: 64, passes: 1, lanes: 1 }
const hashing = createHashing({ queue, parameters: cheap })
const pepper = new Uint8Array(32).fill(7)

describe('a password', () => {
  test('is kept as Argon2id with 19 MiB, two passes, one lane, and a salt of its own', async () => {
    const real = createHashing({ queue })
    const [one, other] = await Promise.all([real.hash('a long enough one'), real.hash('a long enough one')])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(other).not.toBe(one)
    expect(await real.verify(one, 'a long enough one')).toBe('right')
  })

  test.each([
    ['longer than 72 bytes, to its last letter', `${'x'.repeat(999)}y`, `${'x'.repeat(999)}z`],
    ['beyond a NUL', 'before\0after', 'before\0other'],
    ['in its spaces', ' spaces ', 'spaces'],
    ['in its case', 'Capital letters', 'capital letters'],
  ])('counts %s', async (_name, right, wrong) => {
    const stored = await hashing.hash(right)
    expect(await hashing.verify(stored, right)).toBe('right')
    expect(await hashing.verify(stored, wrong)).toBe('wrong')
  })

  test('is the same one however a keyboard composes its letters', async () => {
    const stored = await hashing.hash('Schl\u00fcsselbund \u2460')
    expect(await hashing.verify(stored, 'Schlu\u0308sselbund 1')).toBe('right')
  })

  test('that was kept with other parameters is right and wants a new hash', async () => {
    const older = createHashing({ queue, parameters: { ...cheap, passes: 2 } })
    const stored = await older.hash('a long enough one')
    expect(await hashing.verify(stored, 'a long enough one')).toBe('rehash')
    expect(await hashing.verify(stored, 'another long one')).toBe('wrong')
  })

  test('that was kept with another variant of Argon2 wants a new hash', async () => {
    const stored = await argon2('a long enough one', { algorithm: 1, memoryCost: 64, timeCost: 1, parallelism: 1 })
    expect(stored).toContain('$argon2i$')
    expect(await hashing.verify(stored, 'a long enough one')).toBe('rehash')
  })

  test('cannot be checked when what is stored is no hash', async () => {
    await expect(hashing.verify('nonsense', 'x')).rejects.toThrow()
  })
})

describe('a pepper', () => {
  const peppered = createHashing({ queue, parameters: cheap, pepper })

  test('is needed to check what was kept under it', async () => {
    const stored = await peppered.hash('a long enough one')
    expect(stored).toMatch(/^pepper:[0-9a-f]{8}\$argon2id\$/)
    expect(await peppered.verify(stored, 'a long enough one')).toBe('right')
    expect(await peppered.verify(stored, 'another long one')).toBe('wrong')
    await expect(hashing.verify(stored, 'a long enough one')).rejects.toMatchObject({ code: 'pepper_unknown' })
    const other = createHashing({ queue, parameters: cheap, pepper: new Uint8Array(32).fill(8) })
    await expect(other.verify(stored, 'a long enough one')).rejects.toThrow(AccountsError)
    // With the mark cut off it is an ordinary hash, of something that nobody can type.
    expect(await hashing.verify(stored.slice(stored.indexOf('$')), 'a long enough one')).toBe('wrong')
  })

  test('takes over passwords from before', async () => {
    const stored = await hashing.hash('a long enough one')
    expect(await peppered.verify(stored, 'a long enough one')).toBe('rehash')
  })

  test('that is short is refused', () => {
    expect(() => createHashing({ queue, pepper: new Uint8Array(16) })).toThrow(TypeError)
  })
})

test('checking nothing takes a hash of the same cost and never proves anything', async () => {
  let runs = 0
  const counting: HashQueue = {
    run: (work) => {
      runs += 1
      return work()
    },
  }
  const real = createHashing({ queue: counting })
  await expect(real.verifyNothing('whatever')).resolves.toBeUndefined()
  expect(runs).toBe(1)
})
