/**
 * What modules about acting servers share: pairs of tokens of the list A1 to A50, sent as a server sends them (MS-XOAUTH), and
 * how a refusal is judged.
 *
 * It owns presenting and counting. Which classes a module shows is in the module.
 */
import { findBearerChallenge } from '../bearer-challenge.ts'
import type { Checks } from '../conformance-module.ts'
import { ActorBench, type HostilePair } from '../hostile-tokens/actor-bench.ts'
import { hostileActorTokens, notPresentablePairs } from '../hostile-tokens/actor-tokens.ts'
import type { KnownActing } from '../known-parties.ts'
import type { Target } from '../target.ts'
import type { LocalIssuer } from './local-issuer.ts'
import { describeAnswer, findStage, isOpened, type Presented } from './mail-stage.ts'

export interface ActingStage {
  readonly acting: KnownActing
  readonly issuer: LocalIssuer
  readonly bench: ActorBench
}

/** The stage, or undefined with the reason recorded. */
export async function findActingStage(target: Target, checks: Checks, clause: string): Promise<ActingStage | undefined> {
  const stage = await findStage(target, checks, clause)
  if (stage === undefined) return undefined
  const { actAs } = stage.mailServer
  if (actAs === undefined) {
    checks.skip(clause, 'a server that acts for people can be asked about', 'mail_server.act_as was not given')
    return undefined
  }
  return { acting: actAs, issuer: stage.issuer, bench: new ActorBench(stage.issuer.actorScene(actAs, target.now())) }
}

/** What a lying proxy, or the other server itself, may say of the connection and of the host. It decides nothing. */
const SPOOFED = {
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'mail.evil.example:443',
  forwarded: 'proto=https;host=mail.evil.example',
} as const

/** Sends a token as the acting server does. */
export function presentPair(
  target: Target,
  { method = 'GET', contentType, body }: KnownActing,
  { url, token, spoofed = false }: { readonly url: string; readonly token: string; readonly spoofed?: boolean },
): Promise<Presented> {
  const type = contentType === undefined ? {} : { 'content-type': contentType }
  const headers = { authorization: `Bearer ${token}`, ...type, ...(spoofed ? SPOOFED : {}) }
  return target.send({ method, url, headers, ...(body !== undefined && { body }) })
}

/** A server has no person to sign in again, so its refusal is always 401 (RFC 6750 section 3.1), or 403 for what was not granted. */
export function isPairRefused(answer: Presented): boolean {
  if (answer === 'closed' || answer.status === 403) return true
  const error = findBearerChallenge(answer.headers.get('www-authenticate'))?.get('error')
  return answer.status === 401 && error === 'invalid_token'
}

/** Why a class cannot be shown to this server, if it cannot. */
function whyNotShown({ id, request }: HostilePair, acting: KnownActing): string | undefined {
  const needs: readonly (readonly [about: RegExp, given: string | undefined, name: string])[] = [
    [/^A25/, acting.secondPerson, 'second_person'],
    [/^A28/, acting.ambiguous, 'ambiguous'],
    [/^A29/, acting.disabled, 'disabled'],
    [/^A30/, acting.administrator, 'administrator'],
    [/^A33-operation/, acting.elsewhere, 'elsewhere'],
  ]
  const missing = needs.find(([about, given]) => about.test(id) && given === undefined)
  if (missing !== undefined) return `mail_server.act_as.${missing[2]} was not given`
  if (request?.secure === false && acting.url.startsWith('https:'))
    return 'the address is https: no other connection can be tried'
  return undefined
}

/** Does the good pair open the door? */
export async function opensForGoodPair(target: Target, checks: Checks, { acting, bench }: ActingStage): Promise<boolean> {
  const answer = await presentPair(target, acting, { url: acting.url, token: bench.user() })
  const opened = isOpened(answer)
  checks.must('MS-XOAUTH section 3.2.5.6', 'a good pair of tokens opens the address', opened, describeAnswer(answer))
  return opened
}

const clauseOf = (id: string): string => `hostile tokens, ${id}`
const numberOf = (id: string): number => Number(/^A(\d+)/.exec(id)?.[1] ?? Number.NaN)

/** Presents every pair of the classes, each with a finding of its own, and counts. */
export async function presentPairs(target: Target, checks: Checks, classes: readonly number[]): Promise<void> {
  const stage = await findActingStage(target, checks, clauseOf(`A${classes[0]} to A${classes.at(-1)}`))
  if (stage === undefined || !(await opensForGoodPair(target, checks, stage))) return
  const { acting, issuer, bench } = stage
  const wanted = hostileActorTokens(bench.scene).filter(
    ({ id, expects }) => expects === 'refused' && classes.includes(numberOf(id)),
  )
  const trappedBefore = issuer.trapped()
  const askedBefore = issuer.asked.length
  let [presented, refused] = [0, 0]
  for (const one of wanted) {
    const why = whyNotShown(one, acting)
    if (why !== undefined) {
      checks.skip(clauseOf(one.id), `${one.id}: ${one.title}: refused`, why)
      continue
    }
    // The partner may act at one address and not at the other: there its good pair is the hostile one.
    const isElsewhere = one.id === 'A33-operation' && acting.elsewhere !== undefined
    const token = isElsewhere ? bench.user() : one.make()
    const url = isElsewhere ? (acting.elsewhere ?? acting.url) : acting.url
    const spoofed = one.request?.secure !== undefined || one.id.startsWith('A22')
    const answer = await presentPair(target, acting, { url, token, spoofed })
    const holds = isPairRefused(answer)
    presented += 1
    if (holds) refused += 1
    checks.must(clauseOf(one.id), `${one.title}: refused`, holds, describeAnswer(answer))
  }
  for (const number of classes) {
    const why = notPresentablePairs.get(`A${number}`)
    if (why !== undefined) checks.skip(clauseOf(`A${number}`), `A${number}: this class is refused`, why)
  }
  const all = 'every pair that must be refused is'
  checks.must('hostile tokens', all, presented > 0 && refused === presented, `${refused} refused / ${presented} presented`)
  const trapped = issuer.trapped() - trappedBefore
  checks.must(
    'RFC 8725 section 3.10',
    'no pair makes the server call an address that it names',
    trapped === 0,
    `${trapped} calls`,
  )
  const asked = issuer.asked.length - askedBefore
  checks.must('RFC 8725 section 3.10', 'pairs make it ask for documents a few times at most', asked <= FEW, `${asked} times`)
  await opensForGoodPair(target, checks, stage)
}

/** Keys of two issuers and documents of five servers, each once a cool-down, and metadata before. */
const FEW = 12
