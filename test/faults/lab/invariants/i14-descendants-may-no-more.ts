import { claimsOf, isTokenAnswer } from '../history.ts'
import { familyOf } from './families.ts'
import { invariant } from './invariant.ts'

const words = (list: unknown): readonly string[] =>
  typeof list === 'string' ? list.split(' ').filter((word) => word !== '') : []
const level = (acr: unknown): number => Number(/aal(\d)$/.exec(String(acr))?.[1] ?? 0)

export const descendantsMayNoMore = invariant(
  'I14',
  'Scope, audience and assurance of a token are within those of the grant that it comes from.',
  ({ audit }, history, fact) => {
    const granted = new Map(
      audit
        .filter(({ event }) => event === 'authorization.granted' || event === 'device.approved')
        .map(({ detail }) => [detail.familyId, words(detail.scope)] as const),
    )
    const first = new Map<unknown, number>()
    for (const one of history.asked.filter(isTokenAnswer)) {
      const family = familyOf(one.answer.body.refresh_token) ?? familyOf(one.form.refresh_token)
      const scopes = granted.get(family)
      if (family === undefined || scopes === undefined) continue
      const { scp, aud, acr } = claimsOf(one.answer.body.access_token)
      const beyond = words(scp).filter((word) => !scopes.includes(`${String(aud)}${word}`) && !scopes.includes(word))
      const whole = scopes.some((scope) => scope.endsWith('/.default') && scope.startsWith(String(aud)))
      fact(
        whole || beyond.length === 0,
        () => `a token of family ${family} may ${beyond.join(', ')} at ${aud}, which was not granted`,
      )
      const begun = first.get(family)
      if (begun === undefined) first.set(family, level(acr))
      else fact(level(acr) <= begun, () => `a token of family ${family} says more of the sign-in than the first one did`)
    }
  },
)
