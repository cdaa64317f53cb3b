/**
 * A process of its own that asks for actor tokens on kept-alive connections. Cheap on purpose, because it shares the cores with
 * the service: requests are bytes that were made before, assertions are signed before, and answers are looked at afterwards.
 * Each answer must have status 200 and a token that no other answer had.
 */
import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import process from 'node:process'
import { promisify } from 'node:util'
import { openConnection, postBytes, readAnswer } from './kept-connection.ts'

export interface ActorLoad {
  readonly url: string
  readonly resource: string
  readonly header: Readonly<Record<string, string>>
  readonly claims: Readonly<Record<string, string>>
  /** PKCS #8 PEM. */
  readonly privateKey: string
  /** Each assertion is used once and says so by its `jti`; otherwise a few without one are used over and over. */
  readonly once: boolean
  readonly connections: number
  readonly milliseconds: number
}

export interface ActorLoadResult {
  readonly answered: number
  readonly milliseconds: number
  /** Milliseconds of processors that asking took, without what was made before and looked at afterwards. */
  readonly processor: number
  readonly median: number
  readonly p99: number
}

/** Assertions without `jti` in use at a time. */
const REUSED = 64
const signed = promisify(sign)
/** The signatures of all tokens that ever came, to find one that came twice. */
const seen = new Set<string>()

/** One request, ready to send. */
async function makeRequest({ url, resource, header, claims, once }: ActorLoad, key: ReturnType<typeof createPrivateKey>) {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part({ ...claims, nbf: now, exp: now + 600, ...(once ? { jti: randomUUID() } : {}) })}`
  const assertion = `${input}.${(await signed('sha256', Buffer.from(input), key)).toString('base64url')}`
  const body = new URLSearchParams({ grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer', assertion, resource }).toString()
  return postBytes(url, { 'Content-Type': 'application/x-www-form-urlencoded' }, body)
}

async function makeRequests(load: ActorLoad, count: number): Promise<Buffer[]> {
  const key = createPrivateKey(load.privateKey)
  const requests: Buffer[] = []
  // As many at a time as the pool has threads.
  while (requests.length < count) requests.push(...(await Promise.all([1, 2, 3, 4].map(() => makeRequest(load, key)))))
  return requests
}

function checkAnswer(text: string): void {
  const { access_token: token } = readAnswer(text)
  const signature = typeof token === 'string' ? token.split('.')[2] : undefined
  if (signature === undefined || seen.has(signature)) throw new TypeError('a token is missing, or came twice')
  seen.add(signature)
}

let requests: { url: string; once: boolean; left: Buffer[] } | undefined

async function run(load: ActorLoad): Promise<ActorLoadResult> {
  // More than any machine of today gives to one service in that time; a round that uses them up ends early.
  const wanted = load.once ? Math.ceil((load.milliseconds / 1000) * 2500) : REUSED
  if (requests?.url !== load.url || requests.once !== load.once) requests = { url: load.url, once: load.once, left: [] }
  const { left } = requests
  if (left.length < wanted) left.push(...(await makeRequests(load, wanted - left.length)))
  const connections = await Promise.all(Array.from({ length: load.connections }, () => openConnection(load.url)))
  const texts: string[] = []
  const times: number[] = []
  const start = performance.now()
  const used = process.cpuUsage()
  const end = start + load.milliseconds
  await Promise.all(
    connections.map(async (connection, at) => {
      for (let turn = at; performance.now() < end; turn += load.connections) {
        const request = load.once ? left.pop() : left[turn % left.length]
        if (request === undefined) return
        const sent = performance.now()
        texts.push(await connection.ask(request))
        times.push(performance.now() - sent)
      }
    }),
  )
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  for (const connection of connections) connection.end()
  for (const text of texts) checkAnswer(text)
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { answered: times.length, milliseconds, processor: (user + system) / 1000, median: at(0.5), p99: at(0.99) }
}

process.on('message', (load: ActorLoad) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
