import { module } from '../../conformance-module.ts'
import { claimsOf, findActingStage } from '../../server-to-server/acting-stage.ts'
import { findNobody } from '../../server-to-server/self-signed.ts'
import { findServerStage, mustBeRefused, signCompact } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 21; CVE-2023-29357; CVE-2025-55241'

/** The form in which the original named people: whoever held an actor token could be anybody. */
export default module('server-to-server', 'refuses unsigned user tokens', async (target, checks) => {
  const acting = await findActingStage(target, checks)
  if (acting === undefined) return
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const asked = await stage.ask({ resource: stage.audience })
  const actorToken = asked.json?.access_token
  if (typeof actorToken !== 'string')
    return checks.skip(CLAUSE, 'an unsigned user token is refused', 'the issuer gives no actor token for itself')
  const { upn, preferred_username: name } = claimsOf(acting.person.token)
  const user = upn ?? name
  const at = stage.now()
  const claims = {
    aud: stage.audience,
    iss: stage.principal,
    upn: user,
    smtp: user,
    nbf: at,
    exp: at + 300,
    actortoken: actorToken,
  }
  const { key, x5t } = await findNobody()
  const nothing = () => Buffer.alloc(0)
  const forgeries: readonly (readonly [string, string])[] = [
    ['no algorithm', signCompact({ typ: 'JWT', alg: 'none' }, claims, nothing)],
    ['no algorithm, otherwise spelled', signCompact({ typ: 'JWT', alg: 'NonE' }, claims, nothing)],
    ['no algorithm and a thumbprint', signCompact({ typ: 'JWT', alg: 'none', x5t: stage.server.x5t }, claims, nothing)],
    ['an empty signature', signCompact({ typ: 'JWT', alg: 'RS256', x5t: stage.server.x5t }, claims, nothing)],
    ['a signature of nobody', signCompact({ typ: 'JWT', alg: 'RS256', x5t }, claims, key)],
    [
      "a signature of nobody under the server's thumbprint",
      signCompact({ typ: 'JWT', alg: 'RS256', x5t: stage.server.x5t }, claims, key),
    ],
  ]
  for (const way of acting.ways) {
    for (const [what, token] of forgeries)
      mustBeRefused(checks, CLAUSE, { what: `${way.name} with a user token with ${what}`, answer: await way.ask(token) })
  }
})
