import { describe, expect, it } from 'vitest'
import { StorageUnavailable } from './errors.ts'
import { atMost, limitWaiting, Waiting, waitFor, waitForShared, withoutLimit } from './waiting.ts'

function clocked(limit: number) {
  let now = 0
  const waiting = new Waiting(limit, () => now)
  const statement = (takes: number) =>
    waiting.during(async (left) => {
      now += takes
      return left
    })
  return { waiting, statement, pass: (milliseconds: number) => (now += milliseconds) }
}

describe('what one request waits for the database', () => {
  it('is counted over all its statements, and what it does between them is not', async () => {
    const { waiting, statement, pass } = clocked(4000)
    expect(await statement(1500)).toBe(4000)
    pass(60_000)
    expect(await statement(1500)).toBe(2500)
    expect(waiting.left()).toBe(1000)
  })

  it('ends in a refusal to begin another statement', async () => {
    const { statement } = clocked(4000)
    await statement(4000)
    await expect(statement(0)).rejects.toEqual(new StorageUnavailable('timeout'))
  })

  it('is counted once for statements that run side by side', async () => {
    const { waiting, pass } = clocked(4000)
    const gate = Promise.withResolvers<void>()
    const both = [waiting.during(() => gate.promise), waiting.during(() => gate.promise)]
    pass(1000)
    expect(waiting.left()).toBe(3000)
    gate.resolve()
    await Promise.all(both)
    expect(waiting.left()).toBe(3000)
  })

  it('is not limited for what outlives the request, nor for what many share', async () => {
    const { waiting, statement } = clocked(4000)
    await statement(4000)
    waiting.end()
    expect(await statement(9000)).toBe(Number.POSITIVE_INFINITY)
    const shared = await limitWaiting(4000, () => withoutLimit(() => waitFor(async (left) => left)))
    expect(shared).toBe(Number.POSITIVE_INFINITY)
    expect(await limitWaiting(4000, () => waitFor(async (left) => left))).toBe(4000)
  })

  it('holds for a read that many wait for, whoever began it', async () => {
    const never = Promise.withResolvers<string>()
    const late = limitWaiting(0, () => waitForShared(() => never.promise))
    await expect(late).rejects.toEqual(new StorageUnavailable('timeout'))
    const patient = limitWaiting(60_000, () => waitForShared(() => never.promise))
    never.resolve('read')
    expect(await patient).toBe('read')
  })

  it('gives back what comes too late', async () => {
    const late = Promise.withResolvers<string>()
    const back = Promise.withResolvers<string>()
    await expect(atMost(late.promise, 0, back.resolve)).rejects.toEqual(new StorageUnavailable('timeout'))
    late.resolve('a session')
    expect(await back.promise).toBe('a session')
  })
})
