/** One sign-in for a whole run: browsers of one person share their cookies, so that modules do not sign in again and again. */
import { ConformanceError } from '../errors.ts'
import type { KnownPerson, Target } from '../target.ts'
import { type CookieJar, createCookieJar } from './cookie-jar.ts'
import { type AuthorizationAnswer, createPersonBrowser, describeAnswer, type PersonBrowser } from './person-browser.ts'
import { proofKey } from './proof-key.ts'

interface Kept {
  readonly jar: CookieJar
  isSignedIn: boolean
  /** Why not, once it was tried: a wrong password that is typed a hundred times locks an account. */
  failure?: string
}

/** By person and issuer: the runner may wrap the target anew for each module. */
const jars = new WeakMap<KnownPerson, Map<string, Kept>>()

function keptFor(person: KnownPerson, issuer: string): Kept {
  const ofPerson = jars.get(person) ?? new Map<string, Kept>()
  jars.set(person, ofPerson)
  const kept = ofPerson.get(issuer) ?? { jar: createCookieJar(), isSignedIn: false }
  ofPerson.set(issuer, kept)
  return kept
}

const keepFailure = (kept: Kept, answer: AuthorizationAnswer): string => {
  kept.failure = `the person could not sign in: ${describeAnswer(answer)}`
  return kept.failure
}

/** A browser in which nobody is signed in. */
export const freshBrowser = (target: Target): PersonBrowser => createPersonBrowser(target)

/**
 * A browser in which `target.person` is signed in. It shares its session with all others of this run: who signs out or
 * signs in anew takes `freshBrowser`.
 *
 * @throws {ConformanceError} `not_given` without a person or a client, `answer_malformed` when the pages lead to no code.
 */
export async function signedIn(target: Target): Promise<PersonBrowser> {
  const known = [target.clients.public, target.clients.confidential].filter((one) => one !== undefined)
  const client = known.find((one) => target.whyRefused(one) === undefined) ?? known[0]
  if (target.person === undefined || client === undefined)
    throw new ConformanceError(
      'not_given',
      target.person === undefined ? 'person was not given' : 'clients.public or clients.confidential was not given',
    )
  const kept = keptFor(target.person, target.issuer)
  const browser = createPersonBrowser(target, kept.jar)
  if (kept.isSignedIn) return browser
  if (kept.failure !== undefined) throw new ConformanceError('not_given', kept.failure)
  const url = new URL(await target.endpoint('authorization_endpoint'))
  const asked = {
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: client.redirectUri,
    scope: 'openid',
    state: 'sign-in',
    nonce: 'sign-in',
    code_challenge: proofKey().challenge,
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  const answer = await browser.authorize(url.href)
  if (answer.kind !== 'answered' || !answer.parameters.has('code'))
    throw new ConformanceError('answer_malformed', keepFailure(kept, answer))
  kept.isSignedIn = true
  return browser
}
