import { setTimeout as wait } from 'node:timers/promises'
import { postgres, sampleAccount } from '@postern/storage/contract'
import { expect, test } from 'vitest'

test('a crowd that waits for one row leaves sessions to everybody else, and is served in the end', async () => {
  await using stack = new AsyncDisposableStack()
  const backend = await postgres.open()
  stack.defer(() => backend.close())
  const realm = await backend.newRealm()
  const { id } = sampleAccount()
  await realm.accounts.add(sampleAccount({ id }))
  const watch = (text: string) => backend.connection.session((session) => session.query(text))
  const locked = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  const holding = backend.store.transaction(async () => {
    await realm.accounts.hold(id)
    locked.resolve()
    await over.promise
  })
  await locked.promise
  let inside = 0
  // The pool has twenty sessions.
  const crowd = Promise.allSettled(
    Array.from({ length: 30 }, () =>
      backend.store.transaction(
        async () => {
          inside += 1
          await realm.accounts.hold(id)
        },
        { crowd: true },
      ),
    ),
  )
  try {
    const waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while ((await watch(waiting)).length === 0) await wait(5)
    const others = Array.from({ length: 20 }, () => backend.store.transaction(() => realm.accounts.list({ limit: 1 })))
    expect(await Promise.all(others)).toHaveLength(20)
    expect(inside).toBe(10)
  } finally {
    over.resolve()
    await holding
  }
  expect((await crowd).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 'fulfilled'))
})
