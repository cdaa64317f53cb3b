/**
 * actor-tokens keeps the actor tokens of this server, one for each resource, and sees to it that a good one is at hand.
 *
 * It owns when a token is fetched: once for all who wait, ahead of its end while the old one works, and anew after a refusal. How one is
 * fetched: token-request.ts. Lives are counted on our own clock from the moment of asking; it need not agree with anybody's.
 * @module
 */
import type { Clock } from '../clock.ts'
import { LeastRecentlyUsed } from '../least-recently-used.ts'
import type { TokenSource } from './token-request.ts'

export type ActorToken = Readonly<{
  token: string
  nameid: string
  audience: string
  /** `exp`, on the issuer's clock. */
  endsAtSeconds: number
  /** On our clock; a little before the end that the issuer told. */
  expiresAt: Date
}>

export interface ActorTokens {
  /** A token that works; `fresh` if the token service was asked for it just now. @throws {ServerClientError} */
  get(source: TokenSource, resource: string): Promise<Readonly<{ actor: ActorToken; fresh: boolean }>>
  /**
   * Another token than `refused`, which a resource would not take. If somebody got one meanwhile, that is it; a new one is fetched at
   * most once in ten seconds, so that a server which refuses everything does not make us ask for tokens at its own pace.
   * Undefined: there is no other.
   * @throws {ServerClientError}
   */
  replace(source: TokenSource, resource: string, refused: ActorToken): Promise<ActorToken | undefined>
}

type Kept = {
  actor?: ActorToken
  /** Milliseconds. Asked at; the next one is fetched from then on, in the background; not in the background before then. */
  askedAt: number
  renewFrom: number
  pauseUntil: number
  replacedAt: number
  /** The one request that is under way. */
  pending?: Promise<ActorToken>
}

/** Of the life that the issuer told: from here on the next one is fetched. */
const renewAfter = 0.8
/** Taken off the end, because a request takes time; of a short life, a quarter at most. */
const reserveMs = 60_000
const backgroundPauseMs = 30_000
const replacementPauseMs = 10_000

async function fetchInto(kept: Kept, source: TokenSource, resource: string, clock: Clock): Promise<ActorToken> {
  const askedAt = clock().getTime()
  const { lifeSeconds, ...read } = await source.request(resource)
  const life = lifeSeconds * 1000
  const actor = Object.freeze({ ...read, expiresAt: new Date(askedAt + life - Math.min(reserveMs, life / 4)) })
  Object.assign(kept, { actor, askedAt, renewFrom: askedAt + life * renewAfter })
  return actor
}

/** A clock that was set back by much makes a life look longer than it is: then the token is not used any more. */
const works = (actor: ActorToken, askedAt: number, now: number): boolean =>
  now < actor.expiresAt.getTime() && now > askedAt - reserveMs

/** At most `most` resources are remembered; the one that was used least recently is forgotten first. */
export function createActorTokens(options: { clock: Clock; most: number }): ActorTokens {
  const { clock, most } = options
  const resources = new LeastRecentlyUsed<Kept>(most)

  function find(source: TokenSource, resource: string): Kept {
    const key = `${source.issuer.issuer} ${resource}`
    const found = resources.get(key) ?? { askedAt: 0, renewFrom: 0, pauseUntil: 0, replacedAt: Number.NEGATIVE_INFINITY }
    resources.set(key, found)
    return found
  }

  /** Joins the request that is under way, or begins one. */
  function renew(kept: Kept, source: TokenSource, resource: string): Promise<ActorToken> {
    kept.pending ??= fetchInto(kept, source, resource, clock).finally(() => {
      delete kept.pending
    })
    return kept.pending
  }

  return Object.freeze({
    async get(source: TokenSource, resource: string) {
      const kept = find(source, resource)
      const now = clock().getTime()
      const { actor, askedAt } = kept
      if (actor === undefined || !works(actor, askedAt, now)) return { actor: await renew(kept, source, resource), fresh: true }
      if (now >= kept.renewFrom && now >= kept.pauseUntil) {
        kept.pauseUntil = now + backgroundPauseMs
        // Nobody waits for it: the old one works, and whoever comes when it does not any more will hear what is wrong.
        renew(kept, source, resource).catch(() => undefined)
      }
      return { actor, fresh: false }
    },
    async replace(source: TokenSource, resource: string, refused: ActorToken) {
      const kept = find(source, resource)
      const now = clock().getTime()
      const { actor, askedAt } = kept
      if (actor !== undefined && actor.token !== refused.token && works(actor, askedAt, now)) return actor
      if (kept.pending === undefined) {
        if (Math.abs(now - kept.replacedAt) < replacementPauseMs) return undefined
        kept.replacedAt = now
      }
      return renew(kept, source, resource)
    },
  })
}
