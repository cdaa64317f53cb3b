import type { AccountId, RealmStore } from '@postern/storage'
import { readChallenge } from './answer.ts'

/** What a challenge was made for; one of another ceremony is not found. `passkey`: a sign-in of which nobody knows yet whose it is. */
export type Ceremony = 'registration' | 'second-factor' | 'passkey'

/** Whose browser is in the middle of what. */
export interface CeremonyPlace {
  readonly realm: RealmStore
  readonly ceremony: Ceremony
  /** See `Occasion.attempt`. */
  readonly attempt: string
  readonly accountId?: AccountId
}

/** Challenges of WebAuthn (Level 3, section 13.4.3): made here, given out once, taken back once. */
export interface Ceremonies {
  /** A new challenge in base64url, good for {@link challengeSeconds}. Those given out before stay good for their own time. */
  open(place: CeremonyPlace, now: Date): Promise<string>
  /**
   * Takes the challenge that the answer names: true once, whatever becomes of the answer afterwards (R108), over all
   * processes. `false`: never given out for this place, taken already, or too old. Does NOT look at anything else.
   */
  take(place: CeremonyPlace, clientDataJson: string, now: Date): Promise<boolean>
}

export const challengeSeconds = 300
/** 256 bits; section 13.4.3 asks for 128. */
const challengeBytes = 32
const kind = 'WebauthnChallenge'

/**
 * The challenge is a part of its id: a page that is loaded twice, or open in two windows, has two challenges that both work,
 * and nobody must replace one that was used. The store keeps ids as keyed hashes.
 */
const idOf = ({ ceremony, attempt, accountId }: CeremonyPlace, challenge: string): string =>
  JSON.stringify([ceremony, accountId ?? '', attempt, challenge])

export function createCeremonies({ random }: { readonly random: (bytes: number) => Uint8Array }): Ceremonies {
  return Object.freeze({
    async open(place, now) {
      const challenge = Buffer.from(random(challengeBytes)).toString('base64url')
      await place.realm.artifacts.upsert({
        kind,
        id: idOf(place, challenge),
        payload: {},
        expiresAt: new Date(now.getTime() + challengeSeconds * 1000),
        keys: place.accountId === undefined ? {} : { accountId: place.accountId },
      })
      return challenge
    },

    async take(place, clientDataJson, now) {
      const challenge = readChallenge(clientDataJson)
      if (challenge === undefined) return false
      const { artifacts } = place.realm
      const id = idOf(place, challenge)
      // First this, then everything else: of two who answer at once, one gets no further.
      if (!(await artifacts.consume(kind, id, now))) return false
      const taken = await artifacts.find(kind, id)
      return taken !== undefined && taken.expiresAt > now
    },
  } satisfies Ceremonies)
}
