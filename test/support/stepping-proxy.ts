/**
 * stepping-proxy stands between a process and PostgreSQL and counts what the process sends, so that a test can end the
 * process before or after any single step of a transaction.
 * @module
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

interface Plan {
  /** Which message, counted from 1, of those that `matching` lets count. */
  readonly step: number
  readonly when: 'before' | 'after'
  /** Only messages with this in them count, as text: `/commit/i`. */
  readonly matching?: RegExp
  /** What it asks meanwhile gets no answer; its connection is cut when this is done. */
  readonly strike: () => unknown
}

export interface SteppingProxy {
  /** The database's URL through the proxy. */
  readonly url: string
  /** From now on: at the `step`-th message from the process, call `strike`. `before`: the message is not passed on. */
  arm(plan: Plan): void
  /** Stops counting. Returns how many messages came since {@link arm}, and whether the strike was made. */
  disarm(): { messages: number; struck: boolean }
  close(): Promise<void>
}

export async function startSteppingProxy(databaseUrl: string): Promise<SteppingProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let plan: Plan | undefined
  let messages = 0
  let struck = false

  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    // Once the strike is made nothing goes through any more: what the process had asked for happened, its answer is lost.
    let closed = false
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    const made = async (strike: Plan['strike']) => {
      try {
        await strike()
      } finally {
        near.destroy()
      }
    }
    near.on('data', (chunk: Buffer) => {
      if (closed) return
      messages += plan && (plan.matching?.test(chunk.toString('latin1')) ?? true) ? 1 : 0
      if (plan && !struck && messages === plan.step) {
        const { strike } = plan
        struck = true
        if (plan.when === 'after') {
          closed = true
          far.write(chunk)
          far.once('data', () => void made(strike))
        } else {
          closed = true
          void made(strike)
        }
        return
      }
      far.write(chunk)
    })
    far.on('data', (chunk: Buffer) => {
      if (!closed) near.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const through = new URL(databaseUrl)
  through.port = String(address !== null && typeof address === 'object' ? address.port : '')
  return {
    url: through.href,
    arm(next) {
      plan = next
      messages = 0
      struck = false
    },
    disarm() {
      plan = undefined
      return { messages, struck }
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
