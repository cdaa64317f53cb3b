/**
 * token-status asks the token service whether an actor token still holds (RFC 7662), once for all who ask at the same time.
 *
 * It owns the question, the memory where one is wanted, and what counts as no answer. What follows from `unavailable` the validator decides: it refuses.
 * @module
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { LeastRecentlyUsed } from '../least-recently-used.ts'
import type { ActorTokenStatus } from '../server-to-server/actor-token-contract.ts'
import { parseStrictObject } from '../strict-json.ts'
import { makeClientAuthentication, type TrustedIssuer } from './assertions.ts'
import { createClockOffset } from './clock-offset.ts'
import { harmless, ServerClientError } from './errors.ts'
import { askIssuer, type IssuerAnswer, type Send } from './exchange.ts'
import type { SigningIdentity } from './signing-identity.ts'

type Status = 'active' | 'inactive' | 'unavailable'
/** An answer counts from the moment of the question: it is never older than it is said to be. */
type Remembered = Readonly<{ status: Status; askedAt: number }>

function readStatus({ status, text }: IssuerAnswer): boolean | undefined {
  const parsed = parseStrictObject(text)
  const active = status === 200 && parsed.ok ? parsed.value.active : undefined
  return typeof active === 'boolean' ? active : undefined
}

export function createTokenStatus(options: {
  issuer: TrustedIssuer
  identity: SigningIdentity
  send: Send
  clock: Clock
  newId: () => string
  timeoutMs: number
  onProblem: (problem: string) => void
  seconds: number
  most: number
}): ActorTokenStatus {
  const { issuer, identity, send, clock, newId, timeoutMs, onProblem } = options
  const url = `${issuer.issuer}/oauth2/v2.0/introspect`
  const offset = createClockOffset(clock)
  const remembered = new LeastRecentlyUsed<Remembered>(options.most)
  const asking = new Map<string, Promise<Status>>()

  function ask(token: string): Promise<IssuerAnswer> {
    const client_assertion = makeClientAuthentication(identity, { audience: issuer.issuer, now: offset.now(), jti: newId() })
    const bodyText = new URLSearchParams({
      token,
      client_id: identity.clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion,
    }).toString()
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' })
    return askIssuer(send, { purpose: 'status', url, method: 'POST', headers, body: bodyText, bodyText }, timeoutMs)
  }

  async function find(token: string): Promise<Status> {
    try {
      let answer = await ask(token)
      if (answer.status >= 400 && answer.status < 500 && offset.learn(answer.headers)) answer = await ask(token)
      const active = readStatus(answer)
      if (active !== undefined) return active ? 'active' : 'inactive'
      onProblem(`introspection answered ${answer.status}: ${harmless(answer.text)}`)
    } catch (error) {
      if (!(error instanceof ServerClientError)) throw error
      onProblem(`introspection: ${error.message}`)
    }
    return 'unavailable'
  }

  async function findOnce(key: string, token: string): Promise<Status> {
    const askedAt = clock().getTime()
    const status = await find(token)
    if (status !== 'unavailable' && options.seconds > 0) remembered.set(key, { status, askedAt })
    return status
  }

  return Object.freeze({
    async check(actorToken: string) {
      // The digest, not the token: ten thousand tokens would be many megabytes.
      const key = createHash('sha256').update(actorToken).digest('base64url')
      const age = clock().getTime() - (remembered.get(key)?.askedAt ?? Number.NEGATIVE_INFINITY)
      const found = remembered.get(key)
      if (found !== undefined && age >= 0 && age < options.seconds * 1000) return found.status
      const pending = asking.get(key) ?? findOnce(key, actorToken).finally(() => asking.delete(key))
      asking.set(key, pending)
      return pending
    },
  })
}
