import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findServerStage, mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 14; CVE-2025-55241'

/** An assertion is for one service and one realm, to the letter. */
export default module('server-to-server', 'refuses assertions for somebody else', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { audience, document, endpoint, server } = stage
  const [place = '', realm = ''] = audience.split('@')
  const [service = '', host = ''] = place.split('/')
  const elsewhere = randomUUID()
  const audiences: readonly (readonly [string, unknown])[] = [
    ['another realm', `${place}@${elsewhere}`],
    ['every realm', `${place}@*`],
    ['the realm in another letter case', `${place}@${realm.toUpperCase() === realm ? realm.toLowerCase() : realm.toUpperCase()}`],
    ['another host', `${service}/nobody.invalid@${realm}`],
    ['a host below this one', `${service}/sub.${host}@${realm}`],
    ['another service', `${elsewhere}/${host}@${realm}`],
    ['the service without host', `${service}@${realm}`],
    ['the service without realm', place],
    ['two realms', `${audience}@${realm}`],
    ['a longer path', `${place}/more@${realm}`],
    ['a blank behind it', `${audience} `],
    ['the address of the endpoint', endpoint],
    ['the issuer', target.issuer],
    ['the server that is asked for', server.resource],
    ['a list', [audience]],
    ['a list of several', [audience, `${place}@${elsewhere}`]],
    ['nobody', undefined],
    ['an empty text', ''],
  ]
  for (const [name, aud] of audiences) {
    const answer = await stage.ask({ assertion: stage.assertion({ aud }) })
    mustBeRefused(checks, CLAUSE, { what: `an assertion for ${name}`, answer })
  }
  for (const [name, other] of [
    ['another realm', elsewhere],
    ['every realm', '*'],
    ['two realms', `${document.realm}@${elsewhere}`],
  ] as const) {
    const iss = `${server.clientId}@${other}`
    const answer = await stage.ask({ assertion: stage.assertion({ iss, nameid: iss }) })
    mustBeRefused(checks, CLAUSE, { what: `an assertion from ${name}`, answer })
  }
  const nested = await stage.ask({ assertion: stage.assertion({ actortoken: stage.actorToken }) })
  mustBeRefused(checks, CLAUSE, { what: 'an assertion that carries an actor token', answer: nested })
})
