/**
 * A process of its own that sends one request over and over on kept-alive connections and counts the answers. It is forked by
 * the benchmarks and told by messages what to do; it judges nothing but status 200 and that a body came. Cheap on purpose, because it
 * shares the cores with the service: the request is bytes that were made before.
 */
import process from 'node:process'
import { type KeptConnection, openConnection, postBytes } from './kept-connection.ts'

export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly connections: number
  readonly milliseconds: number
}

export interface LoadResult {
  readonly answered: number
  readonly refused: number
  /** What the first refusal said. */
  readonly refusal?: string
  readonly milliseconds: number
  /** Milliseconds of processors that asking took. */
  readonly processor: number
  readonly median: number
  readonly p99: number
}

async function run(load: Load): Promise<LoadResult> {
  const request = postBytes(load.url, load.headers, load.body)
  const connections: KeptConnection[] = []
  // One after the other, so that they are dealt out to the workers in turn.
  while (connections.length < load.connections) connections.push(await openConnection(load.url))
  const times: number[] = []
  let refused = 0
  let refusal: string | undefined
  const start = performance.now()
  const used = process.cpuUsage()
  const end = start + load.milliseconds
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < end) {
        const sent = performance.now()
        const said = await connection.ask(request)
        if (said.startsWith('HTTP/1.1 200 ') && !said.endsWith('\r\n\r\n')) times.push(performance.now() - sent)
        else {
          refused += 1
          refusal ??= said.slice(0, 600)
        }
      }
    }),
  )
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  for (const connection of connections) connection.end()
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return {
    answered: times.length,
    refused,
    ...(refusal !== undefined && { refusal }),
    milliseconds,
    processor: (user + system) / 1000,
    median: at(0.5),
    p99: at(0.99),
  }
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
