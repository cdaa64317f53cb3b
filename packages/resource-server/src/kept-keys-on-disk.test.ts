import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeptKeysError, keepKeysIn, ownershipProblem } from './kept-keys.ts'

const issuer = 'https://sts.example/contoso'
const began = 1_800_000_000
let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** `code: message` of a refusal, with what stands for the path shortened. */
const said = (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => 'done',
    (error: unknown) => {
      if (!(error instanceof KeptKeysError)) throw error
      expect(error.name).toBe('KeptKeysError')
      return `${error.code}: ${error.message.replaceAll(directory, '').replace(/\/[0-9a-f]{64}\.\d+\.json/, 'FILE')}`
    },
  )
/** A keeper with one set in it, and where that is. */
async function keeping() {
  const keeper = keepKeysIn(directory)
  await keeper.save(issuer, 'text', 0)
  const [name = ''] = await readdir(directory)
  return { keeper, path: join(directory, name) }
}

test.runIf(process.platform !== 'win32')('what is refused is named with its reason', async () => {
  const { keeper, path } = await keeping()
  await chmod(path, 0o620)
  expect(await said(keeper.load(issuer))).toBe('writable_for_others: FILE may be written by others than its owner')
  await rm(path)
  await symlink('/etc/hosts', path)
  expect(await said(keeper.load(issuer))).toBe('not_a_file: FILE is a link')
  await rm(path)
  await mkdir(path)
  expect(await said(keeper.load(issuer))).toBe('not_a_file: FILE is no file')
  await rm(path, { recursive: true })
  await writeFile(path, 'x'.repeat(1024 * 1024 + 1), { mode: 0o600 })
  expect(await said(keeper.load(issuer))).toBe('too_large: FILE has more than 1048576 bytes')
  expect(await said(keeper.save(issuer, 'x'.repeat(1024 * 1024 + 1), began))).toBe(
    `too_large: a set of ${issuer} has more than 1048576 bytes`,
  )
  expect(await said(keepKeysIn(path).load(issuer))).toBe('not_a_directory: FILE is no directory (or a link to one)')
  await expect(keeper.save(issuer, 'x', -1)).rejects.toThrow(new TypeError('at must be whole seconds since 1970'))
})

test.runIf(process.platform !== 'win32')('a file of another user is refused by the number of that user', async () => {
  const { keeper, path } = await keeping()
  const { uid } = await stat(path)
  const own = Object.getOwnPropertyDescriptor(process, 'geteuid')
  // Whoever runs this: the file is not theirs. Root's files are trusted by everybody, so root gives it away.
  if (uid === 0) await chown(path, 12_345, 0)
  else Object.defineProperty(process, 'geteuid', { value: () => uid + 1, configurable: true, writable: true })
  try {
    expect(await said(keeper.load(issuer))).toMatch(/^not_ours: (FILE|) ?belongs to another user \(\d+\)$/)
  } finally {
    if (own !== undefined) Object.defineProperty(process, 'geteuid', own)
  }
})

test.runIf(process.platform === 'linux')(
  'what cannot be opened for another reason is told by the system, not as a link',
  async () => {
    const { keeper, path } = await keeping()
    await rm(path)
    const socket = createServer().listen(path)
    await new Promise((resolve) => socket.once('listening', resolve))
    await expect(keeper.load(issuer)).rejects.toMatchObject({ code: 'ENXIO' })
    await new Promise((resolve) => socket.close(resolve))
  },
)

test('root and the user of this process are trusted; where there are no such numbers everybody is', () => {
  const own = Object.getOwnPropertyDescriptor(process, 'geteuid')
  const as = (geteuid: (() => number) | undefined) => {
    Object.defineProperty(process, 'geteuid', { value: geteuid, configurable: true, writable: true })
    return [0, 1000, 1001].map((uid) => ownershipProblem({ uid, mode: 0o100600 }))
  }
  try {
    expect(as(() => 1000)).toEqual([undefined, undefined, 'not_ours'])
    expect(as(() => 0)).toEqual([undefined, 'not_ours', 'not_ours'])
    expect(as(undefined)).toEqual([undefined, undefined, undefined])
  } finally {
    if (own === undefined) Reflect.deleteProperty(process, 'geteuid')
    else Object.defineProperty(process, 'geteuid', own)
  }
})

test('a set may be ten minutes ahead of another one, for clocks differ', async () => {
  const keeper = keepKeysIn(directory)
  await keeper.save(issuer, 'ahead', began + 600)
  await keeper.save(issuer, 'now', began)
  expect(await keeper.load(issuer)).toBe('ahead')
  await keeper.save(issuer, 'far ahead', began + 601)
  await keeper.save(issuer, 'now', began)
  expect(await keeper.load(issuer)).toBe('now')
})

test('only what has the name of a leftover is taken for one', async () => {
  const others = [`x${'0'.repeat(36)}.new`, `${'0'.repeat(36)}.newer`, `${'g'.repeat(36)}.new`]
  const before = new Date(Date.now() - 3_600_000)
  for (const name of [...others, `${'0'.repeat(36)}.new`]) {
    await writeFile(join(directory, name), '')
    await utimes(join(directory, name), before, before)
  }
  await keepKeysIn(directory).save(issuer, 'text', began)
  expect((await readdir(directory)).filter((name) => !name.endsWith('.json')).toSorted()).toEqual(others.toSorted())
})

test('there is nothing to load where there is no directory, or none for this issuer', async () => {
  expect(await keepKeysIn(join(directory, 'none')).load(issuer)).toBeUndefined()
  const { keeper } = await keeping()
  expect(await keeper.load(`${issuer}/other`)).toBeUndefined()
})

test('servers that share a directory may save at the same moment, and the newest set is there', async () => {
  const before = new Date(Date.now() - 3_600_000)
  for (let left = 0; left < 20; left += 1) {
    const path = join(directory, `${String(left).padStart(36, '0')}.new`)
    await writeFile(path, '')
    await utimes(path, before, before)
  }
  const keepers = Array.from({ length: 12 }, () => keepKeysIn(directory))
  await Promise.all(keepers.map((keeper, at) => keeper.save(issuer, `set ${at}`, began + at)))
  expect(await keepKeysIn(directory).load(issuer)).toBe('set 11')
  expect((await readdir(directory)).filter((name) => name.endsWith('.new'))).toEqual([])
})
