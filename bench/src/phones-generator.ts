/**
 * A process of its own in which a mail server asks about one phone after the other, at a fixed pace whether or not the one before
 * was answered, or as fast as a few connections allow. Tells what each was answered.
 */
import process from 'node:process'
import { setTimeout as until } from 'node:timers/promises'
import { type KeptConnection, openConnection, postBytes, readAnswer } from './kept-connection.ts'

export interface PhonesLoad {
  readonly url: string
  readonly authorization: string
  /** Each is asked once, in this order. */
  readonly bodies: readonly string[]
  readonly pace: Readonly<{ perSecond: number }> | Readonly<{ connections: number }>
}

export interface PhonesResult {
  /** How often each answer was given, as `decision reason`. */
  readonly answers: Readonly<Record<string, number>>
  readonly milliseconds: number
  /** Of an answer, counted from when its question was due. */
  readonly p99: number
}

async function run({ url, authorization, bodies, pace }: PhonesLoad): Promise<PhonesResult> {
  const headers = { 'Content-Type': 'application/json', Authorization: authorization }
  const answers: Record<string, number> = {}
  const times: number[] = []
  // Left open between questions, as a mail server does; another one only while all are busy. In turn, so that none is idle for
  // so long that the service closes it.
  const free: KeptConnection[] = []
  const askAbout = async (body: string, due: number) => {
    const connection = free.shift() ?? (await openConnection(url))
    const { decision, reason } = readAnswer(await connection.ask(postBytes(url, headers, body)))
    free.push(connection)
    times.push(performance.now() - due)
    const said = `${String(decision)} ${String(reason)}`
    answers[said] = (answers[said] ?? 0) + 1
  }
  const start = performance.now()
  if ('connections' in pace) {
    let next = 0
    const one = async () => {
      for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await askAbout(body, performance.now())
    }
    await Promise.all(Array.from({ length: pace.connections }, one))
  } else {
    const asked: Promise<void>[] = []
    for (const [index, body] of bodies.entries()) {
      const due = start + (index / pace.perSecond) * 1000
      const early = due - performance.now()
      if (early > 0) await until(early)
      asked.push(askAbout(body, due))
    }
    await Promise.all(asked)
    // The last one's share of the time.
    await until(Math.max(0, start + (bodies.length / pace.perSecond) * 1000 - performance.now()))
  }
  const milliseconds = performance.now() - start
  for (const connection of free) connection.end()
  times.sort((one, other) => one - other)
  return { answers, milliseconds, p99: times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? Number.NaN }
}

process.on('message', (load: PhonesLoad) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
