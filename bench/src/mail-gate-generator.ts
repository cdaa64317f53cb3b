/**
 * A process of its own that asks the gate about one app after the other, on kept-alive connections as a mail server does.
 * Cheap on purpose, like actor-generator.ts. Every answer must let in the very person whose app asked, by the app password.
 */
import process from 'node:process'
import { type KeptConnection, openConnection, postBytes, readAnswer } from './kept-connection.ts'
import type { GateTold } from './mail-gate-server.ts'

export interface GateLoad extends Pick<GateTold, 'authorization' | 'questions'> {
  readonly url: string
  readonly connections: number
  /** Asks for so long; or once about each app, on whichever connection; or about each app on each connection. */
  readonly until: Readonly<{ milliseconds: number }> | 'each app' | 'each app on each connection'
  /** A server that answers everybody the same: only the status is looked at. */
  readonly isFixed: boolean
}

export interface GateLoadResult {
  readonly answered: number
  readonly milliseconds: number
  /** Milliseconds of processors that asking took. */
  readonly processor: number
  readonly median: number
  readonly p99: number
}

const nextAt = new Map<string, number>()

function checkAnswer(text: string, asked: string): void {
  const { decision, reason, account } = readAnswer(text)
  const upn: unknown = Object(account).upn
  if (decision !== 'allow' || reason !== 'app_password' || upn !== asked)
    throw new TypeError(`${asked} was told ${String(decision)} ${String(reason)}, as ${String(upn)}`)
}

async function run(load: GateLoad): Promise<GateLoadResult> {
  const { url, questions, until, isFixed } = load
  const headers = { 'Content-Type': 'application/json', Authorization: load.authorization }
  const requests = questions.map(({ body }) => postBytes(url, headers, body))
  const connections: KeptConnection[] = []
  // One after the other, so that they are dealt out to the workers in turn.
  while (connections.length < load.connections) connections.push(await openConnection(url))
  const answers: { text: string; upn: string }[] = []
  const times: number[] = []
  const askAbout = async (connection: KeptConnection, index: number) => {
    const at = index % requests.length
    const [request, question] = [requests[at], questions[at]]
    if (request === undefined || question === undefined) throw new TypeError('nobody was named')
    const sent = performance.now()
    const text = await connection.ask(request)
    times.push(performance.now() - sent)
    answers.push({ text, upn: question.upn })
  }
  const start = performance.now()
  const used = process.cpuUsage()
  await Promise.all(
    connections.map(async (connection, at) => {
      if (typeof until === 'string') {
        const [first, step] = until === 'each app' ? [at, connections.length] : [0, 1]
        for (let index = first; index < requests.length; index += step) await askAbout(connection, index)
        return
      }
      while (performance.now() < start + until.milliseconds) {
        const index = nextAt.get(url) ?? 0
        nextAt.set(url, index + 1)
        await askAbout(connection, index)
      }
    }),
  )
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  for (const connection of connections) connection.end()
  for (const { text, upn } of answers) isFixed ? readAnswer(text) : checkAnswer(text, upn)
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { answered: times.length, milliseconds, processor: (user + system) / 1000, median: at(0.5), p99: at(0.99) }
}

process.on('message', (load: GateLoad) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
