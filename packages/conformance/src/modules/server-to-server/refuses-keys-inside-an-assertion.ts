import { createPublicKey } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findNobody } from '../../server-to-server/self-signed.ts'
import { findServerStage, mustBeRefused, signCompact } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 11; RFC 8725 section 3.10'

/** Certificates come from registration alone. */
export default module('server-to-server', 'refuses keys inside an assertion', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { server } = stage
  const { der, key, x5t } = await findNobody()
  const theirs = { x5c: [der.toString('base64')], jwk: createPublicKey(key).export({ format: 'jwk' }) }
  const places = { jku: 'https://nobody.invalid/keys', x5u: 'https://nobody.invalid/certificate' }
  const forged = { ...theirs, ...places }
  for (const [name, value] of Object.entries(forged)) {
    for (const [whose, named] of [
      ['its own', x5t],
      ["the server's", server.x5t],
    ] as const) {
      const header = { alg: 'RS256', typ: 'JWT', x5t: named, [name]: value }
      const answer = await stage.ask({ assertion: signCompact(header, stage.claims(), key) })
      mustBeRefused(checks, CLAUSE, { what: `nobody's key in ${name} under ${whose} thumbprint`, answer })
    }
  }
  const own = { x5c: [Buffer.from(server.certificate).toString('base64')], ...places, crit: ['exp'] }
  for (const [name, value] of Object.entries(own)) {
    const answer = await stage.ask({ assertion: stage.assertion({}, { [name]: value }) })
    mustBeRefused(checks, CLAUSE, { what: `${name} beside a right signature`, answer })
  }
})
