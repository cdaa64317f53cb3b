/**
 * use-reports tells the token service what was done with actor tokens, in batches, and keeps trying while it does not answer.
 *
 * It owns the queue and its bound, the batches and the pauses. It decides nothing about tokens: the validator did. A batch whose answer was
 * lost goes out again: a use may stand in the trail twice, but not be missing from it.
 * @module
 */
import type { Clock } from '../clock.ts'
import type { ActorTokenUse } from '../server-to-server/actor-token-contract.ts'
import { parsePrincipal } from '../server-to-server/principal.ts'
import type { SetTimer } from '../system-timer.ts'
import { makeSelfIssuedAssertion, type TrustedIssuer } from './assertions.ts'
import { createClockOffset } from './clock-offset.ts'
import { harmless, ServerClientError } from './errors.ts'
import { askIssuer, type IssuerAnswer, type Send } from './exchange.ts'
import type { SigningIdentity } from './signing-identity.ts'

/** Uses and characters of one batch: servers bound what they read. */
const mostInBatch = 100
const longestBatch = 48_000
const patienceMs = 2000
const longestPauseMs = 60_000
/** Of one value. They come out of tokens that may be forged, and one must not crowd out a hundred others. */
const longestValue = 320

/** What the token service takes for a number. */
const number = /^[\w.:~-]{1,128}$/

/**
 * A use as it goes on the wire; times as ISO 8601. The service refuses a report as a whole, and what it says may stem from forged tokens: so
 * one bad value is cut or left out here, and does not take a hundred good uses with it.
 */
function write(use: ActorTokenUse, clientId: string): string {
  const { at, outcome, form, reason, actor, user, realm, jti, audience } = use
  const cut = (text: string | undefined): string | undefined => text?.slice(0, longestValue)
  return JSON.stringify({
    at: at.toISOString(),
    outcome,
    form,
    reason,
    actor: cut(actor),
    user: cut(user),
    realm: cut(realm),
    jti: jti !== undefined && number.test(jti) ? jti : undefined,
    audience: audience !== undefined && parsePrincipal(audience)?.clientId === clientId ? cut(audience) : undefined,
  })
}

/** Of an answer that is no success: true if the same batch would be refused again; 401 and 429 pass, and so does what is the server's own trouble. */
const isFinal = ({ status }: IssuerAnswer): boolean => status < 500 && ![401, 408, 425, 429].includes(status)

export interface UseReports {
  readonly report: (use: ActorTokenUse) => void
  flush(): Promise<void>
  close(): Promise<void>
}

export function createUseReports(options: {
  issuer: TrustedIssuer
  identity: SigningIdentity
  send: Send
  clock: Clock
  newId: () => string
  timeoutMs: number
  onProblem: (problem: string) => void
  most: number
  setTimer: SetTimer
}): UseReports {
  const { issuer, identity, send, clock, newId, timeoutMs, onProblem, most, setTimer } = options
  const url = `${issuer.issuer}/tokens/uses`
  const offset = createClockOffset(clock)
  const waiting: string[] = []
  let lost = 0
  let failures = 0
  let callOff: (() => void) | undefined
  let sending: Promise<void> | undefined
  let closed = false

  function lose(count: number, why: string): void {
    if (count === 0) return
    lost += count
    onProblem(`${count} uses of actor tokens were not reported (${lost} in all): ${why}`)
  }

  function post(batch: readonly string[]): Promise<IssuerAnswer> {
    const { realm } = issuer
    const assertion = makeSelfIssuedAssertion(identity, { realm, issuer, now: offset.now(), jti: newId() })
    const bodyText = `{"uses":[${batch.join(',')}]}`
    const headers = new Headers({ authorization: `Bearer ${assertion}`, 'content-type': 'application/json' })
    return askIssuer(send, { purpose: 'report', url, method: 'POST', headers, body: bodyText, bodyText }, timeoutMs)
  }

  /** True if the batch is done with: taken, or refused for good. */
  async function deliver(batch: readonly string[]): Promise<boolean> {
    try {
      let answer = await post(batch)
      if (answer.status === 401 && offset.learn(answer.headers)) answer = await post(batch)
      if (answer.status < 300) return true
      if (!isFinal(answer)) {
        onProblem(`reporting uses of actor tokens: answer ${answer.status}: ${harmless(answer.text)}`)
        return false
      }
      lose(batch.length, `answer ${answer.status}: ${harmless(answer.text)}`)
      return true
    } catch (error) {
      if (!(error instanceof ServerClientError)) throw error
      onProblem(`reporting uses of actor tokens: ${error.message}`)
      return false
    }
  }

  function nextBatch(): readonly string[] {
    let length = 0
    const end = waiting.findIndex((use, at) => {
      length += use.length + 1
      return at >= mostInBatch || (at > 0 && length > longestBatch)
    })
    return waiting.slice(0, end === -1 ? waiting.length : end)
  }

  /** Sends batch after batch, until the token service would not take one: that is still the first. */
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = nextBatch()
      if (!(await deliver(batch))) {
        failures += 1
        return
      }
      failures = 0
      waiting.splice(0, batch.length)
    }
  }

  function drainOnce(): Promise<void> {
    callOff?.()
    callOff = undefined
    sending ??= drain().finally(() => {
      sending = undefined
      plan()
    })
    return sending
  }

  /** Not before the pause is over where something failed; at once where a batch is full; otherwise after a moment. */
  function plan(): void {
    if (closed || sending !== undefined || waiting.length === 0) return
    const full = waiting.length >= mostInBatch && failures === 0
    if (callOff !== undefined && !full) return
    callOff?.()
    const pause = full ? 0 : Math.min(patienceMs * 2 ** Math.min(failures, 10), longestPauseMs)
    callOff = setTimer(() => {
      drainOnce().catch(() => undefined)
    }, pause)
  }

  return Object.freeze({
    report(use: ActorTokenUse) {
      if (closed) return lose(1, 'the connection is closed')
      if (waiting.length >= most) return lose(1, 'too many are waiting')
      waiting.push(write(use, identity.clientId))
      plan()
    },
    flush: drainOnce,
    async close() {
      closed = true
      const deadline = Promise.withResolvers<void>()
      const callOffDeadline = setTimer(deadline.resolve, timeoutMs)
      await Promise.race([drainOnce(), deadline.promise])
      callOffDeadline()
      lose(waiting.length, 'the connection was closed')
      waiting.length = 0
    },
  })
}
