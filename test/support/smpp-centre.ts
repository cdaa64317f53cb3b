/**
 * smpp-centre is a real SMPP 3.4 server on loopback. It takes messages as a centre does, and can be told to be busy, to
 * refuse, to say nothing, to go away and to come back. It keeps what it took; it forwards nothing.
 * @module
 */
import { EventEmitter, once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
// @ts-expect-error: the package has no types; what is used of it is written down below
import library from 'smpp'

/** What the centre says to a `submit_sm`. */
export type CentreMood = 'accept' | 'throttle' | 'queue_full' | 'refuse' | 'silent' | 'drop'

export interface CentreMessage {
  readonly id: string
  readonly from: string
  readonly fromTon: number
  readonly fromNpi: number
  readonly to: string
  /** Decoded; of a concatenated message one part. */
  readonly text: string
  readonly dataCoding: number
  readonly esmClass: number
  /** Reference, number of parts, place of this one. */
  readonly part?: { readonly reference: number; readonly of: number; readonly place: number }
  readonly inPayload: boolean
  readonly validity: string
  readonly wantsReceipt: boolean
}

export interface SmppCentre {
  readonly port: number
  /** What was accepted. */
  readonly messages: readonly CentreMessage[]
  /** Every `submit_sm` that arrived, accepted or not. */
  readonly submitted: number
  readonly binds: number
  readonly unbinds: number
  readonly receiptsAnswered: number
  /** The texts of all accepted messages, with the parts of long ones joined. */
  texts(): readonly string[]
  /** From now on, or for the next `times` messages and `accept` afterwards. */
  behave(mood: CentreMood, times?: number): void
  refuseBinds(refuse: boolean): void
  /** Answers no `enquire_link` any more, as a line that is dead without being closed. */
  ignoreEnquiries(ignore: boolean): void
  /** Sends a delivery receipt for a message that was accepted, by TLVs or by its text. */
  sendReceipt(id: string, form: { state: string; by: 'tlv' | 'text' }): void
  /** Resolves at the next such event, or now for one that came already `times` times. */
  heard(event: 'bind' | 'unbind' | 'message' | 'submit' | 'receipt', times: number): Promise<void>
  goDown(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

interface Pdu {
  readonly command: string
  readonly system_id: string
  readonly password: string
  readonly source_addr: string
  readonly source_addr_ton: number
  readonly source_addr_npi: number
  readonly destination_addr: string
  readonly data_coding: number
  readonly esm_class: number
  readonly validity_period: unknown
  readonly registered_delivery: number
  readonly short_message: { readonly message: string | Buffer; readonly udh?: readonly Buffer[] }
  readonly message_payload?: { readonly message: string }
  response(options?: object): Pdu
}

interface Session extends EventEmitter {
  send(pdu: Pdu): boolean
  deliver_sm(fields: object, answered: () => void): boolean
  destroy(): void
}

const statuses: Partial<Record<CentreMood, number>> = { throttle: 0x58, queue_full: 0x14, refuse: 0x0b }
const bindFailed = 0x0d
const wrongPassword = 0x0e

export async function startSmppCentre(
  options: { systemId?: string; password?: string; tls?: { key: string; cert: string } } = {},
): Promise<SmppCentre> {
  const { systemId = 'postern', password = 'sesame' } = options
  const sessions = new Set<Session>()
  const bound = new Set<Session>()
  const messages: CentreMessage[] = []
  const events = new EventEmitter()
  const counts = { bind: 0, unbind: 0, message: 0, submit: 0, receipt: 0 }
  let mood: CentreMood = 'accept'
  let left = Number.POSITIVE_INFINITY
  let refusesBinds = false
  let ignoresEnquiries = false
  let nextId = 1

  const count = (event: keyof typeof counts) => {
    counts[event] += 1
    events.emit(event)
  }

  function currentMood(): CentreMood {
    if (left <= 0) return 'accept'
    left -= 1
    return mood
  }

  function serve(session: Session): void {
    sessions.add(session)
    session.on('close', () => {
      sessions.delete(session)
      bound.delete(session)
    })
    session.on('error', () => undefined)
    session.on('bind_transceiver', (pdu: Pdu) => {
      const isRight = pdu.system_id === systemId && pdu.password === password
      const status = refusesBinds ? bindFailed : isRight ? 0 : wrongPassword
      session.send(pdu.response(status === 0 ? { system_id: 'centre' } : { command_status: status }))
      if (status === 0) bound.add(session)
      count('bind')
    })
    session.on('enquire_link', (pdu: Pdu) => {
      if (!ignoresEnquiries) session.send(pdu.response())
    })
    session.on('unbind', (pdu: Pdu) => {
      session.send(pdu.response())
      bound.delete(session)
      count('unbind')
    })
    session.on('submit_sm', (pdu: Pdu) => take(session, pdu))
  }

  function take(session: Session, pdu: Pdu): void {
    const now = currentMood()
    const status = statuses[now]
    if (status !== undefined) session.send(pdu.response({ command_status: status }))
    if (now === 'drop') session.destroy()
    if (now === 'accept' || now === 'silent') {
      const id = `m-${nextId++}`
      // A centre that says nothing may have taken the message all the same; this one has.
      messages.push(readMessage(id, pdu))
      if (now === 'accept') session.send(pdu.response({ message_id: id }))
      count('message')
    }
    count('submit')
  }

  const server: Server = library.createServer(options.tls ?? {}, serve)
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const session of sessions) session.destroy()
    await closed
  }
  await listen(0)
  const { port } = server.address() as AddressInfo // a TCP server has no other kind of address

  return {
    port,
    messages,
    get submitted() {
      return counts.submit
    },
    get binds() {
      return counts.bind
    },
    get unbinds() {
      return counts.unbind
    },
    get receiptsAnswered() {
      return counts.receipt
    },
    texts: () => joinTexts(messages),
    behave(next, times = Number.POSITIVE_INFINITY) {
      mood = next
      left = times
    },
    refuseBinds(refuse) {
      refusesBinds = refuse
    },
    ignoreEnquiries(ignore) {
      ignoresEnquiries = ignore
    },
    sendReceipt(id, { state, by }) {
      const message = messages.find((one) => one.id === id)
      const session = [...bound][0]
      if (message === undefined || session === undefined) throw new TypeError('There is no such message, or nobody is bound')
      const text = `id:${id} sub:001 dlvrd:001 submit date:2611230000 done date:2611230001 stat:${state} err:000 text:${message.text.slice(0, 20)}`
      const byNumber = { message_state: 2, receipted_message_id: id }
      session.deliver_sm(
        {
          source_addr: message.to,
          destination_addr: message.from,
          esm_class: 0x04,
          short_message: text,
          ...(by === 'tlv' ? byNumber : {}),
        },
        () => count('receipt'),
      )
    },
    async heard(event, times) {
      while (counts[event] < times) await once(events, event)
    },
    goDown: stop,
    comeBack: () => listen(port),
    close: stop,
  }
}

function readMessage(id: string, pdu: Pdu): CentreMessage {
  const udh = pdu.short_message.udh?.find((element) => element[0] === 0)
  const payload = pdu.message_payload?.message
  return {
    id,
    from: pdu.source_addr,
    fromTon: pdu.source_addr_ton,
    fromNpi: pdu.source_addr_npi,
    to: pdu.destination_addr,
    text: payload ?? String(pdu.short_message.message),
    dataCoding: pdu.data_coding,
    esmClass: pdu.esm_class,
    ...(udh === undefined ? {} : { part: { reference: udh[2] ?? 0, of: udh[3] ?? 0, place: udh[4] ?? 0 } }),
    inPayload: payload !== undefined,
    validity: String(pdu.validity_period),
    wantsReceipt: pdu.registered_delivery === 1,
  }
}

/** As a phone does it: parts with one reference and one sender are one text, in the order of their places. */
function joinTexts(messages: readonly CentreMessage[]): readonly string[] {
  const joined = new Map<string, CentreMessage[]>()
  for (const message of messages) {
    const key = message.part === undefined ? message.id : `${message.to} ${message.part.reference}`
    joined.set(key, [...(joined.get(key) ?? []), message])
  }
  return [...joined.values()].map((parts) =>
    parts
      .toSorted((a, b) => (a.part?.place ?? 0) - (b.part?.place ?? 0))
      .map((part) => part.text)
      .join(''),
  )
}
