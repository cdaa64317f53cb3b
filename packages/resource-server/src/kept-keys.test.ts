import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeSigningKey } from '@postern/conformance/hostile-tokens'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createIssuerKeys, type IssuerKeys, keyTimes } from './issuer-keys.ts'
import { KeptKeysError, type KeyKeeper, keepKeysIn, ownershipProblem, readKeptKeys, writeKeptKeys } from './kept-keys.ts'
import { DocumentServer, FakeIssuer } from './testing/fake-issuer.ts'

const issuer = 'https://sts.example/contoso'
const first = makeSigningKey('k1')
const second = makeSigningKey('k2')
const began = 1_800_000_000

let now = began
let server = new DocumentServer()
let sts = new FakeIssuer(server, issuer, [first])
let problems: string[] = []
let kept = new Map<string, string>()
let directory = ''
beforeEach(async () => {
  now = began
  server = new DocumentServer()
  sts = new FakeIssuer(server, issuer, [first])
  problems = []
  kept = new Map()
  directory = await mkdtemp(join(tmpdir(), 'postern-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

const inMemory: KeyKeeper = {
  load: async (name) => kept.get(name),
  save: async (name, text) => void kept.set(name, text),
}
/** A server that has just started. */
const start = (keepKeys: KeyKeeper | undefined = inMemory, of: string = issuer): IssuerKeys =>
  createIssuerKeys({
    issuer: of,
    jwksUri: undefined,
    algorithms: new Set(['RS256', 'ES256'] as const),
    clock: () => new Date(now * 1000),
    fetch: server.fetch,
    allowInsecureLoopback: false,
    onProblem: (problem) => problems.push(problem),
    keepKeys,
  })
const find = async (keys: IssuerKeys, kid = 'k1'): Promise<string> => {
  const found = await keys.findKey(kid)
  return typeof found === 'string' ? found : found.kid
}

test('a server that starts while the issuer is away goes on with the set that it had, without a keeper it cannot', async () => {
  await find(start())
  server.down = true
  expect(await find(start())).toBe('k1')
  expect(await find(start(), 'k2')).toBe('unknown')
  kept.clear()
  expect(await find(start())).toBe('unavailable')
})

test('a kept set ends a day after it was fetched, however often servers start', async () => {
  await find(start())
  server.down = true
  now = began + keyTimes.forget - 1
  const keys = start()
  expect(await find(keys)).toBe('k1')
  now += 1
  expect(await find(keys)).toBe('unavailable')
  expect(await find(start())).toBe('unavailable')
  expect(problems.at(-1)).toContain('older than')
})

test('an issuer that answers is believed over the disk: a key that it has withdrawn is gone', async () => {
  await find(start())
  sts.keys = [second]
  sts.publish()
  const keys = start()
  expect([await find(keys), await find(keys, 'k2')]).toEqual(['unknown', 'k2'])
  server.down = true
  expect([await find(start()), await find(start(), 'k2')]).toEqual(['unknown', 'k2'])
})

test('after such a start the issuer is asked again, and its set takes over', async () => {
  await find(start())
  now += keyTimes.await
  server.down = true
  const keys = start()
  expect(await find(keys)).toBe('k1')
  server.down = false
  sts.keys = [second]
  sts.publish()
  now += keyTimes.coolDown
  expect(await find(keys, 'k2')).toBe('k2')
  expect(await find(keys)).toBe('unknown')
})

test('what is of another issuer, from the future, too old or damaged is not used', () => {
  const facts = { issuer, now: began, forget: 100 }
  const good = writeKeptKeys(issuer, { document: { keys: [] }, at: began - 99 })
  expect(readKeptKeys(good, facts)).toEqual({ document: { keys: [] }, at: began - 99 })
  for (const [text, changed] of [
    [good, { now: began + 1 }],
    [good, { now: began - 100 }],
    [good, { issuer: `${issuer}/` }],
    ['{', {}],
    ['null', {}],
    [JSON.stringify({ issuer, at: '0', jwks: {} }), {}],
  ] as const)
    expect(readKeptKeys(text, { ...facts, ...changed })).toEqual(expect.any(String))
})

test('a keeper that fails is told of, and costs nothing else', async () => {
  const broken: KeyKeeper = { load: () => Promise.reject(new Error('no disk')), save: () => Promise.reject(new Error('full')) }
  expect(await find(start(broken))).toBe('k1')
  server.down = true
  expect(await find(start(broken))).toBe('unavailable')
  expect(problems.filter((one) => one.includes('full') || one.includes('no disk'))).toHaveLength(2)
})

test('on disk each issuer has one file, for this user alone, and nothing else is left there', async () => {
  const keeper = keepKeysIn(join(directory, 'keys'))
  expect(await keeper.load(issuer)).toBeUndefined()
  await keeper.save(issuer, 'old', began)
  await keeper.save(issuer, 'new', began + 1)
  await keeper.save(`${issuer}/../x`, 'other', began)
  expect(await keeper.load(issuer)).toBe('new')
  const names = await readdir(join(directory, 'keys'))
  expect(names).toHaveLength(2)
  expect((await stat(join(directory, 'keys', names[0] ?? ''))).mode & 0o777).toBe(0o600)
  expect((await stat(join(directory, 'keys'))).mode & 0o777).toBe(0o700)
})

test('a file that somebody has damaged is no key set', async () => {
  const keeper = keepKeysIn(directory)
  await find(start(keeper))
  await expect.poll(() => readdir(directory)).toEqual([expect.stringMatching(/\.json$/)]) // written beside, then renamed
  const [name = ''] = await readdir(directory)
  const text = await readFile(join(directory, name), 'utf8')
  await writeFile(join(directory, name), text.replace('"keys"', '"kees"'))
  server.down = true
  expect(await find(start(keeper))).toBe('unavailable')
  expect(problems.at(-1)).toContain('no key set')
})

test('what was kept is refused with its reason, and its age holds to the second', () => {
  const facts = { issuer, now: began, forget: 100 }
  const text = (changes: object) => JSON.stringify({ issuer, at: began, jwks: { keys: [] }, ...changes })
  for (const [kept, said] of [
    ['{', 'what was kept is not JSON'],
    ['null', 'what was kept is not ours'],
    ['7', 'what was kept is not ours'],
    ['{}', 'what was kept is of another issuer'],
    [text({ issuer: `${issuer}/` }), 'what was kept is of another issuer'],
    [text({ at: '1' }), 'what was kept does not tell its age'],
    [text({ at: began - 0.5 }), 'what was kept does not tell its age'],
    [text({ at: began + 1 }), 'what was kept is from the future'],
    [text({ at: began - 100 }), 'what was kept is older than 100 s'],
  ])
    expect([kept, readKeptKeys(kept ?? '', facts)]).toEqual([kept, said])
  expect(readKeptKeys(text({ at: began - 99 }), facts)).toEqual({ document: { keys: [] }, at: began - 99 })
  expect(Object.isFrozen(readKeptKeys(text({}), facts))).toBe(true)
  expect(writeKeptKeys(issuer, { document: [1], at: 5 })).toBe(`{"issuer":"${issuer}","at":5,"jwks":[1]}`)
})

test('a keeper on disk misses quietly, fails aloud, and writes for this user alone', async () => {
  const keeper = keepKeysIn(join(directory, 'deep', 'er'))
  expect(Object.isFrozen(keeper)).toBe(true)
  expect(await keeper.load(issuer)).toBeUndefined()
  await keeper.save(issuer, 'text', began)
  expect(await keeper.load(issuer)).toBe('text')
  expect(await keeper.load(`${issuer}/`)).toBeUndefined()
  expect((await stat(join(directory, 'deep', 'er'))).mode & 0o777).toBe(0o700)
  await writeFile(join(directory, 'file'), '')
  await expect(keepKeysIn(join(directory, 'file')).load(issuer)).rejects.toThrow('no directory')
})

test('the keeper is asked once, only when there is nothing else, and what it says is told when it is of no use', async () => {
  let loads = 0
  const counting = (text: string | undefined): KeyKeeper => ({
    load: async () => {
      loads += 1
      return text
    },
    save: async () => undefined,
  })
  server.down = true
  const away = `keys of ${issuer} not fetched: fetch failed`
  const empty = start(counting(undefined))
  expect(await find(empty)).toBe('unavailable')
  now += keyTimes.coolDown
  expect(await find(empty)).toBe('unavailable')
  expect([loads, problems]).toEqual([1, [away, away]])
  problems = []
  expect(await find(start(counting('{')))).toBe('unavailable')
  expect(await find(start(counting(writeKeptKeys(issuer, { document: 7, at: now }))))).toBe('unavailable')
  expect(problems).toEqual([
    away,
    `kept keys of ${issuer} not used: what was kept is not JSON`,
    away,
    `kept keys of ${issuer} not used: they are no key set`,
  ])
  loads = 0
  server.down = false
  const served = start(counting(writeKeptKeys(issuer, { document: { keys: [second.jwk] }, at: now })))
  expect(await find(served)).toBe('k1')
  server.down = true
  now += keyTimes.await
  expect([await find(served), loads]).toEqual(['k1', 0])
})

test('the file of an issuer is named by the hash of its address and by the time of the set', async () => {
  await keepKeysIn(directory).save(issuer, 'text', began)
  expect(await readdir(directory)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.1800000000\.json$/)])
  for (const at of [-1, 0.5, Number.NaN]) await expect(keepKeysIn(directory).save(issuer, 'text', at)).rejects.toThrow(TypeError)
})

/** The code with which `doing` is refused. */
const refusal = async (doing: Promise<unknown>): Promise<string> => {
  const refused = await doing.then(
    () => 'done',
    (error: unknown) => error,
  )
  return refused instanceof KeptKeysError ? refused.code : String(refused)
}

test('the newest set wins, whoever writes last, and one that was written under a wrong clock goes', async () => {
  const keeper = keepKeysIn(directory)
  await keeper.save(issuer, 'newer', began + 2)
  await keeper.save(issuer, 'older', began + 1)
  expect(await keeper.load(issuer)).toBe('newer')
  await keeper.save(issuer, 'newest', began + 3)
  expect([await keeper.load(issuer), (await readdir(directory)).length]).toEqual(['newest', 1])
  await keeper.save(issuer, 'ahead', began + 604)
  await keeper.save(issuer, 'true', began + 3)
  expect([await keeper.load(issuer), (await readdir(directory)).length]).toEqual(['true', 1])
})

test.runIf(process.platform !== 'win32')(
  'a directory or file that others may write names no keys, and none are put there',
  async () => {
    const keeper = keepKeysIn(directory)
    await keeper.save(issuer, 'text', began)
    const [name = ''] = await readdir(directory)
    for (const mode of [0o720, 0o702, 0o1777]) {
      await chmod(directory, mode)
      expect(await refusal(keeper.load(issuer))).toBe('writable_for_others')
      expect(await refusal(keeper.save(issuer, 'other', began + 1))).toBe('writable_for_others')
    }
    await chmod(directory, 0o755)
    expect(await readdir(directory)).toEqual([name])
    for (const mode of [0o620, 0o602]) {
      await chmod(join(directory, name), mode)
      expect(await refusal(keeper.load(issuer))).toBe('writable_for_others')
    }
    await chmod(join(directory, name), 0o644)
    expect(await keeper.load(issuer)).toBe('text')
  },
)

test.runIf(process.platform !== 'win32')(
  'a link is followed neither to a directory nor to a file, and a directory is no set',
  async () => {
    const real = join(directory, 'real')
    await keepKeysIn(real).save(issuer, 'text', began)
    await symlink(real, join(directory, 'link'))
    const linked = keepKeysIn(join(directory, 'link'))
    expect([await refusal(linked.load(issuer)), await refusal(linked.save(issuer, 'x', began))]).toEqual([
      'not_a_directory',
      'not_a_directory',
    ])
    const [name = ''] = await readdir(real)
    await rename(join(real, name), join(directory, 'elsewhere'))
    await symlink(join(directory, 'elsewhere'), join(real, name))
    expect(await refusal(keepKeysIn(real).load(issuer))).toBe('not_a_file')
    await rm(join(real, name))
    await mkdir(join(real, name))
    expect(await refusal(keepKeysIn(real).load(issuer))).toBe('not_a_file')
  },
)

test('what another user owns is refused, what root owns is not', () => {
  const mine = process.geteuid?.() ?? 0
  const of = (uid: number, mode = 0o100600) => ownershipProblem({ uid, mode })
  expect([of(mine), of(0), of(mine + 1)]).toEqual([undefined, undefined, 'not_ours'])
  expect([of(mine, 0o100644), of(0, 0o100664)]).toEqual([undefined, 'writable_for_others'])
})

test('a set of more than 1 MiB is neither kept nor read', async () => {
  const keeper = keepKeysIn(directory)
  const most = 'x'.repeat(1024 * 1024)
  await keeper.save(issuer, most, began)
  expect((await keeper.load(issuer))?.length).toBe(most.length)
  expect(await refusal(keeper.save(issuer, `${most}x`, began + 1))).toBe('too_large')
  const [name = ''] = await readdir(directory)
  await writeFile(join(directory, name), `${most}x`)
  expect(await refusal(keeper.load(issuer))).toBe('too_large')
})

test('what a writer left that did not come to the end goes after ten minutes; other files stay', async () => {
  const keeper = keepKeysIn(directory)
  const [old, young] = ['0'.repeat(36), '1'.repeat(36)].map((name) => `${name}.new`) as [string, string]
  for (const name of [old, young, 'mine.new']) await writeFile(join(directory, name), '')
  const before = new Date(Date.now() - 11 * 60_000)
  for (const name of [old, 'mine.new']) await utimes(join(directory, name), before, before)
  await keeper.save(issuer, 'text', began)
  const names = await readdir(directory)
  expect([names.includes(old), names.includes(young), names.includes('mine.new'), names.length]).toEqual([false, true, true, 3])
})
