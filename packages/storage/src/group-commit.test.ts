import { describe, expect, test } from 'vitest'
import { StorageUnavailable } from './errors.ts'
import { createGroup } from './group-commit.ts'

class Refused extends Error {
  override readonly name = 'Refused'
}

/** A group whose statements end when the test says so. Answers each item with its double, and refuses `bad` ones. */
function held(
  options: { statements?: number; most?: number; gathers?: boolean; bad?: readonly number[]; fault?: () => Error } = {},
) {
  const sent: { readonly items: readonly number[]; readonly end: () => void }[] = []
  const add = createGroup<number, number>({
    statements: options.statements ?? 1,
    ...(options.most === undefined ? {} : { most: options.most }),
    ...(options.gathers === undefined ? {} : { gathers: options.gathers }),
    send: async (items) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      sent.push({ items, end: resolve })
      await promise
      if (items.some((item) => options.bad?.includes(item))) throw options.fault?.() ?? new Refused('refused')
      return items.map((item) => item * 2)
    },
  })
  return { add, sent, statements: () => sent.map(({ items }) => items) }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Ends every statement as it comes, until all of `work` is told. */
async function endAll<T>(work: readonly Promise<T>[], sent: readonly { end: () => void }[]): Promise<PromiseSettledResult<T>[]> {
  let told = false
  const all = Promise.allSettled(work).finally(() => {
    told = true
  })
  while (!told) {
    for (const { end } of sent) end()
    await tick()
  }
  return all
}
const valuesOf = (results: readonly PromiseSettledResult<number>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.name))

describe('a group', () => {
  test('sends the first item at once, and with one statement all who came meanwhile', async () => {
    const { add, sent, statements } = held()
    const work = [1, 2, 3, 4].map(add)
    expect(statements()).toEqual([[1]])
    expect(valuesOf(await endAll(work, sent))).toEqual([2, 4, 6, 8])
    expect(statements()).toEqual([[1], [2, 3, 4]])
  })

  test('that gathers sends all who came in one turn together, and later ones when those are answered', async () => {
    const { add, sent, statements } = held({ gathers: true })
    const first = [1, 2].map(add)
    await Promise.resolve()
    first.push(add(3))
    expect(statements()).toEqual([])
    await tick()
    expect(statements()).toEqual([[1, 2, 3]])
    const second = [4, 5].map(add)
    await tick()
    expect(statements()).toEqual([[1, 2, 3]])
    expect(valuesOf(await endAll([...first, ...second], sent))).toEqual([2, 4, 6, 8, 10])
    expect(statements()).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(valuesOf(await endAll([add(6)], sent))).toEqual([12])
  })

  test('has no more statements under way than it may, and no more items in one', async () => {
    const { add, sent, statements } = held({ statements: 2, most: 3 })
    const work = [1, 2, 3, 4, 5, 6].map(add)
    expect(statements()).toEqual([[1], [2]])
    sent[1]?.end()
    expect(await work[1]).toBe(4)
    await tick()
    expect(statements()).toEqual([[1], [2], [3, 4, 5]])
    expect(valuesOf(await endAll(work, sent))).toEqual([2, 4, 6, 8, 10, 12])
    expect(statements()).toEqual([[1], [2], [3, 4, 5], [6]])
  })

  test('tells nobody before the statement has ended', async () => {
    const { add, sent } = held()
    const told: number[] = []
    const work = [1, 2].map(async (item) => told.push(await add(item)))
    await tick()
    expect(told).toEqual([])
    await endAll(work, sent)
    expect(told).toEqual([2, 4])
  })

  test('lets a bad item fail alone, and finds it by halves', async () => {
    const { add, sent, statements } = held({ bad: [0, 150] })
    const results = await endAll(
      Array.from({ length: 200 }, (_, item) => add(item)),
      sent,
    )
    expect(valuesOf(results)).toEqual(results.map((_, item) => (item === 0 || item === 150 ? 'Refused' : item * 2)))
    expect(statements().length).toBeLessThan(20)
  })

  test('sends again what gave way to somebody else, and not what may have been written', async () => {
    const contended = held({ bad: [3], fault: () => new StorageUnavailable('contention') })
    const one = await endAll([1, 2, 3, 4].map(contended.add), contended.sent)
    expect(valuesOf(one)).toEqual([2, 4, 'StorageUnavailable', 8])
    const away = held({ bad: [3], fault: () => new StorageUnavailable('unreachable') })
    const other = await endAll([1, 2, 3, 4].map(away.add), away.sent)
    expect(valuesOf(other)).toEqual([2, 'StorageUnavailable', 'StorageUnavailable', 'StorageUnavailable'])
    expect(away.statements()).toEqual([[1], [2, 3, 4]])
    expect(valuesOf(await endAll([away.add(5)], away.sent))).toEqual([10])
  })

  test('takes a statement that forgets an answer as a mistake', async () => {
    const add = createGroup<number, number>({ statements: 1, send: async () => [] })
    await expect(add(1)).rejects.toThrow(TypeError)
  })
})
