import { type Asked, isTokenAnswer } from '../history.ts'
import { groupBy, invariant } from './invariant.ts'

const tokensBy = (member: string) => (one: Asked) =>
  one.form[member] === undefined ? undefined : `${member}:${one.form[member]}`

export const oneTimeThingsCountOnce = invariant(
  'I9',
  'Each code of a factor, recovery code, challenge, assertion, device code and pushed request has at most one success.',
  (_facts, { asked }, fact) => {
    for (const member of ['device_code', 'client_assertion', 'request_uri'] as const)
      for (const tries of groupBy(asked, tokensBy(member)).values()) {
        const answers = new Set(tries.filter(isTokenAnswer).map(({ answer }) => answer.text))
        fact(answers.size <= 1, () => `one ${member}, shown ${tries.length} times, gave ${answers.size} different answers`)
      }
    for (const [what, tries] of groupBy(asked, ({ oneTime }) => oneTime)) {
      const proved = tries.filter((one) => one.proved === true).length
      fact(proved <= 1, () => `${what.split(':')[0]} was taken ${proved} times`)
    }
  },
)
