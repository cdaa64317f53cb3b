/**
 * actor-tokens turns the actor token of a trusted issuer into the server it names, or into ActorTokenError.
 *
 * It owns key look-up, signature and memory of actor tokens. Its claims: actor-claims.ts. A remembered token skips the signature alone:
 * its key must still be published, and its times are compared with the clock again.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { LeastRecentlyUsed } from '../least-recently-used.ts'
import { TokenMemory } from '../token-memory.ts'
import { type ActorRules, readActor, type VerifiedActor } from './actor-claims.ts'
import { type CertifiedKey, requireSoundKey, requireValidity } from './certificates.ts'
import { quoted, refusal } from './errors.ts'
import type { FoundKey, IssuerSource } from './issuer-source.ts'
import { type KnownHeaders, readServerToken, rememberHeader, requireSignature, type ServerToken } from './token-form.ts'

export interface ActorTokens {
  /** `read`: the token where it was read already. @throws {ActorTokenError} */
  verify(token: string, now: number, read?: ServerToken): Promise<VerifiedActor> | VerifiedActor
}

type Remembered = Readonly<{ verified: VerifiedActor; source: IssuerSource; x5t: string; key: KeyObject }>

const part = 'actor token'
const mostMarks = 4096

type Wanted = Readonly<{
  token: string
  /** Absent where a remembered token was not read again. */
  read: ServerToken | undefined
  source: IssuerSource
  x5t: string
  remembered: Remembered | undefined
  now: number
}>

function requireFound(found: FoundKey, x5t: string, source: IssuerSource): CertifiedKey {
  if (found === 'unavailable') throw refusal('keys_unavailable', part, source.principal)
  if (found === 'unknown') throw refusal('key_unknown', part, `x5t ${x5t} is not of ${source.principal}`)
  return found
}

export function createActorTokens(
  sources: ReadonlyMap<string, IssuerSource>,
  rules: ActorRules,
  rememberTokens: number,
): ActorTokens {
  const known: KnownHeaders = new Map()
  const memory = new TokenMemory<Remembered>(rememberTokens)

  function findSource({ claims: { iss, actortoken, actor } }: ServerToken): IssuerSource {
    // One level: whatever is signed around it, an actor has no actor. Said first, so that no chain is followed to its end.
    if (actortoken !== undefined || actor !== undefined) throw refusal('actor_nested', part, 'an actor inside an actor')
    if (iss === undefined) throw refusal('claim_missing', part, 'iss')
    if (typeof iss !== 'string') throw refusal('claim_invalid', part, 'iss is not a string')
    const source = sources.get(iss)
    if (source === undefined) throw refusal('issuer_mismatch', part, `iss ${quoted(iss)}`)
    return source
  }

  /** Beginnings of signatures that were verified once. Two tokens with one beginning do no harm: the second is remembered a turn early. */
  const seen = new LeastRecentlyUsed<true>(mostMarks)

  /** True from the second time on. A token is kept then and not before: keeping costs more than the look-up, and many are shown once. */
  function wasSeen({ compact: { signaturePart } }: ServerToken): boolean {
    const mark = signaturePart.slice(0, 8)
    if (seen.get(mark) !== undefined) return true
    seen.set(mark, true)
    return false
  }

  /** What a token needs once its key was looked for. */
  function settle(found: FoundKey, wanted: Wanted): VerifiedActor {
    const { token, source, x5t, remembered, now } = wanted
    const key = requireFound(found, x5t, source)
    requireValidity(key, part, now)
    if (remembered !== undefined && remembered.key === key.key) {
      const { verified } = remembered
      if (now < verified.endsAt && now >= verified.startsAt - rules.toleranceSeconds) return verified
    }
    const read = wanted.read ?? readServerToken(token, part, known)
    requireSoundKey(key.key)
    requireSignature(read, key.key, part)
    const verified = readActor(read.claims, source, rules, now)
    rememberHeader(read, known)
    memory.forget(token) // it may have been remembered under another key
    if (wasSeen(read)) memory.remember(token, { verified, source, x5t, key: key.key })
    return verified
  }

  function newcomer(token: string, now: number, read: ServerToken): Wanted {
    return { token, read, source: findSource(read), x5t: read.header.x5t, remembered: undefined, now }
  }

  return Object.freeze({
    verify(token: string, now: number, given?: ServerToken) {
      const remembered = typeof token === 'string' ? memory.find(token) : undefined
      const wanted: Wanted =
        remembered === undefined
          ? newcomer(token, now, given ?? readServerToken(token, part, known))
          : { token, read: given, source: remembered.source, x5t: remembered.x5t, remembered, now }
      const found = wanted.source.find(wanted.x5t, now)
      return found instanceof Promise ? found.then((key) => settle(key, wanted)) : settle(found, wanted)
    },
  })
}
