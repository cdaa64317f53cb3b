import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut, swallowed, slowed, or led to another server. */
export interface FaultProxy {
  /** The server's URL through the proxy. */
  readonly url: string
  /** How many connections are open now, counted on the near side. */
  readonly connections: number
  /** Breaks every connection and refuses new ones. */
  cut(): void
  /** Keeps connections open, but nothing goes through any more, in either direction. */
  swallow(): void
  /** From now on each piece of an answer arrives `milliseconds` late, in its order. */
  slow(milliseconds: number): void
  /** From now on new connections lead to the server at `url`; those that are there are broken. */
  lead(url: string): void
  /** Lets everything through again; what was swallowed or still on its way is lost. */
  restore(): void
  close(): Promise<void>
}

/** Starts a proxy on a free loopback port in front of the server at `url`, whatever it speaks over TCP. */
export async function startFaultProxy(url: string): Promise<FaultProxy> {
  let target = new URL(url)
  const near = new Set<Socket>()
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'swallow' | 'slow' = 'open'
  let late = 0
  const sendLate = (to: Socket, data: Buffer) => {
    setTimeout(() => {
      if (!to.destroyed) to.write(data)
    }, late).unref()
  }
  const follow = (from: Socket, to: Socket, answers: boolean) => {
    sockets.add(from)
    from.on('data', (data) => {
      if (state === 'swallow') return
      if (state === 'slow' && answers) sendLate(to, data)
      else to.write(data)
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
    near.add(socket)
    socket.on('close', () => near.delete(socket))
    const onward = connect(Number(target.port), target.hostname)
    follow(socket, onward, false)
    follow(onward, socket, true)
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
    get connections() {
      return near.size
    },
    cut() {
      state = 'cut'
      breakAll()
    },
    swallow() {
      state = 'swallow'
    },
    slow(milliseconds) {
      state = 'slow'
      late = milliseconds
    },
    lead(other) {
      target = new URL(other)
      breakAll()
    },
    restore() {
      if (state === 'swallow' || state === 'slow') breakAll()
      state = 'open'
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      breakAll()
      await closed
    },
  }
}
