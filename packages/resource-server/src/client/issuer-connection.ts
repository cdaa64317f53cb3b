/**
 * issuer-connection is a resource server's line to the token service: does this actor token still hold, and this is what was done with it.
 *
 * It owns who we are on that line and puts its two halves together: token-status.ts asks, use-reports.ts tells.
 * @module
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { type Clock, machineClock } from '../clock.ts'
import type { ActorTokenStatus, ActorTokenUse } from '../server-to-server/actor-token-contract.ts'
import { type SetTimer, systemTimer } from '../system-timer.ts'
import { allowedUrl } from '../web-address.ts'
import { createSend, type ServerExchange } from './exchange.ts'
import { readSigningIdentity } from './signing-identity.ts'
import { createTokenStatus } from './token-status.ts'
import { createUseReports } from './use-reports.ts'

export type IssuerConnectionOptions = Readonly<{
  /** `https://sts/GUID`, as its own metadata spells it. */
  issuer: string
  /** The realm; default is the last part of `issuer`. */
  realm?: string
  /** Our principal there: the one whose tokens we accept. It must be registered with `private_key_jwt` and this certificate. */
  clientId: string
  /** PEM. */
  certificate: string
  privateKey: string | KeyObject
  /**
   * How long `status` uses an answer again, in seconds; at most 60, default 0. The validator remembers answers for 60 seconds already, and the
   * two add up: a withdrawn token could live on for as long as both. For callers of `status` that remember nothing.
   */
  statusSeconds?: number
  /** How many tokens' answers are remembered; default 10000. */
  rememberTokens?: number
  /** How many uses wait for a token service that cannot be reached; default 10000. What comes beyond that is counted and lost. */
  mostWaiting?: number
  /** For each question, in milliseconds; default 5000. */
  timeoutMs?: number
  allowInsecureLoopback?: boolean
  clock?: Clock
  fetch?: typeof fetch
  random?: (bytes: number) => Uint8Array
  /** Told of every HTTP exchange, tokens included. */
  onExchange?: (exchange: ServerExchange) => void
  /** Told of questions without an answer and of uses that could not be reported. No secrets. Default: nobody. */
  onProblem?: (problem: string) => void
  /** Calls `work` later, once; returns what calls that off. Default is a timer that keeps no process alive. */
  setTimer?: SetTimer
}>

export interface IssuerConnection {
  /** For `status` of createActorTokenValidator. */
  readonly status: ActorTokenStatus
  /** For `onUse` of createActorTokenValidator. Never throws and never waits. */
  readonly report: (use: ActorTokenUse) => void
  /** Sends what waits, now. Resolves when nothing waits, or when the token service would not take it; then it is tried again later. */
  flush(): Promise<void>
  /** Sends what waits, within `timeoutMs`, and ends. What could not be sent is told to `onProblem`. */
  close(): Promise<void>
}

/** @throws {TypeError} if an option makes no sense */
export function createIssuerConnection(options: IssuerConnectionOptions): IssuerConnection {
  const { issuer, clock = machineClock, random = randomBytes, timeoutMs = 5000 } = options
  const url = allowedUrl(issuer, options.allowInsecureLoopback ?? false)
  if (url === undefined || issuer.endsWith('/')) throw new TypeError('issuer must be an https address without a slash at its end')
  const realm = options.realm ?? url.pathname.split('/').at(-1) ?? ''
  if (realm === '') throw new TypeError('the issuer names no realm: give it')
  const statusSeconds = options.statusSeconds ?? 0
  if (!Number.isInteger(statusSeconds) || statusSeconds < 0 || statusSeconds > 60)
    throw new TypeError('statusSeconds must be a whole number from 0 to 60')
  const line = Object.freeze({
    issuer: Object.freeze({ issuer, realm }),
    identity: readSigningIdentity(options),
    send: createSend(options.fetch ?? fetch, options.onExchange),
    clock,
    newId: () => Buffer.from(random(16)).toString('base64url'),
    timeoutMs,
    onProblem: options.onProblem ?? (() => undefined),
  })
  const reports = createUseReports({
    ...line,
    most: options.mostWaiting ?? 10_000,
    setTimer: options.setTimer ?? systemTimer,
  })
  return Object.freeze({
    status: createTokenStatus({ ...line, seconds: statusSeconds, most: options.rememberTokens ?? 10_000 }),
    ...reports,
  })
}
