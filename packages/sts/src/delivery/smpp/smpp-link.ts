import type { Logger } from 'pino'
import { startPatience, within } from '../patience.ts'
import { type DeliverSm, type Pdu, type Session, smpp, statusName } from './smpp-library.ts'

export interface SmppLinkOptions {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** PEM of the authority that signed the centre's certificate; without it the system's authorities count. */
  readonly ca?: string
  readonly systemId: string
  readonly password: { reveal(): string }
  readonly systemType: string
  readonly enquireSeconds: number
  readonly log: Logger
  /** A message that the centre delivers to us. It is answered already. */
  readonly received: (pdu: DeliverSm) => void
}

/** Why there is no bound session. `code` is for the log. */
export interface Unbound {
  readonly because: 'unreachable' | 'refused'
  readonly code: string
}

/** A connection to a centre that keeps itself bound. */
export interface SmppLink {
  /**
   * A bound session that was heard a moment ago, or why there is none. Whether an idle line still stands shows only when
   * the other side answers; asked before a message is written, the answer leaves no doubt where the message is. Connects at
   * once when it is not trying already, unless the centre refused us.
   */
  bound(milliseconds: number): Promise<{ session: Session } | Unbound>
  onBound(listener: () => void): void
  /** Asks whether the session is alive, and drops it when it is not. */
  check(): void
  /** Unbinds and ends for good. */
  close(): Promise<void>
}

const firstDelay = 500
const longestDelay = 30_000
const connectTimeout = 5_000
const answerTimeout = 5_000
/** A line that answered within this time is taken to stand. Under load, messages so prove the line to each other. */
const fresh = 1_000
/** How long an idle line may take to prove itself before a message; then it is made anew in the time that is left. */
const proofTimeout = 700
const unbindTimeout = 1_000
/** What is answered; `unknown` gets a generic_nack. Others, as alert_notification, have no answer. */
const answered = new Set(['deliver_sm', 'data_sm', 'enquire_link', 'unbind', 'unknown'])
const late: Unbound = Object.freeze({ because: 'unreachable', code: 'not_bound_in_time' })
const lineDead: Unbound = Object.freeze({ because: 'unreachable', code: 'line_dead' })
const closedForGood: Unbound = Object.freeze({ because: 'unreachable', code: 'closed' })

type State =
  | { readonly name: 'connecting'; readonly session: Session }
  | {
      readonly name: 'bound'
      readonly session: Session
      readonly enquiring: NodeJS.Timeout
      /** When the centre last answered, by the monotonic clock. */
      heardAt: number
      proof: Promise<boolean> | undefined
    }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly because: Unbound }
  | { readonly name: 'closed' }

/**
 * Binds as transceiver (SMPP 3.4 section 4.1.5), asks by `enquire_link` whether the line stands, and comes back by itself
 * after growing delays. Neither its socket nor its timers keep the process from ending. Certificates are checked as
 * node:tls does. Does NOT send messages.
 */
export function createSmppLink(options: SmppLinkOptions): SmppLink {
  const { log } = options
  const waiting = new Set<(result: { session: Session } | Unbound) => void>()
  const listeners: (() => void)[] = []
  let failures = 0
  let state: State = connect()

  function connect(): State {
    const { host, port, tls, ca } = options
    const session = smpp.connect({ host, port, tls, ...(ca === undefined ? {} : { ca }) }, () => bind(session))
    session.socket.unref()
    // One listener for each message in flight; the window bounds them.
    session.setMaxListeners(0)
    const timer = setTimeout(() => lose(session, { because: 'unreachable', code: 'connect_timeout' }), connectTimeout)
    timer.unref()
    session.socket.once('close', () => clearTimeout(timer))
    session.once('bound', () => clearTimeout(timer))
    session.on('error', (fault: Error & { code?: string }) =>
      lose(session, { because: 'unreachable', code: fault.code ?? 'protocol_error' }),
    )
    session.on('close', () => lose(session, { because: 'unreachable', code: 'connection_closed' }))
    session.on('pdu', (pdu: Pdu) => answer(session, pdu))
    return { name: 'connecting', session }
  }

  function bind(session: Session): void {
    session.bind_transceiver(
      {
        system_id: options.systemId,
        password: options.password.reveal(),
        system_type: options.systemType,
        interface_version: 0x34,
      },
      (pdu) => {
        if (state.name !== 'connecting' || state.session !== session) return
        if (pdu.command_status !== 0) return lose(session, { because: 'refused', code: `bind_${statusName(pdu.command_status)}` })
        const enquiring = setInterval(check, options.enquireSeconds * 1000)
        enquiring.unref()
        state = { name: 'bound', session, enquiring, heardAt: Number.NEGATIVE_INFINITY, proof: undefined }
        session.emit('bound')
        log.info({ sender: options.name }, 'bound to the SMPP centre')
        settle({ session })
        for (const listener of listeners) listener()
      },
    )
  }

  /** Ends the session, whatever state it is in, and comes back later. Nothing when it is not the current one any more. */
  function lose(session: Session, because: Unbound): void {
    session.destroy()
    if ((state.name !== 'connecting' && state.name !== 'bound') || state.session !== session) return
    if (state.name === 'bound') clearInterval(state.enquiring)
    const delay = Math.min(longestDelay, firstDelay * 2 ** failures)
    failures += 1
    const timer = setTimeout(() => {
      state = connect()
    }, delay)
    timer.unref()
    state = { name: 'waiting', timer, because }
    log.warn({ sender: options.name, code: because.code, nextTryMilliseconds: delay }, 'not bound to the SMPP centre')
    settle(because)
  }

  function settle(result: { session: Session } | Unbound): void {
    const all = [...waiting]
    waiting.clear()
    for (const resolve of all) resolve(result)
  }

  function answer(session: Session, pdu: Pdu): void {
    // A centre that binds and drops us at once has not recovered; one that speaks afterwards has.
    if (state.name === 'bound') {
      failures = 0
      state.heardAt = performance.now()
    }
    if (pdu.isResponse() || !answered.has(pdu.command)) return
    session.send(pdu.response())
    if (pdu.command === 'deliver_sm') options.received(pdu as DeliverSm) // the library reads these members for this command
    if (pdu.command === 'unbind') lose(session, { because: 'unreachable', code: 'unbound_by_centre' })
  }

  function check(): void {
    if (state.name !== 'bound') return
    const { session } = state
    const patience = Math.min(answerTimeout, options.enquireSeconds * 1000)
    const timer = setTimeout(() => lose(session, { because: 'unreachable', code: 'enquire_link_unanswered' }), patience)
    timer.unref()
    if (!session.enquire_link({}, () => clearTimeout(timer))) clearTimeout(timer)
  }

  async function waitUntilBound(milliseconds: number): Promise<{ session: Session } | Unbound> {
    if (state.name === 'bound') return { session: state.session }
    if (state.name === 'closed') return closedForGood
    if (state.name === 'waiting') {
      // Trying a refused password again for every person would lock the account at the centre.
      if (state.because.because === 'refused') return state.because
      clearTimeout(state.timer)
      state = connect()
    }
    let resolveMine: (result: { session: Session } | Unbound) => void = () => undefined
    const mine = new Promise<{ session: Session } | Unbound>((resolve) => {
      resolveMine = resolve
    })
    waiting.add(resolveMine)
    const result = await within(mine, milliseconds, late)
    waiting.delete(resolveMine)
    return result
  }

  /** One question for all who ask at a time. */
  function prove(session: Session, milliseconds: number): Promise<boolean> {
    if (state.name !== 'bound' || state.session !== session) return Promise.resolve(false)
    if (performance.now() - state.heardAt < fresh) return Promise.resolve(true)
    if (state.proof !== undefined) return state.proof
    const asked = state
    const answer = new Promise<boolean>((resolve) => {
      session.once('close', () => resolve(false))
      if (!session.enquire_link({}, () => resolve(true))) resolve(false)
    })
    asked.proof = within(answer, milliseconds, false).then((stands) => {
      asked.proof = undefined
      if (!stands) lose(session, lineDead)
      return stands
    })
    return asked.proof
  }

  return Object.freeze({
    async bound(milliseconds: number) {
      const patience = startPatience({ takeMilliseconds: milliseconds, answerMilliseconds: milliseconds })
      // Twice: a line that turns out to be dead is made anew.
      for (const _ of [1, 2]) {
        const bound = await waitUntilBound(patience.takeLeft())
        if (!('session' in bound)) return bound
        if (await prove(bound.session, Math.min(proofTimeout, patience.takeLeft()))) return bound
      }
      return lineDead
    },
    onBound: (listener: () => void) => void listeners.push(listener),
    check,
    async close() {
      const last = state
      state = { name: 'closed' }
      settle(closedForGood)
      if (last.name === 'waiting') clearTimeout(last.timer)
      if (last.name === 'connecting') last.session.destroy()
      if (last.name !== 'bound') return
      clearInterval(last.enquiring)
      const unbound = new Promise<void>((resolve) => {
        last.session.once('close', () => resolve())
        if (!last.session.unbind({}, () => resolve())) resolve()
      })
      await within(unbound, unbindTimeout, undefined)
      last.session.destroy()
    },
  })
}
