import { connect, createServer, type Socket } from 'node:net'

/** A way to a database that can be cut or swallowed. */
export interface FaultProxy {
  /** The database's URL through the proxy. */
  readonly url: string
  /** Breaks every connection and refuses new ones. */
  cut(): void
  /** Keeps connections open, but nothing goes through any more, in either direction. */
  swallow(): void
  /** Lets everything through again; what was swallowed is lost. */
  restore(): void
  close(): Promise<void>
}

/** Starts a proxy on a free loopback port in front of the database at `url`. */
export async function startFaultProxy(url: string): Promise<FaultProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'swallow' = 'open'
  const follow = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', (data) => {
      if (state !== 'swallow') to.write(data)
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((socket) => {
    if (state === 'cut') {
      socket.destroy()
      return
    }
    const onward = connect(Number(target.port), target.hostname)
    follow(socket, onward)
    follow(onward, socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const through = new URL(url)
  through.port = String(typeof address === 'object' && address !== null ? address.port : '')
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: through.href,
    cut() {
      state = 'cut'
      breakAll()
    },
    swallow() {
      state = 'swallow'
    },
    restore() {
      if (state === 'swallow') breakAll()
      state = 'open'
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      breakAll()
      await closed
    },
  }
}
