import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
// @ts-expect-error: the package has no types; what we use of it is written down here
import library from 'smpp'

/** One protocol data unit as the library reads it. */
export interface Pdu {
  readonly command: string
  /** 0 is `ESME_ROK` (SMPP 3.4 section 5.1.3). */
  readonly command_status: number
  readonly message_id?: string
  isResponse(): boolean
  response(options?: { command_status?: number; message_id?: string }): Pdu
}

export interface DeliverSm extends Pdu {
  readonly esm_class?: number
  readonly short_message?: { readonly message?: string | Buffer }
  readonly receipted_message_id?: string
  readonly message_state?: number
}

type Answered = (pdu: Pdu) => void

/** A connection. The commands return `false` when nothing was written, and then never call back. */
export interface Session extends EventEmitter {
  readonly socket: Socket
  bind_transceiver(fields: Readonly<Record<string, string | number>>, answered: Answered): boolean
  submit_sm(fields: Readonly<Record<string, string | number | Buffer>>, answered: Answered): boolean
  enquire_link(fields: Readonly<Record<string, never>>, answered: Answered): boolean
  unbind(fields: Readonly<Record<string, never>>, answered: Answered): boolean
  /** Sends a response. */
  send(pdu: Pdu): boolean
  destroy(): void
}

interface Library {
  /** Members beyond host, port and tls go to `net.connect` or `tls.connect`. Calls `connected` when the socket is open. */
  connect(options: { host: string; port: number; tls: boolean; ca?: string }, connected: () => void): Session
  readonly errors: Readonly<Record<string, number>>
}

// The library is untyped; `Library` says what its documentation and source promise.
export const smpp: Library = library

const names = new Map(Object.entries(smpp.errors).map(([name, status]) => [status, name] as const))

/** The name of a status, e.g. `ESME_RTHROTTLED`. */
export const statusName = (status: number): string => names.get(status) ?? `0x${status.toString(16).padStart(8, '0')}`
