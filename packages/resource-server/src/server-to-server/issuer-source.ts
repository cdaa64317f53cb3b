/**
 * issuer-source gives the keys of one trusted token service by certificate thumbprint: from its published key set, or from a function.
 *
 * It hides which of the two it is. Fetching and caching: issuer-keys.ts.
 * @module
 */
import type { Clock } from '../clock.ts'
import { createIssuerKeys } from '../issuer-keys.ts'
import type { KeyKeeper } from '../kept-keys.ts'
import type { VerificationKey } from '../verification-key.ts'
import type { ActorIssuer } from './actor-token-contract.ts'
import type { CertifiedKey } from './certificates.ts'
import { securityTokenServiceId } from './principal.ts'

export type FoundKey = CertifiedKey | 'unknown' | 'unavailable'

export interface IssuerSource {
  readonly realm: string
  /** What its actor tokens say in `iss`. */
  readonly principal: string
  /** The key: at once where it is at hand, after a fetch where one is due or allowed. `unavailable`: there is nothing to look in. */
  find(x5t: string, now: number): FoundKey | Promise<FoundKey>
  /** Fetches keys if there are none. Never fails. */
  prepare(): Promise<void>
}

type Options = Readonly<{
  clock: Clock
  fetch: typeof fetch
  allowInsecureLoopback: boolean
  onProblem: (problem: string) => void
  keepKeys?: KeyKeeper | undefined
}>

const rs256: ReadonlySet<'RS256'> = new Set(['RS256'])

/** @throws {TypeError} if the issuer is not an address that may be asked */
export function createIssuerSource(from: ActorIssuer, options: Options): IssuerSource {
  const { realm } = from
  const principal = `${securityTokenServiceId}@${realm}`
  const { findKey } = from
  if (findKey !== undefined) {
    return Object.freeze({
      realm,
      principal,
      find(x5t: string) {
        const found = findKey(x5t)
        return found instanceof Promise ? found.then((key) => key ?? 'unknown') : (found ?? 'unknown')
      },
      prepare: async () => undefined,
    })
  }
  const keys = createIssuerKeys({ issuer: from.issuer, jwksUri: from.jwksUri, algorithms: rs256, ...options })
  /** The same object for the same key, made once. */
  const certified = new WeakMap<VerificationKey, CertifiedKey>()
  function toCertified(key: VerificationKey, x5t: string): CertifiedKey {
    let made = certified.get(key)
    if (made === undefined) {
      const { certificate } = key
      const dates = certificate === undefined ? {} : { notBefore: certificate.notBefore, notAfter: certificate.notAfter }
      made = Object.freeze({ x5t, key: key.key, ...dates })
      certified.set(key, made)
    }
    return made
  }
  return Object.freeze({
    realm,
    principal,
    find(x5t: string, now: number) {
      keys.refreshIfDue(now)
      const held = keys.mustWait(now) ? undefined : keys.heldKey(x5t, now, 'x5t')
      if (held !== undefined) return toCertified(held, x5t)
      return keys.findKey(x5t, 'x5t').then((key) => (typeof key === 'string' ? key : toCertified(key, x5t)))
    },
    async prepare() {
      if (keys.mustWait(Math.floor(options.clock().getTime() / 1000))) await keys.findKey('')
    },
  })
}
