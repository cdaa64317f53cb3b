import { randomBytes, randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findNobody } from '../../server-to-server/self-signed.ts'
import { describeAnswer, findServerStage, isRefusal, signCompact } from '../../server-to-server/server-stage.ts'
import type { Answer } from '../../target.ts'

const CLAUSE = 'server-to-server profile, 12'

/** To somebody without a key, a server that is known and one that is not look the same. */
export default module('server-to-server', 'tells nobody which servers it knows', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { server, document } = stage
  const { key } = await findNobody()
  const known = { clientId: server.clientId, x5t: server.x5t }
  const unknown = { clientId: randomUUID(), x5t: randomBytes(20).toString('base64url') }
  const forge = (clientId: string, x5t: string) => {
    const name = `${clientId}@${document.realm}`
    return signCompact({ alg: 'RS256', typ: 'JWT', x5t }, stage.claims({ iss: name, nameid: name }), key)
  }
  const first = await stage.ask({ assertion: forge(unknown.clientId, unknown.x5t) })
  checks.must(CLAUSE, 'a stranger is refused', isRefusal(first), describeAnswer(first))
  const guesses: readonly (readonly [string, string, string])[] = [
    ['a known thumbprint', unknown.clientId, known.x5t],
    ['a known name', known.clientId, unknown.x5t],
    ['a known name and its thumbprint', known.clientId, known.x5t],
  ]
  for (const [what, clientId, x5t] of guesses) {
    const assertion = forge(clientId, x5t)
    const answer = await stage.ask({ assertion })
    checks.must(CLAUSE, `${what} is answered like an unknown one`, shown(answer) === shown(first), describeAnswer(answer))
    const withId = await stage.ask({ assertion, client_id: clientId })
    checks.must(CLAUSE, `${what} beside client_id, too`, shown(withId) === shown(first), describeAnswer(withId))
  }
})

/** About one connection, whoever asks over it (RFC 9110 section 7.6.1). */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding']

/** Everything that may tell answers apart; references to the log and times are new each time. */
function shown({ status, headers, json }: Answer): string {
  const names = [...headers.keys()].filter((name) => !OF_CONNECTION.includes(name)).sort()
  return JSON.stringify([status, json?.error, json?.error_description, Object.keys(json ?? {}).sort(), names])
}
