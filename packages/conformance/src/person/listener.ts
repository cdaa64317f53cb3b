/**
 * What the kit serves while it plays a client: documents that an issuer fetches, and requests that it sends.
 *
 * It listens on loopback only, so it can be reached by an issuer on this machine and by no other.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConformanceError } from '../errors.ts'
import type { Target } from '../target.ts'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly body: string
}

export interface Listener extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** What a GET of `path` answers from now on. */
  serve(path: string, document: { readonly type: string; readonly body: string }): string
  readonly received: readonly ReceivedRequest[]
}

const MOST_BYTES = 64 * 1024
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Whether an issuer could fetch from a listener here. */
export const isOnThisMachine = (url: string): boolean => LOOPBACK.test(new URL(url).hostname)

/**
 * @param address whose port is taken; default is a free one.
 * @throws {ConformanceError} `target_invalid` when the address is not of this machine, or its port is taken.
 */
export async function startListener(address?: string): Promise<Listener> {
  const wanted = address === undefined ? undefined : URL.parse(address)
  if (address !== undefined && (wanted === null || wanted?.protocol !== 'http:' || !LOOPBACK.test(wanted.hostname)))
    throw new ConformanceError('target_invalid', `the kit can only listen at an http address of this machine, not at ${address}`)
  const documents = new Map<string, { readonly type: string; readonly body: string }>()
  const received: ReceivedRequest[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    let size = 0
    request.on('data', (part: Buffer) => {
      size += part.byteLength
      if (size > MOST_BYTES) request.destroy()
      else parts.push(part)
    })
    request.on('end', () => {
      const path = request.url ?? '/'
      const { method = 'GET', headers } = request
      received.push({ method, path, type: headers['content-type'] ?? '', body: Buffer.concat(parts).toString('utf8') })
      const document = documents.get(path)
      if (method === 'POST') response.writeHead(200, { 'cache-control': 'no-store' }).end()
      else if (document === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': document.type, 'cache-control': 'no-store' }).end(document.body)
    })
  })
  await new Promise<void>((done, fail) => {
    server.once('error', (cause) =>
      fail(new ConformanceError('target_invalid', `the kit cannot listen at ${address ?? 'loopback'}`, { cause })),
    )
    server.listen(Number(wanted?.port ?? 0), wanted?.hostname.replaceAll(/[[\]]/g, '') ?? '127.0.0.1', done)
  })
  const origin = wanted?.origin ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP listener has a port
  return {
    origin,
    received,
    serve(path, document) {
      documents.set(path, document)
      return `${origin}${path}`
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

const ROUNDS = 20
const ROUND_MILLISECONDS = 250

/** What was received, when it came within five seconds. */
export async function waitFor(
  target: Target,
  { received }: Listener,
  fits: (request: ReceivedRequest) => boolean,
): Promise<ReceivedRequest | undefined> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = received.find(fits)
    if (found !== undefined) return found
    await target.wait(ROUND_MILLISECONDS)
    // A clock that is moved gives nothing time to arrive.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return received.find(fits)
}
