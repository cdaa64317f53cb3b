/**
 * legacy-auth lets apps in that know only a name and a password, if the gate of the token service says so, and refuses them as it says.
 *
 * It owns the question, its deadline, what counts as no answer, and the short memory of who was let in. It decides nothing about
 * people: the gate does. When the gate is away or talks nonsense, nobody gets in, and apps keep their passwords (503).
 * @module
 */
import { type Clock, machineClock } from '../clock.ts'
import { requireRange } from '../option-range.ts'
import { readBounded } from '../read-bounded.ts'
import type { Revocations } from '../revocations/revocations-contract.ts'
import { allowedUrl } from '../web-address.ts'
import { basicAuthorization, readBasicCredentials } from './basic-credentials.ts'
import { type GateAnswer, readGateAnswer } from './gate-answer.ts'
import { createGateMemory } from './gate-memory.ts'
import { type GateQuestion, headerOf, makeGateQuestion } from './gate-question.ts'
import {
  type GatedAccepted,
  type GatedRefused,
  type LegacyAuth,
  type MailProtocol,
  mailProtocols,
  type RequestFacts,
} from './legacy-auth-contract.ts'

export type LegacyAuthOptions = Readonly<{
  /** `https://sts/GUID`, as its own metadata spells it. */
  issuer: string
  /** Of this mail server at the token service, where it is registered as one. */
  clientId: string
  clientSecret: string
  /** By which protocol a request goes; undefined: passwords are not taken there. `protocolOfExchangePath` knows Exchange's paths. */
  protocol: MailProtocol | ((request: RequestFacts) => MailProtocol | undefined)
  /** How long an allowance is used again, in seconds; 0 to 300, default 60. Refusals are never remembered. */
  rememberSeconds?: number
  /** How many allowances are remembered; default 10000. */
  rememberMost?: number
  /** Drops what is remembered of an account when something of it ends: `revocations` of a createRevocationFeed. */
  revocations?: Revocations
  /** The `realm` of the Basic challenge; apps show it to people. Default `Mail`. */
  basicRealm?: string
  /** For each question, in milliseconds; default 5000. */
  timeoutMs?: number
  /** How many questions may be open at once; default 1000. Beyond that the answer is 503. */
  mostOpen?: number
  clock?: Clock
  fetch?: typeof fetch
  /** Accept an issuer at `http://localhost` and the like, for development. */
  allowInsecureLoopback?: boolean
  /** Told of every refusal, for the log. Holds no secret; `text` is what the app was told. */
  onRefused?: (refused: GatedRefused) => void
  /** Told why the gate gave no answer. No secrets. Default: nobody. */
  onProblem?: (problem: string) => void
}>

const longestAnswer = 65_536
const retryAfterSeconds = 30
/** A GUID as mail clients number their requests. */
const requestNumber = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const refusal = (
  status: 401 | 403 | 503,
  decision: 'malformed' | 'unavailable',
  text: string,
  headers: GatedRefused['headers'] = [],
): GatedRefused =>
  Object.freeze({ outcome: 'refused', status, headers, text, decision, reason: decision, offersBasic: status === 401 })

const malformed = refusal(401, 'malformed', 'The name and password cannot be read. They must be sent as UTF-8.')

/** 403, because the password is not the reason: the app shall keep it. */
const unreadable = refusal(403, 'malformed', 'What the request says about its app cannot be read.')

const unavailable = (seconds: number): GatedRefused =>
  refusal(503, 'unavailable', 'Sign-in is not available at the moment. Your password is not the reason.', [
    ['Retry-After', String(seconds)],
  ])

function answerFor(answer: GateAnswer): GatedAccepted | GatedRefused {
  if (answer.decision !== 'allow') return Object.freeze({ outcome: 'refused', ...answer })
  const { account, app } = answer
  return Object.freeze({ outcome: 'accepted', account, ...(app === undefined ? {} : { app }) })
}

/** As the gate says when it is busy; otherwise ours. */
function retryAfterOf(response: Response): number {
  const told = response.headers.get('retry-after') ?? ''
  return /^[1-9]\d{0,2}$/.test(told) ? Number(told) : retryAfterSeconds
}

/**
 * Creates the line to the gate, for `legacyAuth` of createGuard. One for each server is enough.
 *
 * An accepted app has the mailbox of its account, by the protocol that was asked about, and no scopes: those belong to tokens.
 * @throws {TypeError} if an option makes no sense
 */
export function createLegacyAuth(options: LegacyAuthOptions): LegacyAuth {
  const { issuer, clientId, clientSecret, protocol, clock = machineClock, basicRealm = 'Mail' } = options
  const onProblem = (problem: string): void => options.onProblem?.(`gate: ${problem}`)
  if (allowedUrl(issuer, options.allowInsecureLoopback ?? false) === undefined || issuer.endsWith('/'))
    throw new TypeError('issuer must be an https address without a slash at its end')
  if (clientId === '' || clientSecret === '') throw new TypeError('clientId and clientSecret must not be empty')
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(basicRealm))
    throw new TypeError('basicRealm must be printable ASCII without quotes')
  if (typeof protocol === 'string' && !mailProtocols.includes(protocol)) throw new TypeError(`protocol ${protocol} is not known`)
  const timeoutMs = requireRange('timeoutMs', options.timeoutMs ?? 5000, 1, 60_000)
  const mostOpen = requireRange('mostOpen', options.mostOpen ?? 1000, 1, 1_000_000)
  const memory = createGateMemory({
    lifeMs: requireRange('rememberSeconds', options.rememberSeconds ?? 60, 0, 300) * 1000,
    most: requireRange('rememberMost', options.rememberMost ?? 10_000, 0, 10_000_000),
    revocations: options.revocations,
  })
  const authorization = basicAuthorization(clientId, clientSecret)
  const open = new Map<string, Promise<GatedAccepted | GatedRefused>>()
  const protocolOf = (request: RequestFacts): MailProtocol | undefined =>
    typeof protocol === 'string' ? protocol : protocol(request)

  async function send(question: GateQuestion, request: string | undefined): Promise<GateAnswer | GatedRefused> {
    const response = await (options.fetch ?? fetch)(`${issuer}/mailgate/decide`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(request === undefined ? question : { ...question, request }),
      redirect: 'manual', // the password is for this address alone
      signal: AbortSignal.timeout(timeoutMs),
    })
    const isJson = /^application\/json(?:\s*;|$)/i.test(response.headers.get('content-type') ?? '')
    if (response.status !== 200 || !isJson) {
      await response.body?.cancel()
      onProblem(response.status === 200 ? 'the answer is not JSON by its type' : `it answered ${response.status}`)
      return response.status === 400 ? unreadable : unavailable(retryAfterOf(response))
    }
    const body = await readBounded(response, longestAnswer)
    const answer = body === undefined ? 'too large' : readGateAnswer(body.toString('utf8'))
    if (typeof answer !== 'string') return answer
    onProblem(`the answer cannot be used: ${answer}`)
    return unavailable(retryAfterSeconds)
  }

  async function ask(key: string, question: GateQuestion, request: string | undefined): Promise<GatedAccepted | GatedRefused> {
    const askedAt = clock().getTime()
    try {
      const answer = await send(question, request)
      const judged = 'outcome' in answer ? answer : answerFor(answer)
      if (judged.outcome === 'accepted') memory.remember(key, judged, askedAt)
      return judged
    } catch (error) {
      onProblem(`it did not answer: ${error instanceof Error ? error.name : 'unknown reason'}`)
      return unavailable(retryAfterSeconds)
    }
  }

  /** A phone opens several connections at once: they wait for one answer. */
  function askOnce(question: GateQuestion, request: string | undefined): Promise<GatedAccepted | GatedRefused> {
    const key = memory.keyOf(question)
    const remembered = memory.find(key, clock().getTime())
    if (remembered !== undefined) return Promise.resolve(remembered)
    const waiting = open.get(key)
    if (waiting !== undefined) return waiting
    if (open.size >= mostOpen) {
      onProblem(`more than ${mostOpen} questions are open`)
      return Promise.resolve(unavailable(retryAfterSeconds))
    }
    const asked = ask(key, question, request).finally(() => open.delete(key))
    open.set(key, asked)
    return asked
  }

  async function judge(credentials: string, request: RequestFacts): Promise<GatedAccepted | GatedRefused> {
    const by = protocolOf(request)
    const read = by === undefined ? undefined : readBasicCredentials(credentials)
    if (by === undefined || read === undefined) return malformed
    const number = headerOf(request.headers, 'client-request-id') ?? headerOf(request.headers, 'request-id') ?? ''
    return await askOnce(makeGateQuestion(read, by, request), requestNumber.test(number) ? number : undefined)
  }

  return Object.freeze({
    offer: (request: RequestFacts) =>
      protocolOf(request) === undefined ? undefined : `Basic realm="${basicRealm}", charset="UTF-8"`,
    async check(credentials: string, request: RequestFacts) {
      const judged = await judge(credentials, request)
      if (judged.outcome === 'refused') options.onRefused?.(judged)
      return judged
    },
  })
}
