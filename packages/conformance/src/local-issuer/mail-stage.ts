/**
 * What modules about mail servers share: the kit's issuer, its tokens, and how a refusal is judged.
 *
 * It owns presenting tokens of the list and counting what was refused. Which tokens a module shows is in the module. It reads
 * no answer of a mail server but status and headers.
 */
import { findBearerChallenge } from '../bearer-challenge.ts'
import type { Checks } from '../conformance-module.ts'
import { ConformanceError } from '../errors.ts'
import { hostileTokens, notPresentable } from '../hostile-tokens/access-tokens.ts'
import { Bench, type Demand, type HostileToken } from '../hostile-tokens/bench.ts'
import type { KnownMailServer } from '../known-parties.ts'
import type { Answer, Target } from '../target.ts'
import { type LocalIssuer, startLocalIssuer } from './local-issuer.ts'

export interface MailStage {
  readonly mailServer: KnownMailServer
  readonly issuer: LocalIssuer
  readonly bench: Bench
}

const started = new WeakMap<KnownMailServer, Promise<LocalIssuer>>()

function findIssuer(mailServer: KnownMailServer): Promise<LocalIssuer> {
  const { issuerPort, actAs } = mailServer
  const found =
    started.get(mailServer) ??
    startLocalIssuer({ ...(issuerPort !== undefined && { port: issuerPort }), ...(actAs && { actor: actAs.actor }) })
  started.set(mailServer, found)
  return found
}

/** The stage, or undefined with the reason recorded when there is no mail server. */
export async function findStage(target: Target, checks: Checks, clause: string): Promise<MailStage | undefined> {
  const { mailServer } = target
  if (mailServer === undefined) {
    checks.skip(clause, 'a mail server that trusts the issuer of the kit can be asked', 'mail_server was not given')
    return undefined
  }
  const issuer = mailServer.localIssuer ?? (await findIssuer(mailServer))
  return { mailServer, issuer, bench: new Bench(issuer.scene(mailServer, target.now())) }
}

/** An answer, or `closed` when the server hung up on what it would not read. */
export type Presented = Answer | 'closed'

export const isOpened = (answer: Presented): boolean => answer !== 'closed' && answer.status >= 200 && answer.status < 300

/** Shows a token to a guarded address. */
export async function present(target: Target, url: string, token: string): Promise<Presented> {
  try {
    return await target.get(url, { authorization: `Bearer ${token}` })
  } catch (error) {
    // A server may hang up on a header that is too long for it. On a short one it may not.
    if (error instanceof ConformanceError && error.code === 'target_unreachable' && token.length > LONG) return 'closed'
    throw error
  }
}

/** From here on servers refuse by the size of the header alone, as many of them do at 8 KiB. */
const LONG = 7000

/** What was answered, for the report: status, error of the challenge. */
export function describeAnswer(answer: Presented): string {
  if (answer === 'closed') return 'the connection was closed'
  const error = findBearerChallenge(answer.headers.get('www-authenticate'))?.get('error')
  if (error !== undefined) return `${answer.status} ${error}`
  const isSilent = answer.status === 401 && !answer.headers.has('www-authenticate')
  return isSilent ? '401, no WWW-Authenticate' : `${answer.status}`
}

/** Is it refused as RFC 6750 section 3.1 says, or as the demand of the route says? */
export function isRefused(answer: Presented, { token, demand }: { token: string; demand?: Demand | undefined }): boolean {
  if (answer === 'closed') return true
  const challenge = findBearerChallenge(answer.headers.get('www-authenticate'))
  const error = challenge?.get('error')
  if (token.length > LONG && [400, 413, 431].includes(answer.status)) return true
  if (demand === 'scope') return answer.status === 403 && error === 'insufficient_scope'
  if (demand === 'user') return answer.status === 403 || (answer.status === 401 && challenge !== undefined)
  if (demand === 'assurance' || demand === 'recent-sign-in')
    return answer.status === 401 && (error === 'insufficient_user_authentication' || error === 'insufficient_claims')
  if (answer.status === 400) return error === undefined || error === 'invalid_request'
  return answer.status === 401 && error === 'invalid_token'
}

/** Why a token cannot be shown in a header, if it cannot. */
function whyNotSent(token: string): string | undefined {
  if (token === '') return 'nothing behind Bearer asks for the challenge, which is a module of its own'
  if (token.trim() !== token) return 'white space around the value of a header belongs to nobody (RFC 9110 section 5.5)'
  if (/[^\t\x20-\x7e\x80-\xff]/.test(token)) return 'HTTP carries no such character in a header, and no client sends it'
  return undefined
}

/** The address that makes a demand, if the developer named one. */
function addressFor({ url, scope, demands }: KnownMailServer, demand: Demand | undefined): string | undefined {
  if (demand === 'assurance') return demands?.assurance?.url
  if (demand === 'recent-sign-in') return demands?.recentSignIn?.url
  if (demand === 'scope') return scope === undefined ? undefined : url
  return url
}

/** The key of the target file that would name it. */
const whyNoAddress = (demand: Demand | undefined): string =>
  demand === 'scope'
    ? 'mail_server.scope was not given'
    : `mail_server.demands.${demand === 'assurance' ? 'assurance' : 'recent_sign_in'} was not given`

const clauseOf = (id: string): string => `hostile tokens, ${id}`

/** The number of a class, such as 64 of `m64-deep`. */
const numberOf = (id: string): number => Number(/\d+/.exec(id)?.[0] ?? Number.NaN)

/** A door that is open to all proves nothing by opening: that is told by a module of its own, and here only as the reason. */
export async function isGuarded(target: Target, checks: Checks, url: string): Promise<boolean> {
  const isOpen = isOpened(await target.get(url))
  if (isOpen) checks.skip('RFC 6750 section 3', 'tokens decide who comes in', 'the address opens without any token')
  return !isOpen
}

/** Does a good token open the door? Refusing bad ones proves nothing at a door that is shut to all. */
export async function opensForGoodToken(target: Target, checks: Checks, { mailServer, bench }: MailStage): Promise<boolean> {
  if (!(await isGuarded(target, checks, mailServer.url))) return false
  const answer = await present(target, mailServer.url, bench.good)
  const opened = isOpened(answer)
  checks.must('RFC 6750 section 2.1', 'a good token of the issuer opens the address', opened, describeAnswer(answer))
  return opened
}

/** Longest time for one refusal in seconds: what takes longer lets one request stop a server. */
const PATIENCE = 3

/**
 * Presents every token of the classes, each with a finding of its own; then says how many were refused, that none caused a
 * request, that none took long, and that the door still opens for a good one.
 */
export async function presentClasses(target: Target, checks: Checks, classes: readonly number[]): Promise<void> {
  const stage = await findStage(target, checks, clauseOf(`m${classes[0]} to m${classes.at(-1)}`))
  if (stage === undefined || !(await opensForGoodToken(target, checks, stage))) return
  const { mailServer, issuer, bench } = stage
  const wanted = hostileTokens(bench.scene).filter(({ id, expects }) => expects === 'refused' && classes.includes(numberOf(id)))
  const readsBefore = issuer.keySetReads()
  const trappedBefore = issuer.trapped()
  let [presented, refused, slowest] = [0, 0, 0]
  for (const one of wanted) {
    const token = one.make()
    const url = addressFor(mailServer, one.demand)
    const why = whyNotSent(token) ?? (url === undefined ? whyNoAddress(one.demand) : undefined)
    if (why !== undefined || url === undefined) {
      checks.skip(clauseOf(one.id), `${one.id}: ${one.title}: refused`, why ?? '')
      continue
    }
    const before = target.now()
    const answer = await present(target, url, token)
    slowest = Math.max(slowest, target.now() - before)
    presented += 1
    if (judge(checks, one, { answer, token })) refused += 1
  }
  for (const number of classes) {
    const why = notPresentable.get(`m${number}`)
    if (why !== undefined) checks.skip(clauseOf(`m${number}`), `m${number}: this class is refused`, why)
  }
  const allRefused = `every token that must be refused is`
  checks.must('hostile tokens', allRefused, presented > 0 && refused === presented, `${refused} refused / ${presented} presented`)
  checks.must('hostile tokens', 'no refusal takes long', slowest <= PATIENCE, `the slowest took ${slowest} s`)
  const trapped = issuer.trapped() - trappedBefore
  checks.must(
    'RFC 8725 section 3.10',
    'no token makes the server call an address that it names',
    trapped === 0,
    `${trapped} calls`,
  )
  const reads = issuer.keySetReads() - readsBefore
  checks.must('RFC 8725 section 3.10', 'tokens make it ask for keys once at most', reads <= 1, `${reads} times`)
  await opensForGoodToken(target, checks, stage)
}

/** Records one token. True: it was refused, or a standard allows that it was not. */
function judge(checks: Checks, one: HostileToken, { answer, token }: { answer: Presented; token: string }): boolean {
  const holds = isRefused(answer, { token, demand: one.demand })
  const record = one.allowed === true && isOpened(answer) ? checks.should : checks.must
  record(clauseOf(one.id), `${one.title}: refused`, holds, describeAnswer(answer))
  return holds || (one.allowed === true && isOpened(answer))
}
