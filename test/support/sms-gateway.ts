/**
 * sms-gateway is a web service for messages on loopback: it keeps every request, and answers as it is told. It does not
 * know one provider from another; the tests read the requests as the provider would.
 * @module
 */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface GatewayRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface GatewayAnswer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface SmsGateway {
  readonly url: string
  readonly requests: readonly GatewayRequest[]
  /** `silent`: reads the request and says nothing. `drop`: reads it and closes the connection. */
  answer(next: GatewayAnswer | 'silent' | 'drop'): void
  /** Resolves when that many requests were read. */
  heard(times: number): Promise<void>
  goDown(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

export async function startSmsGateway(): Promise<SmsGateway> {
  const requests: GatewayRequest[] = []
  const events = new EventEmitter()
  let next: GatewayAnswer | 'silent' | 'drop' = { status: 202, body: '0: Accepted for delivery' }
  const silent = new Set<ServerResponse>()

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      })
      if (next === 'silent') silent.add(response)
      else if (next === 'drop') request.socket.destroy()
      else response.writeHead(next.status, next.headers).end(next.body ?? '')
      events.emit('request')
    })
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  await listen(0)
  const { port } = server.address() as AddressInfo // a TCP server has no other kind of address

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer(wanted) {
      next = wanted
    },
    async heard(times) {
      while (requests.length < times) await once(events, 'request')
    },
    goDown: stop,
    comeBack: () => listen(port),
    close: stop,
  }
}
