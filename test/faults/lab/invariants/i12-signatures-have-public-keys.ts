import { claimsOf, isTokenAnswer } from '../history.ts'
import { invariant } from './invariant.ts'
import { headerOf, isSignedBy } from './signatures.ts'

/** Processes may differ by this much. */
const TOLERANCE_MILLISECONDS = 5_000
/** Verifying is the dear part; beyond this many tokens, kid and times alone are looked at. */
const VERIFIED = 2_000

export const signaturesHavePublicKeys = invariant(
  'I12',
  'Each signature verifies with a key that was public before it was made, and stays public until the token has expired.',
  ({ keys }, history, fact) => {
    const byKid = new Map(keys.map((key) => [key.kid, key]))
    const withdrawn = new Set(history.deeds.filter(({ deed }) => deed === 'key-withdrawn').map(({ subject }) => subject))
    let verified = 0
    for (const one of history.asked.filter(isTokenAnswer))
      for (const member of ['access_token', 'id_token', 'refresh_token'] as const) {
        const token = one.answer.body[member]
        if (typeof token !== 'string') continue
        const { iat, exp } = claimsOf(token)
        const { kid } = headerOf(token)
        const key = byKid.get(String(kid))
        if (key === undefined || typeof iat !== 'number' || typeof exp !== 'number') {
          fact(false, () => `a ${member} names key ${kid}, which nobody knows`)
          continue
        }
        fact(
          Math.max(key.announcedAt.getTime(), key.signsFrom.getTime()) <= iat * 1000 + 1000 + TOLERANCE_MILLISECONDS,
          () => `key ${kid} signed a ${member} before it was public`,
        )
        // Only this service reads refresh tokens; it keeps what it needs for them.
        if (member !== 'refresh_token' && !withdrawn.has(key.kid) && key.removedAt)
          fact(key.removedAt.getTime() >= exp * 1000, () => `key ${kid} was taken away before a ${member} that it signed expired`)
        verified += 1
        if (verified <= VERIFIED)
          fact(isSignedBy(token, key.certificate), () => `the signature of a ${member} is not by key ${kid}`)
      }
  },
)
