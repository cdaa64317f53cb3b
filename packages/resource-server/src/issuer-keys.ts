/**
 * issuer-keys keeps the verification keys of one configured issuer: fetched from its metadata, cached, with a floor between fetches.
 *
 * It owns fetching, caching and forgetting (R50, R51, R61). Which keys are good enough: verification-key.ts. It never follows
 * anything that a token says, except that an unknown `kid` may cause one fetch per cool-down.
 * @module
 */
import type { Clock } from './clock.ts'
import { reasonOf } from './errors.ts'
import { type KeyKeeper, readKeptKeys, writeKeptKeys } from './kept-keys.ts'
import { readBounded } from './read-bounded.ts'
import { indexByThumbprint, type KeySet, readKeySet, type SignatureAlgorithm, type VerificationKey } from './verification-key.ts'
import { allowedUrl, insertWellKnown, openidConfigurationUrl } from './web-address.ts'

/** In seconds. A key that its issuer withdraws is refused here at the latest `await` seconds later, while the issuer answers. */
export const keyTimes = Object.freeze({
  /** Shortest time between two fetches, whatever tokens say. */
  coolDown: 30,
  /** From this age on, the set is fetched again while requests go on with the old one. */
  refresh: 300,
  /** From this age on, a request waits for the new set, unless the last fetch failed. */
  await: 600,
  /** A set of this age is forgotten, if no fetch has succeeded since, kept over a restart or not. */
  forget: 86_400,
})

const fetchTimeoutMs = 5000
const maxDocumentBytes = 512 * 1024

/** How a token names its key: access tokens by `kid`, server-to-server tokens by certificate thumbprint. */
export type KeyName = 'kid' | 'x5t'

export interface IssuerKeys {
  readonly issuer: string
  /** The key if it is held now and nothing is due. The fast path: no promise, no fetch. `by`: default `kid`. */
  heldKey(name: string, now: number, by?: KeyName): VerificationKey | undefined
  /** True while `key` may verify: it is in the current set and that set is not too old. */
  holds(key: VerificationKey, now: number): boolean
  /** True when the next step belongs to {@link findKey}, which will wait for a fetch. */
  mustWait(now: number): boolean
  /** Starts a fetch in the background if one is due; never fails. */
  refreshIfDue(now: number): void
  /** The key, after a fetch where one is due or allowed. `unavailable`: there is no set to look in. */
  findKey(name: string, by?: KeyName): Promise<VerificationKey | 'unknown' | 'unavailable'>
}

type Options = Readonly<{
  issuer: string
  jwksUri: string | undefined
  algorithms: ReadonlySet<SignatureAlgorithm>
  clock: Clock
  fetch: typeof fetch
  allowInsecureLoopback: boolean
  /** Told of failed fetches and ignored keys, for the log. */
  onProblem: (problem: string) => void
  /** Where the last good set outlives a restart. Read only when a first fetch has failed. */
  keepKeys?: KeyKeeper | undefined
}>

type Fetched = Readonly<{ set: KeySet; at: number }>

/** A document that could not be had; caught here, told to `onProblem`. */
class KeyFetchError extends Error {}

async function fetchDocument(url: URL, options: Options): Promise<{ status: number; document: unknown }> {
  const response = await options.fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(fetchTimeoutMs),
  })
  const body = await readBounded(response, maxDocumentBytes)
  if (body === undefined) throw new KeyFetchError(`${url.href} is larger than ${maxDocumentBytes} bytes`)
  if (response.status !== 200) return { status: response.status, document: undefined }
  try {
    return { status: 200, document: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) }
  } catch (cause) {
    throw new KeyFetchError(`${url.href} is not JSON`, { cause })
  }
}

/** The `jwks_uri` of the issuer's own metadata: OpenID Discovery first, then RFC 8414. */
async function findJwksUri(issuer: URL, options: Options): Promise<string> {
  for (const url of [openidConfigurationUrl(issuer), insertWellKnown(issuer, 'oauth-authorization-server')]) {
    const { status, document } = await fetchDocument(url, options)
    if (status !== 200) continue
    const metadata = (typeof document === 'object' && document !== null ? document : {}) as Readonly<Record<string, unknown>>
    // Character by character, as RFC 8414 section 3.3 asks; otherwise one issuer could speak for another.
    if (metadata.issuer !== options.issuer) throw new KeyFetchError(`${url.href} names another issuer`)
    if (typeof metadata.jwks_uri !== 'string') throw new KeyFetchError(`${url.href} names no jwks_uri`)
    return metadata.jwks_uri
  }
  throw new KeyFetchError(`${options.issuer} publishes no metadata`)
}

/**
 * Creates the key cache of one issuer. Nothing is fetched before the first look-up.
 * @throws {TypeError} if the issuer or jwksUri is not an address that may be asked
 */
export function createIssuerKeys(options: Options): IssuerKeys {
  const issuerUrl = allowedUrl(options.issuer, options.allowInsecureLoopback)
  if (issuerUrl === undefined || issuerUrl.search !== '' || issuerUrl.hash !== '') {
    throw new TypeError(
      `The issuer ${options.issuer} must be an https URL without query (http only for loopback, with allowInsecureLoopback)`,
    )
  }
  if (options.jwksUri !== undefined && allowedUrl(options.jwksUri, options.allowInsecureLoopback) === undefined) {
    throw new TypeError(`The jwksUri ${options.jwksUri} must be an https URL`)
  }
  const seconds = (): number => Math.floor(options.clock().getTime() / 1000)
  let fetched: Fetched | undefined
  let jwksUri = options.jwksUri
  let lastAttempt = Number.NEGATIVE_INFINITY
  let lastFailed = false
  let inFlight: Promise<void> | undefined
  let recalled = false

  /** A clock that was set back must not silence fetching for as long as it was set back. */
  const age = (since: number, now: number): number => (now < since ? Number.POSITIVE_INFINITY : now - since)
  const mayFetch = (now: number): boolean => age(lastAttempt, now) >= keyTimes.coolDown
  const current = (now: number): KeySet | undefined =>
    fetched !== undefined && now - fetched.at < keyTimes.forget ? fetched.set : undefined

  async function fetchKeys(): Promise<void> {
    try {
      jwksUri ??= await findJwksUri(issuerUrl as URL, options)
      const url = allowedUrl(jwksUri, options.allowInsecureLoopback)
      if (url === undefined) throw new KeyFetchError('jwks_uri may not be asked')
      const { status, document } = await fetchDocument(url, options)
      if (status !== 200) throw new KeyFetchError(`${url.href} answered ${status}`)
      const set = await readKeySet(document, options.algorithms)
      if (set === undefined) throw new KeyFetchError(`${url.href} is not a key set`)
      for (const ignored of set.ignored) options.onProblem(`key ignored: ${ignored}`)
      fetched = { set: keepKnownKeys(set, fetched?.set), at: seconds() }
      lastFailed = false
      keep(document, fetched.at)
    } catch (cause) {
      lastFailed = true
      jwksUri = options.jwksUri // the address may have moved: ask the metadata again next time
      options.onProblem(`keys of ${options.issuer} not fetched: ${reasonOf(cause)}`)
      await recall()
    } finally {
      inFlight = undefined
    }
  }

  /** In the background: no request waits for the disk. */
  function keep(document: unknown, at: number): void {
    options.keepKeys
      ?.save(options.issuer, writeKeptKeys(options.issuer, { document, at }), at)
      .catch((cause: unknown) => options.onProblem(`keys of ${options.issuer} not kept: ${reasonOf(cause)}`))
  }

  /** Once, at a start without the issuer: what an earlier run has kept, as old as it is. */
  async function recall(): Promise<void> {
    if (options.keepKeys === undefined || fetched !== undefined || recalled) return
    recalled = true
    try {
      const text = await options.keepKeys.load(options.issuer)
      if (text === undefined) return
      const kept = readKeptKeys(text, { issuer: options.issuer, now: seconds(), forget: keyTimes.forget })
      const set = typeof kept === 'string' ? undefined : await readKeySet(kept.document, options.algorithms)
      if (typeof kept === 'string' || set === undefined)
        options.onProblem(`kept keys of ${options.issuer} not used: ${typeof kept === 'string' ? kept : 'they are no key set'}`)
      else fetched = { set, at: kept.at }
    } catch (cause) {
      options.onProblem(`kept keys of ${options.issuer} not read: ${reasonOf(cause)}`)
    }
  }

  function startFetch(now: number): Promise<void> {
    if (inFlight === undefined) {
      lastAttempt = now
      inFlight = fetchKeys()
    }
    return inFlight
  }

  const mustWait = (now: number): boolean => {
    if (current(now) === undefined) return true
    return (
      fetched !== undefined && age(fetched.at, now) >= keyTimes.await && !lastFailed && (inFlight !== undefined || mayFetch(now))
    )
  }

  return Object.freeze({
    issuer: options.issuer,
    heldKey: (name: string, now: number, by: KeyName = 'kid') => pick(current(now), name, by),
    holds: (key: VerificationKey, now: number) => current(now)?.keys.get(key.kid) === key,
    mustWait,
    refreshIfDue(now: number) {
      if (fetched !== undefined && age(fetched.at, now) >= keyTimes.refresh && mayFetch(now)) void startFetch(now)
    },
    async findKey(name: string, by: KeyName = 'kid') {
      const now = seconds()
      const held = pick(current(now), name, by)
      if (held !== undefined && !mustWait(now)) return held
      if (inFlight !== undefined || mayFetch(now)) await startFetch(now)
      const set = current(seconds())
      return set === undefined ? 'unavailable' : (pick(set, name, by) ?? 'unknown')
    },
  })
}

const pick = (set: KeySet | undefined, name: string, by: KeyName): VerificationKey | undefined =>
  (by === 'x5t' ? set?.byThumbprint : set?.keys)?.get(name)

/** The new set, with the very objects of keys that were known before, so that what was remembered under them stays valid. */
function keepKnownKeys(next: KeySet, previous: KeySet | undefined): KeySet {
  const keys = new Map(next.keys)
  for (const [kid, key] of next.keys) {
    const known = previous?.keys.get(kid)
    const same = known?.thumbprint === key.thumbprint && known.x5t === key.x5t
    if (same && known.certificate?.x5t === key.certificate?.x5t) keys.set(kid, known)
  }
  return Object.freeze({ keys, byThumbprint: indexByThumbprint(keys.values()), ignored: next.ignored })
}
