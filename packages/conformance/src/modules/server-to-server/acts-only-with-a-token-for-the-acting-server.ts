import { randomUUID } from 'node:crypto'
import type { Checks } from '../../conformance-module.ts'
import { module } from '../../conformance-module.ts'
import { changeOneCharacter, findParts, readPart, writePart } from '../../presented-token.ts'
import { claimsOf, findActingStage } from '../../server-to-server/acting-stage.ts'
import { findServerStage, mustBeRefused } from '../../server-to-server/server-stage.ts'
import type { Target } from '../../target.ts'

const CLAUSE = 'server-to-server profile, 17; RFC 8693 section 2.1'

/** Whoever finds a person's token must not become that person elsewhere. */
export default module('server-to-server', 'acts only with a token for the acting server', async (target, checks) => {
  const stage = await findActingStage(target, checks)
  if (stage === undefined) return
  const { person } = stage
  const parts = findParts(person.token)
  const foreign = findForeignToken(target, checks, person.token)
  const actor = (await findServerStage(target, checks))?.actorToken
  for (const way of stage.ways) {
    const tokens: readonly (readonly [string, string | undefined])[] = [
      ["a person's token for somebody else", foreign],
      ['a token that was given for the other server', way.token],
      ['an actor token', actor],
      [
        'claims changed after signing',
        parts && `${parts[0]}.${writePart({ ...readPart(parts[1]), sub: randomUUID() })}.${parts[2]}`,
      ],
      ['a changed signature', parts && `${parts[0]}.${parts[1]}.${changeOneCharacter(parts[2])}`],
      ['an unsigned token', parts && `${writePart({ ...readPart(parts[0]), alg: 'none' })}.${parts[1]}.`],
      ['no token at all', ''],
      ['rubbish', randomUUID()],
    ]
    for (const [name, token] of tokens) {
      if (token === undefined) continue
      mustBeRefused(checks, CLAUSE, { what: `${way.name} with ${name}`, answer: await way.ask(token) })
    }
    const stranger = await way.ask(person.token, { client_assertion: undefined, client_assertion_type: undefined })
    mustBeRefused(checks, 'RFC 6749 section 3.2.1', { what: `${way.name} without proof of who asks`, answer: stranger })
    const pretender = await way.ask(person.token, { client_assertion: way.token })
    mustBeRefused(checks, 'RFC 7523 section 3', { what: `${way.name} with a proof of another kind`, answer: pretender })
  }
})

/** The token of the guarded resource, where that is somebody else than the acting server. */
function findForeignToken(target: Target, checks: Checks, own: string): string | undefined {
  const token = target.resource?.token
  const isForeign =
    token !== undefined && findParts(token) && JSON.stringify(claimsOf(token).aud) !== JSON.stringify(claimsOf(own).aud)
  if (isForeign) return token
  checks.skip(
    CLAUSE,
    "a person's token for somebody else is refused",
    'resource.token was not given: it is the one for somebody else',
  )
  return undefined
}
