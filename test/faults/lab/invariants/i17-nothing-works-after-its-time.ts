import { claimsOf } from '../history.ts'
import { invariant } from './invariant.ts'

const TOLERANCE_SECONDS = 5

export const nothingWorksAfterItsTime = invariant(
  'I17',
  'Nothing works after its limit, seen from the clock of any process, give or take five seconds.',
  ({ tokens, families }, history, fact) => {
    for (const one of history.asked) {
      const bearer = one.act === 'userinfo' ? one.headers.authorization?.slice('Bearer '.length) : undefined
      const shown = one.act === 'refresh' ? one.form.refresh_token : bearer
      const { exp, nbf } = claimsOf(shown)
      if (typeof exp !== 'number' || one.answer?.status !== 200) continue
      const at = one.begunAt.getTime() / 1000
      fact(at < exp + TOLERANCE_SECONDS, () => `a token was taken ${Math.round(at - exp)} s after its end (${one.act})`)
      if (typeof nbf === 'number')
        fact(
          (one.endedAt ?? one.begunAt).getTime() / 1000 > nbf - 1 - TOLERANCE_SECONDS,
          () => `a token was taken before its time (${one.act})`,
        )
    }
    const ends = new Map(families.map(({ id, endsAt }) => [id, endsAt]))
    for (const { family, expiresAt, issuedAt } of tokens) {
      const end = ends.get(family)
      if (end === undefined) continue
      // The limits are whole seconds in a token.
      fact(expiresAt.getTime() <= end.getTime() + 1000, () => `a token of family ${family} outlives it`)
      fact(issuedAt <= end, () => `a token of family ${family} was made after its end`)
    }
  },
)
