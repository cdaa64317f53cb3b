/**
 * A process of its own that sends one request over and over on kept-alive connections and counts the answers. It is forked by
 * client-credentials.ts and told by messages what to do; it judges nothing but status 200 and that a body came.
 */
import { Agent, request as httpRequest } from 'node:http'
import process from 'node:process'

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
  readonly median: number
  readonly p99: number
}

function send(load: Load, agent: Agent): Promise<{ ok: boolean; said: string }> {
  return new Promise((done, failed) => {
    const outgoing = httpRequest(
      load.url,
      { method: 'POST', agent, headers: { ...load.headers, 'content-length': Buffer.byteLength(load.body) } },
      (response) => {
        let said = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          said += part
        })
        response.on('end', () =>
          done({ ok: response.statusCode === 200 && said.length > 0, said: `${response.statusCode} ${said}` }),
        )
        response.on('error', failed)
      },
    )
    outgoing.on('error', failed)
    outgoing.end(load.body)
  })
}

async function run(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const times: number[] = []
  let refused = 0
  let refusal: string | undefined
  const start = performance.now()
  const end = start + load.milliseconds
  const connection = async () => {
    while (performance.now() < end) {
      const sent = performance.now()
      const { ok, said } = await send(load, agent)
      if (ok) times.push(performance.now() - sent)
      else {
        refused += 1
        refusal ??= said.slice(0, 300)
      }
    }
  }
  await Promise.all(Array.from({ length: load.connections }, connection))
  const milliseconds = performance.now() - start
  agent.destroy()
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return {
    answered: times.length,
    refused,
    ...(refusal !== undefined && { refusal }),
    milliseconds,
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
