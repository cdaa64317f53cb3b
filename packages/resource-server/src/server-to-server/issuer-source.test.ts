import { createPublicKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeActorScene, publishedJwk } from '../testing/actor-scene.ts'
import { DocumentServer } from '../testing/fake-issuer.ts'
import type { IssuerKey } from './actor-token-contract.ts'
import { createIssuerSource } from './issuer-source.ts'

const { scene } = makeActorScene()
const { realm, sts, endedSts } = scene
const issuer = 'https://sts.example/contoso'
const principal = `00000001-0000-0000-c000-000000000000@${realm}`

/** A source that reads the keys of `issuer` from a server of documents. */
function makeSource(keys: readonly unknown[] = [publishedJwk(sts)]) {
  const server = new DocumentServer()
  server.documents.set(`${issuer}/keys`, { keys })
  const clock = { now: scene.now }
  const problems: string[] = []
  const source = createIssuerSource(
    { realm, issuer, jwksUri: `${issuer}/keys` },
    {
      clock: () => new Date(clock.now * 1000),
      fetch: server.fetch,
      allowInsecureLoopback: false,
      onProblem: (problem) => problems.push(problem),
    },
  )
  return { source, server, clock, problems, find: (x5t: string) => source.find(x5t, clock.now) }
}

test('keys from a function come as they are, at once or later, and what it does not have is unknown', async () => {
  const key: IssuerKey = { x5t: sts.x5t, key: createPublicKey(sts.key) }
  const options = { clock: () => new Date(), fetch, allowInsecureLoopback: false, onProblem: () => undefined }
  const atOnce = createIssuerSource({ realm, findKey: (x5t) => (x5t === sts.x5t ? key : undefined) }, options)
  const later = createIssuerSource({ realm, findKey: async (x5t) => (x5t === sts.x5t ? key : undefined) }, options)
  expect([atOnce.realm, atOnce.principal]).toEqual([realm, principal])
  expect([atOnce.find(sts.x5t, 0), atOnce.find('x', 0)]).toEqual([key, 'unknown'])
  expect(later.find(sts.x5t, 0)).toBeInstanceOf(Promise)
  expect([await later.find(sts.x5t, 0), await later.find('x', 0)]).toEqual([key, 'unknown'])
  expect(await atOnce.prepare()).toBeUndefined()
})

test('a published key comes after one fetch with the dates of its certificate, and then at once as the same object', async () => {
  const { source, server, find } = makeSource([publishedJwk(sts), publishedJwk(endedSts)])
  expect([source.realm, source.principal]).toEqual([realm, principal])
  const first = await find(endedSts.x5t)
  expect(first).toMatchObject({
    x5t: endedSts.x5t,
    notBefore: new Date('2020-01-01'),
    notAfter: new Date((scene.now - 86_400) * 1000),
  })
  expect(typeof first === 'object' && first.key.equals(createPublicKey(endedSts.key)) && Object.isFrozen(first)).toBe(true)
  expect(find(endedSts.x5t)).toBe(first)
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
  expect(server.asked.length).toBe(1)
})

test('a key that is published without a certificate has no dates', async () => {
  const { find } = makeSource([{ ...publishedJwk(sts), x5c: undefined }])
  expect(Object.keys((await find(sts.x5t)) as object).toSorted()).toEqual(['key', 'x5t'])
})

test('a thumbprint counts and a kid does not', async () => {
  const { find } = makeSource([{ ...publishedJwk(sts), kid: 'named' }])
  expect(await find('named')).toBe('unknown')
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
})

test('after five minutes the keys are fetched again while requests go on, after ten a request waits', async () => {
  const { source, server, clock, find } = makeSource()
  await source.prepare()
  expect(server.asked.length).toBe(1)
  clock.now += 299
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
  expect(server.asked.length).toBe(1)
  server.documents.set(`${issuer}/keys`, { keys: [publishedJwk(endedSts)] })
  clock.now += 1
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
  expect(server.asked.length).toBe(2)
  await expect.poll(() => find(sts.x5t)).toBe('unknown')
  clock.now += 600
  server.documents.set(`${issuer}/keys`, { keys: [publishedJwk(sts)] })
  expect(find(endedSts.x5t)).toBeInstanceOf(Promise)
  expect(await find(endedSts.x5t)).toBe('unknown')
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
})

test('to prepare fetches where nothing is held, once, and never fails', async () => {
  const { source, server, clock, problems, find } = makeSource()
  server.down = true
  expect(await source.prepare()).toBeUndefined()
  expect(problems.length).toBe(1)
  expect(await find(sts.x5t)).toBe('unavailable')
  server.down = false
  clock.now += 30
  await source.prepare()
  expect(server.asked.length).toBe(2)
  clock.now += 60
  await source.prepare()
  expect(server.asked.length).toBe(2)
  expect(find(sts.x5t)).toMatchObject({ x5t: sts.x5t })
})
