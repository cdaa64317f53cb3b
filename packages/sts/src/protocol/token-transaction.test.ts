import type { Context } from 'koa'
import Koa from 'koa'
import { expect, test } from 'vitest'
import { type RequestState, withRequestState } from './request-state.ts'
import { createTokenTransaction } from './token-transaction.ts'

class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** A request to the token endpoint, answered by `stage`, in a database that does `commit` to each transaction. */
async function ask(options: {
  stage: (ctx: Context, state: RequestState) => Promise<void>
  commit?: (tried: number) => void
}): Promise<{ ctx: Context; tried: number; pauses: number[] }> {
  let tried = 0
  const pauses: number[] = []
  const transaction = createTokenTransaction({
    store: {
      async transaction(work) {
        tried += 1
        const result = await work()
        options.commit?.(tried)
        return result
      },
    },
    finish: async () => undefined,
    redeems: () => true,
    pause: async (milliseconds) => void pauses.push(milliseconds),
  })
  const headers = new Map<string, unknown>()
  const response = {
    setHeader: (name: string, value: unknown) => void headers.set(name.toLowerCase(), value),
    removeHeader: (name: string) => void headers.delete(name.toLowerCase()),
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    hasHeader: (name: string) => headers.has(name.toLowerCase()),
    getHeaders: () => Object.fromEntries(headers),
    statusCode: 404,
  }
  const request = { headers: {}, method: 'POST', url: '/oauth2/v2.0/token', socket: {} }
  const ctx = new Koa().createContext(request as never, response as never)
  const state = { runtime: {}, reference: 'r', source: undefined, v1: false, locking: false, parameters: [] } as unknown
  await withRequestState(state as RequestState, () => transaction(ctx, () => options.stage(ctx, state as RequestState)))
  return { ctx, tried, pauses }
}

test('a request that had to give way begins again as if nobody had looked at it, and is answered', async () => {
  const seen: unknown[] = []
  const { ctx, tried, pauses } = await ask({
    stage: async (at, state) => {
      seen.push([state.usedRefreshToken, at.oidc, at.response.get('X-Try'), at.status])
      // What oidc-provider does with each request that it is handed.
      Object.defineProperty(at, 'oidc', { get: () => 'seen' })
      state.usedRefreshToken = 'handle'
      at.set('X-Try', String(seen.length))
      at.body = { try: seen.length }
    },
    commit: (times) => {
      if (times < 3) throw new StorageUnavailable('contention')
    },
  })
  expect(seen).toEqual(Array.from({ length: 3 }, () => [undefined, undefined, undefined, 404]))
  expect([tried, ctx.status, ctx.body]).toEqual([3, 200, { try: 3 }])
  expect(pauses).toEqual([10, 20])
})

test('a request begins again three times at most, and is then told to come back', async () => {
  const { ctx, tried } = await ask({
    stage: async (at) => {
      at.status = 200
    },
    commit: () => {
      throw new StorageUnavailable('contention')
    },
  })
  expect([tried, ctx.status, ctx.response.get('Retry-After')]).toEqual([4, 503, '2'])
})

test('nothing begins again that failed for another reason, or of which nobody knows whether it was kept', async () => {
  const { ctx, tried } = await ask({
    stage: async (at) => {
      at.status = 200
    },
    commit: () => {
      throw new StorageUnavailable('unreachable')
    },
  })
  expect([tried, ctx.status]).toEqual([1, 503])
})

test('what oidc-provider hides behind its own error begins again, too', async () => {
  let times = 0
  const { ctx, tried } = await ask({
    stage: async (at, state) => {
      times += 1
      if (times === 1) state.fault = new StorageUnavailable('contention')
      at.status = times === 1 ? 500 : 200
    },
  })
  expect([tried, ctx.status]).toEqual([2, 200])
})
