import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { claimsOf, findActingStage, scopesOf, shortNames } from '../../server-to-server/acting-stage.ts'
import { describeAnswer, mustBeRefused } from '../../server-to-server/server-stage.ts'
import type { Answer } from '../../target.ts'

const CLAUSE = 'server-to-server profile, 19; RFC 9700 section 2.3'

/** What may be done for a person is what was granted, however much is asked for. */
export default module('server-to-server', 'widens no scope for an acting server', async (target, checks) => {
  const stage = await findActingStage(target, checks)
  if (stage === undefined) return
  const { person } = stage
  const granted = shortNames(person.scope)
  const at = person.resource.replace(/\/$/, '')
  const invented = `${at}/Invented.${randomUUID()}`
  const before = claimsOf(person.token)
  const others = [
    ...shortNames(
      [before.scp, before.scope]
        .flat()
        .filter((one) => typeof one === 'string')
        .join(' '),
    ),
  ]
    .filter((one) => !granted.has(one))
    .map((one) => `${at}/${one}`)
  const judge = (what: string, answer: Answer) => {
    const wider = [...scopesOf(answer)].filter((one) => !granted.has(one))
    const refused = answer.status >= 400 && answer.status < 500 && answer.json?.access_token === undefined
    const held = refused || (answer.status === 200 && wider.length === 0)
    checks.must(
      CLAUSE,
      `${what} gives nothing beyond the granted scopes`,
      held,
      wider.length > 0 ? wider : describeAnswer(answer),
    )
  }
  for (const way of stage.ways) {
    judge(`${way.name} with all of them`, way.given)
    judge(`${way.name} with one more`, await way.ask(person.token, { scope: `${person.scope} ${invented}` }))
    judge(
      `${way.name} with those of the person's token`,
      await way.ask(person.token, { scope: [person.scope, ...others].join(' ') }),
    )
    judge(`${way.name} with .default`, await way.ask(person.token, { scope: `${at}/.default` }))
    judge(`${way.name} with the resource alone`, await way.ask(person.token, { scope: undefined, resource: person.resource }))
    const nothing = await way.ask(person.token, { scope: invented, resource: person.resource })
    mustBeRefused(checks, CLAUSE, { what: `${way.name} for an invented scope alone`, answer: nothing })
    const nowhere = await way.ask(person.token, { scope: undefined, resource: 'https://nobody.invalid/' })
    mustBeRefused(checks, CLAUSE, { what: `${way.name} at an unregistered resource`, answer: nowhere })

    const kept = await way.ask(person.token, { scope: `${person.scope} offline_access` })
    const refresh = kept.json?.refresh_token
    judge(`${way.name} with offline_access`, kept)
    if (typeof refresh !== 'string') continue
    const scope = `${person.scope} ${invented} ${others.join(' ')}`.trim()
    const again = await stage.ask({ grant_type: 'refresh_token', refresh_token: refresh, scope })
    judge(`a refresh after ${way.name}`, again)
    const renewed = again.json?.refresh_token
    const plain = await stage.ask({ grant_type: 'refresh_token', refresh_token: typeof renewed === 'string' ? renewed : refresh })
    judge(`a plain refresh after ${way.name}`, plain)
    const token = plain.json?.access_token
    if (typeof token === 'string') {
      checks.must(
        'server-to-server profile, 18',
        `a refresh after ${way.name} keeps act`,
        'act' in claimsOf(token),
        describeAnswer(plain),
      )
    }
  }
})
