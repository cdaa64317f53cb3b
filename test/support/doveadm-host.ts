/**
 * doveadm-host is an HTTP server on loopback that speaks as doveadm of Dovecot 2.3 does: it knows who is connected and ends that.
 * It can be busy, find a name unusable, go away and come back on the same port. It is no Dovecot: test/servers has a real one.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'

export interface DoveadmHost {
  /** Without its path. */
  readonly url: string
  readonly key: string
  connect(name: string, connections: number): void
  /** Names of those who are connected. */
  connected(): readonly string[]
  /** The masks that were asked for, with the right key, in order. */
  asked(): readonly string[]
  /** Requests with a wrong key. */
  refused(): number
  /** `busy`: fails for now. `usage`: says that the mask is none. */
  behave(mood: 'answer' | 'busy' | 'usage'): void
  goDown(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

const exitCodes = { nobody: 68, busy: 75, usage: 64 }
const failure = (exitCode: number, tag: unknown) => [['error', { type: 'exitCode', exitCode }, tag]]

export async function startDoveadmHost(): Promise<DoveadmHost> {
  const key = randomBytes(12).toString('base64url')
  const connections = new Map<string, number>()
  const asked: string[] = []
  let refused = 0
  let mood: 'answer' | 'busy' | 'usage' = 'answer'
  let server: Server | undefined

  function answer(commands: unknown): unknown {
    const [[command, parameters, tag]] = commands as [[string, { mask: string[] }, string]] // the one form that is spoken here
    if (command !== 'kick') return [['error', { type: 'unknownMethod' }, tag]]
    const [mask = ''] = parameters.mask
    asked.push(mask)
    if (mood !== 'answer') return failure(exitCodes[mood], tag)
    const kicked = [...connections.keys()].filter((name) => matches(mask, name))
    for (const name of kicked) connections.delete(name)
    return kicked.length === 0 ? failure(exitCodes.nobody, tag) : [['doveadmResponse', kicked.map((result) => ({ result })), tag]]
  }

  async function listen(port: number): Promise<number> {
    server = createServer(async (request, response) => {
      const body = await readBody(request)
      const isAllowed = request.headers.authorization === `X-Dovecot-API ${Buffer.from(key).toString('base64')}`
      if (!isAllowed) refused += 1
      const isOurs = request.method === 'POST' && request.url === '/doveadm/v1'
      response.statusCode = !isAllowed ? 401 : isOurs ? 200 : 404
      response.setHeader('Content-Type', 'application/json; charset=utf-8')
      response.end(response.statusCode === 200 ? JSON.stringify(answer(JSON.parse(body))) : '')
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }
  async function stop(): Promise<void> {
    const running = server
    server = undefined
    if (running === undefined) return
    running.closeAllConnections()
    await new Promise((resolve) => running.close(resolve))
  }
  const port = await listen(0)

  return {
    url: `http://127.0.0.1:${port}`,
    key,
    connect: (name, count) => void connections.set(name, count),
    connected: () => [...connections.keys()],
    asked: () => asked,
    refused: () => refused,
    behave(next) {
      mood = next
    },
    goDown: stop,
    async comeBack() {
      await listen(port)
    },
    close: stop,
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set
  return Buffer.concat(chunks).toString('utf8')
}

/** `*` stands for anything and `?` for one letter, without regard to case. */
function matches(mask: string, name: string): boolean {
  const pattern = mask
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${pattern}$`, 'i').test(name)
}
