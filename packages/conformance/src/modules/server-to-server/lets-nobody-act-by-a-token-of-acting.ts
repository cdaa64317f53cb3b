import { module } from '../../conformance-module.ts'
import { claimsOf, findActingStage } from '../../server-to-server/acting-stage.ts'
import { mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 20'

/** One nesting level: a token that names an actor is not exchanged again, for whomever it is. */
export default module('server-to-server', 'lets nobody act by a token of acting', async (target, checks) => {
  const stage = await findActingStage(target, checks)
  if (stage === undefined) return
  const { aud } = claimsOf(stage.person.token)
  const own = String(Array.isArray(aud) ? aud[0] : aud)
  for (const first of stage.ways) {
    for (const second of stage.ways) {
      mustBeRefused(checks, CLAUSE, { what: `${second.name} after ${first.name}`, answer: await second.ask(first.token) })
    }
    // A token for the server itself that names an actor: its audience is right, so only `act` speaks against it.
    const answer = await first.ask(stage.person.token, { resource: own, scope: `${own.replace(/\/$/, '')}/.default` })
    const token = answer.json?.access_token
    if (typeof token !== 'string') {
      checks.skip(CLAUSE, `${first.name} for the server itself leads nowhere`, 'the server may not act at itself')
      continue
    }
    for (const second of stage.ways) {
      const chained = await second.ask(token)
      mustBeRefused(checks, CLAUSE, { what: `${second.name} after ${first.name} for the server itself`, answer: chained })
    }
  }
})
