import { expect, test } from 'vitest'
import { StoppedClock } from '../testing/loopback-issuer.ts'
import { createActorTokens } from './actor-tokens.ts'
import type { TokenSource } from './token-request.ts'

const resource = 'mail/mail.contoso.com@realm'
/** Tokens of a source that issues `t1`, `t2` and so on, for `life` seconds. */
function makeTokens({ life = 3600, most = 10 } = {}) {
  const clock = new StoppedClock()
  const asked: string[] = []
  let held: Promise<void> | undefined
  const source: TokenSource = {
    issuer: { realm: 'realm', issuer: 'https://sts.example/realm' },
    now: clock.now,
    async request(of) {
      asked.push(of)
      const token = `t${asked.length}`
      await held
      return { token, nameid: 'n', audience: 'a', endsAtSeconds: 0, lifeSeconds: life }
    },
  }
  const tokens = createActorTokens({ clock: clock.now, most })
  const get = async (of = resource) => (await tokens.get(source, of)).actor.token
  const hold = (work: Promise<void> | undefined) => {
    held = work
  }
  return { tokens, source, clock, asked, get, hold }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('a minute is taken off the end of a token, of a short one a quarter', async () => {
  for (const [life, works] of [
    [3600, 3540],
    [240, 180],
    [100, 75],
  ] as const) {
    const { tokens, source, clock, get } = makeTokens({ life })
    const { actor, fresh } = await tokens.get(source, resource)
    expect([actor.expiresAt.getTime() - clock.time.getTime(), fresh]).toEqual([works * 1000, true])
    clock.move(works - 1)
    expect(await get()).toBe('t1')
    await settled()
    clock.move(1)
    expect(await get()).toBe('t2')
  }
})

test('the next one is fetched in the background from four fifths on, once', async () => {
  const { tokens, source, clock, asked, get } = makeTokens()
  await get()
  clock.move(2879)
  await get()
  expect(asked.length).toBe(1)
  clock.move(1)
  expect(await tokens.get(source, resource)).toMatchObject({ fresh: false, actor: { token: 't1' } })
  expect(await get()).toBe('t1')
  expect(asked.length).toBe(2)
  await settled()
  expect(await get()).toBe('t2')
})

test('of a short life four fifths come behind its end, so it is renewed there and not before', async () => {
  const { clock, asked, get } = makeTokens({ life: 240 })
  await get()
  clock.move(179)
  await get()
  expect(asked.length).toBe(1)
})

test('a failed try in the background is repeated after half a minute, to the second', async () => {
  const { clock, asked, get, hold } = makeTokens()
  await get()
  hold(Promise.reject(new TypeError('unplugged')))
  clock.move(3000)
  await get()
  await settled()
  clock.move(29)
  await get()
  expect(asked.length).toBe(2)
  clock.move(1)
  expect(await get()).toBe('t1')
  expect(asked.length).toBe(3)
  await settled()
})

test('while one is on its way in the background nobody asks for another', async () => {
  const { clock, asked, get, hold } = makeTokens()
  await get()
  const held = Promise.withResolvers<void>()
  hold(held.promise)
  clock.move(3000)
  await get()
  clock.move(60)
  await get()
  expect(asked.length).toBe(2)
  held.resolve()
  await settled()
  expect(await get()).toBe('t2')
})

test('a clock that was set back by a minute ends what was remembered, and by less does not', async () => {
  const { clock, get } = makeTokens()
  await get()
  clock.move(-59)
  expect(await get()).toBe('t1')
  clock.move(-1)
  expect(await get()).toBe('t2')
})

test('a refused token is replaced once in ten seconds, and by one that somebody got meanwhile', async () => {
  const { tokens, source, clock, asked } = makeTokens()
  const { actor } = await tokens.get(source, resource)
  const next = await tokens.replace(source, resource, actor)
  expect(next?.token).toBe('t2')
  expect((await tokens.replace(source, resource, actor))?.token).toBe('t2')
  if (next === undefined) throw new TypeError('there is one')
  clock.move(9)
  expect(await tokens.replace(source, resource, next)).toBeUndefined()
  expect(asked.length).toBe(2)
  clock.move(1)
  expect((await tokens.replace(source, resource, next))?.token).toBe('t3')
  // One that has ended is no other.
  clock.move(3540)
  expect((await tokens.replace(source, resource, next))?.token).toBe('t4')
})

test('those who want another one at once share the one that is on its way', async () => {
  const { tokens, source, asked } = makeTokens()
  const { actor } = await tokens.get(source, resource)
  const both = await Promise.all([tokens.replace(source, resource, actor), tokens.replace(source, resource, actor)])
  expect([both.map((one) => one?.token), asked.length]).toEqual([['t2', 't2'], 2])
})

test('the resource that was used least recently is forgotten first', async () => {
  const { asked, get } = makeTokens({ most: 2 })
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await get(name)
  expect(asked).toEqual(['a', 'b', 'c', 'b'])
})
