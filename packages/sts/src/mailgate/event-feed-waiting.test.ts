import { randomBytes, randomUUID } from 'node:crypto'
import { connect, createStore, openInstallation, type RealmId, type Store } from '@postern/storage'
import { beforeAll, describe, expect, test } from 'vitest'
import { createEventWaiting } from './event-feed-waiting.ts'

const halfMinute = 30_000
/** Instead of a second. */
const lookMilliseconds = 50
const now = new Date('2026-11-23T10:00:00Z')
const stay = () => new AbortController().signal

let store: Store
beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  const masterKey = new Uint8Array(randomBytes(32))
  await openInstallation(connection, masterKey)
  store = createStore({ connection, masterKey, clock: () => now })
})

/** A realm whose looks are counted, and whether something has ended in it. */
async function addRealm() {
  const realmId = randomUUID() as string as RealmId // a brand has no runtime part
  await store.realms.add({
    id: realmId,
    displayName: 'Contoso',
    domains: [`${realmId}.example`],
    status: 'active',
    settings: {} as never, // nothing here reads them
    createdAt: now,
  })
  const { revocations } = store.realm(realmId)
  let looks = 0
  const bounds = () => {
    looks += 1
    return revocations.bounds()
  }
  const end = () => revocations.append({ at: now, kind: 'session', sessionId: 's-1' })
  return { realmId, revocations: { ...revocations, bounds }, end, looks: () => looks }
}

describe('those who wait for an event', () => {
  test('cost one look together, and hear of it together', async () => {
    const waiting = createEventWaiting({ most: 1_000, lookMilliseconds })
    const realm = await addRealm()
    const until = { after: 0, milliseconds: halfMinute, signal: stay() }
    await realm.end()
    const all = Array.from({ length: 1_000 }, () => waiting.wait(realm, until))
    expect(waiting.wait(realm, until)).toBeUndefined()
    await Promise.all(all)
    expect(realm.looks()).toBe(1)
    // There is room again, and nobody looks for those who have gone.
    const one = waiting.wait(realm, { ...until, milliseconds: 1 })
    expect(one).toBeInstanceOf(Promise)
    await one
    waiting.close()
  })

  test('are not woken by what they know, nor by another realm', async () => {
    const waiting = createEventWaiting({ most: 10, lookMilliseconds })
    const [here, there] = [await addRealm(), await addRealm()]
    await here.end()
    await there.end()
    const order: string[] = []
    const late = waiting.wait(here, { after: 1, milliseconds: halfMinute, signal: stay() })?.then(() => order.push('late'))
    await waiting.wait(there, { after: 0, milliseconds: halfMinute, signal: stay() })?.then(() => order.push('there'))
    await here.end()
    await late
    expect(order).toEqual(['there', 'late'])
    waiting.close()
  })

  test('are sent away when the service stops, and so is whoever comes after that', async () => {
    const waiting = createEventWaiting({ most: 10, lookMilliseconds })
    const realm = await addRealm()
    const all = [1, 2, 3].map(() => waiting.wait(realm, { after: 0, milliseconds: halfMinute, signal: stay() }))
    waiting.close()
    await Promise.all(all)
    await waiting.wait(realm, { after: 0, milliseconds: halfMinute, signal: stay() })
    expect(realm.looks()).toBe(0)
  })

  test('make room when they hang up', async () => {
    const waiting = createEventWaiting({ most: 1, lookMilliseconds })
    const realm = await addRealm()
    const hangUp = new AbortController()
    const until = { after: 0, milliseconds: halfMinute, signal: hangUp.signal }
    const waited = waiting.wait(realm, until)
    expect(waiting.wait(realm, { ...until, signal: stay() })).toBeUndefined()
    hangUp.abort()
    await waited
    expect(waiting.wait(realm, { ...until, signal: stay() })).toBeInstanceOf(Promise)
    waiting.close()
  })

  test('hear of a database that is away', async () => {
    const waiting = createEventWaiting({ most: 10, lookMilliseconds })
    const realm = await addRealm()
    const all = [1, 2].map(() => waiting.wait(realm, { after: 0, milliseconds: halfMinute, signal: stay() }))
    await store.close()
    const outcomes = await Promise.allSettled(all)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    waiting.close()
  })
})
