/**
 * group-commit lets callers who write at the same time share one statement, and with it one commit.
 *
 * It owns who goes together and who is told what. It does not know what is written, and has no clock: whoever comes while
 * nothing is under way goes at once and alone, whoever comes later goes with all who came meanwhile. An idle service thus
 * answers as fast as without it, and a busy one writes more with each commit.
 * @module
 */
import { StorageUnavailable } from './errors.ts'

export interface GroupOptions<Item, Answer> {
  /** Writes all of them or none, by one statement, and answers in their order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Answer[]>
  /** How many statements may be under way at a time. */
  readonly statements: number
  /** How many items one statement may carry. */
  readonly most?: number
  /** Whoever comes in the same turn of the event loop goes together, the first one too: nothing is sent before its end. */
  readonly gathers?: boolean
}

interface Waiting<Item, Answer> extends Pick<PromiseWithResolvers<Answer>, 'resolve' | 'reject'> {
  readonly item: Item
}

/**
 * The returned function resolves when its item is committed. One that the database refuses fails alone: the statement is
 * sent again in halves, since a failed one has written nothing. When the database is away, all of a statement fail together,
 * as each of them would alone; whether they were written is then as unknown as after any lost connection.
 */
export function createGroup<Item, Answer>(options: GroupOptions<Item, Answer>): (item: Item) => Promise<Answer> {
  const { send, statements, most = 256, gathers = false } = options
  const waiting: Waiting<Item, Answer>[] = []
  let underWay = 0
  let isGathering = false

  async function answer(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ item }) => item))
      if (answers.length !== batch.length) throw new TypeError('A statement for many answers for each of them')
      for (const [index, one] of batch.entries()) one.resolve(answers[index] as Answer) // counted one line above
    } catch (error) {
      if (batch.length === 1 || (error instanceof StorageUnavailable && error.reason !== 'contention')) {
        for (const { reject } of batch) reject(error)
        return
      }
      const middle = Math.ceil(batch.length / 2)
      await answer(batch.slice(0, middle))
      await answer(batch.slice(middle))
    }
  }

  function next(): void {
    while (underWay < statements && waiting.length > 0) {
      underWay += 1
      void answer(waiting.splice(0, most)).then(() => {
        underWay -= 1
        next()
      })
    }
  }

  function endOfTurn(): void {
    isGathering = false
    next()
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    waiting.push({ item, resolve, reject })
    if (!gathers) next()
    else if (!isGathering) {
      isGathering = true
      setImmediate(endOfTurn)
    }
    return promise
  }
}
