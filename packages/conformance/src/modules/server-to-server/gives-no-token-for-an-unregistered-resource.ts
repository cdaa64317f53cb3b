import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findServerStage, mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 16'

export default module('server-to-server', 'gives no token for an unregistered resource', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const [place = '', realm = ''] = stage.server.resource.split('@')
  const [client = '', host = ''] = place.split('/')
  const elsewhere = randomUUID()
  const resources: readonly (readonly [string, string])[] = [
    ['a server that nobody registered', `${elsewhere}/${host}@${realm}`],
    ['a host that nobody registered', `${client}/nobody.invalid@${realm}`],
    ['a host below the registered one', `${client}/sub.${host}@${realm}`],
    ['every host', `${client}/*@${realm}`],
    ['every host of a domain', `${client}/*.${host.split('.').slice(1).join('.') || host}@${realm}`],
    ['every server', `*/${host}@${realm}`],
    ['everything', '*'],
    ['every realm', `${place}@*`],
    ['another realm', `${place}@${elsewhere}`],
    ['no realm', place],
    ['no host', `${client}@${realm}`],
    ['two realms', `${place}@${realm}@${realm}`],
    ['a longer path', `${place}/more@${realm}`],
    ['a blank behind it', `${stage.server.resource} `],
    ['an address that nobody registered', 'https://nobody.invalid/'],
  ]
  for (const [what, resource] of resources) {
    const answer = await stage.ask({ resource })
    mustBeRefused(checks, CLAUSE, { what, answer, errors: ['invalid_resource', 'invalid_target'] })
  }
  mustBeRefused(checks, CLAUSE, { what: 'a parameter that names another realm', answer: await stage.ask({ realm: elsewhere }) })
  mustBeRefused(checks, CLAUSE, { what: 'a parameter that names every realm', answer: await stage.ask({ realm: '*' }) })
  mustBeRefused(checks, CLAUSE, { what: 'a client_id of another', answer: await stage.ask({ client_id: elsewhere }) })
})
