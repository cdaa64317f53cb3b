import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { changeOneCharacter, writePart } from '../../presented-token.ts'
import { findNobody } from '../../server-to-server/self-signed.ts'
import { findServerStage, mustBeRefused, signCompact } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 11; CVE-2025-53786'

/** A certificate proves one server, and only that server. */
export default module('server-to-server', 'refuses the certificate of another', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { server, document, principal } = stage
  const nobody = await findNobody()
  const [head, , signature] = stage.assertion().split('.')
  const [other = ''] = server.resource.split('/')
  const header = { alg: 'RS256', typ: 'JWT' }
  const service = `${document.serviceName}@${document.realm}`
  const forgeries: readonly (readonly [string, string])[] = [
    ['a certificate of nobody', signCompact({ ...header, x5t: nobody.x5t }, stage.claims(), nobody.key)],
    ["a key of nobody under the server's thumbprint", signCompact({ ...header, x5t: server.x5t }, stage.claims(), nobody.key)],
    ["the server's key under a thumbprint of nobody", stage.assertion({}, { x5t: nobody.x5t })],
    ['no thumbprint', stage.assertion({}, { x5t: undefined })],
    ['claims that were not signed', `${head}.${writePart(stage.claims())}.${signature}`],
    ['a changed signature', stage.assertion().replace(/[^.]+$/, changeOneCharacter)],
    ['the name of somebody unknown', stage.assertion({ iss: `${randomUUID()}@${document.realm}`, nameid: undefined })],
    ['the name of the token service', stage.assertion({ iss: service, nameid: service })],
    ['a nameid of somebody else', stage.assertion({ nameid: `${randomUUID()}@${document.realm}` })],
    ['no issuer', stage.assertion({ iss: undefined })],
  ]
  const another = `${other}@${document.realm}`
  const named =
    another === principal ? [] : [['the name of the other server', stage.assertion({ iss: another, nameid: another })]]
  for (const [what = '', assertion = ''] of [...forgeries, ...named]) {
    mustBeRefused(checks, CLAUSE, { what, answer: await stage.ask({ assertion }), errors: ['invalid_client', 'invalid_grant'] })
  }
})
