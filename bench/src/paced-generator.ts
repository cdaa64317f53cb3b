/**
 * A process of its own that sends one request at a fixed pace, whether or not the one before was answered, so that a slow
 * answer does not hide the wait of those behind it. Latencies count from when a request was due.
 */
import { Agent, request as httpRequest } from 'node:http'
import process from 'node:process'
import { setTimeout as until } from 'node:timers/promises'

export interface PacedLoad {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly perSecond: number
  readonly milliseconds: number
}

export interface PacedResult {
  /** Milliseconds of each answer, in no order. */
  readonly latencies: readonly number[]
  readonly refused: number
}

function send(load: PacedLoad, agent: Agent): Promise<boolean> {
  return new Promise((done) => {
    const headers = { ...load.headers, 'content-length': Buffer.byteLength(load.body) }
    const outgoing = httpRequest(load.url, { method: 'POST', agent, family: 4, headers }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode === 200))
      response.on('error', () => done(false))
    })
    outgoing.on('error', () => done(false))
    outgoing.end(load.body)
  })
}

async function run(load: PacedLoad): Promise<PacedResult> {
  const agent = new Agent({ keepAlive: true })
  const latencies: number[] = []
  let refused = 0
  const answers: Promise<void>[] = []
  const start = performance.now()
  const count = Math.floor((load.milliseconds / 1000) * load.perSecond)
  for (let index = 0; index < count; index += 1) {
    const due = start + (index / load.perSecond) * 1000
    const early = due - performance.now()
    if (early > 0) await until(early)
    answers.push(
      send(load, agent).then((isRight) => {
        if (isRight) latencies.push(performance.now() - due)
        else refused += 1
      }),
    )
  }
  await Promise.all(answers)
  agent.destroy()
  return { latencies, refused }
}

process.on('message', (load: PacedLoad) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
