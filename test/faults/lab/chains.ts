/**
 * chains are honest clients that go on refreshing, each its own family, while an experiment breaks things under them. A chain
 * is lost when a refresh of the newest token that its client was given is refused for good.
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type HonestClient, isLost } from './honest-client.ts'

export interface Chains {
  /** Answers of 200 so far. */
  readonly rotated: number
  /** Answers that told nothing: 503, or none. */
  readonly unanswered: number
  /** Names of those that were refused, with what they were told. */
  readonly lost: readonly string[]
  /** Resolves when each chain has had `more` further successes, or is lost; every chain goes on. */
  advance(more: number): Promise<void>
  /** Lets what is under way end, then asks once more with every chain until it is answered. */
  settle(): Promise<void>
}

/** How long a client that was told 503 waits before it asks again. Shorter than what it is told, so that recovery is seen early. */
const pauseMilliseconds = 100

export function startChains(clients: readonly HonestClient[]): Chains {
  const lost = new Map<string, string>()
  const done = new Map(clients.map(({ name }) => [name, 0]))
  let unanswered = 0
  let ending = false

  async function once(client: HonestClient): Promise<void> {
    const token = client.token
    const asked = await client.refresh(token)
    if (asked.answer?.status === 200) done.set(client.name, (done.get(client.name) ?? 0) + 1)
    else if (isLost(asked)) {
      unanswered += 1
      await wait(pauseMilliseconds)
    } else lost.set(client.name, `${client.name}: ${asked.answer?.status} ${asked.answer?.text.slice(0, 120)}`)
  }
  const running = clients.map(async (client) => {
    while (!ending && !lost.has(client.name)) await once(client)
  })
  const reached = async (name: string, goal: number): Promise<void> => {
    for (let tries = 0; tries < 1200 && !lost.has(name) && (done.get(name) ?? 0) < goal; tries += 1) await wait(50)
  }

  return {
    get rotated() {
      return [...done.values()].reduce((sum, one) => sum + one, 0)
    },
    get unanswered() {
      return unanswered
    },
    get lost() {
      return [...lost.values()]
    },
    advance: async (more) => void (await Promise.all([...done].map(([name, now]) => reached(name, now + more)))),
    async settle() {
      ending = true
      await Promise.all(running)
      await Promise.all(
        clients.map(async (client) => {
          const goal = (done.get(client.name) ?? 0) + 1
          for (let tries = 0; tries < 300 && !lost.has(client.name) && done.get(client.name) !== goal; tries += 1)
            await once(client)
          if (done.get(client.name) !== goal && !lost.has(client.name))
            lost.set(client.name, `${client.name}: no answer any more`)
        }),
      )
    },
  }
}
