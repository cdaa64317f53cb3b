/**
 * balancer stands in front of several processes of the service under one address, as in a real installation: each new
 * connection goes to the next process. It looks at nothing that passes.
 * @module
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  readonly baseUrl: string
  /** From now on. Before, and with none, connections are closed. */
  serve(ports: readonly number[]): void
  /** How many connections each port got. */
  readonly connections: ReadonlyMap<number, number>
  close(): Promise<void>
}

export async function startBalancer(): Promise<Balancer> {
  let targets: readonly number[] = []
  let turn = 0
  const connections = new Map<number, number>()
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const port = targets[turn % Math.max(1, targets.length)]
    turn += 1
    if (port === undefined) return void near.destroy()
    connections.set(port, (connections.get(port) ?? 0) + 1)
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far).pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return {
    baseUrl: `http://localhost:${address.port}`,
    connections,
    serve: (ports) => {
      targets = ports
    },
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
