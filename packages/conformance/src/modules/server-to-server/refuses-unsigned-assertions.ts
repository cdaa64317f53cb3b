import { createPublicKey, sign, X509Certificate } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findServerStage, hmac, mustBeRefused, signCompact } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 11; RFC 8725 section 3.1; CVE-2023-29357'
const NONE = ['none', 'None', 'NONE', 'nOnE', 'NonE', 'none ', '', null]

/** Only RS256 is signed, whatever the header calls itself. */
export default module('server-to-server', 'refuses unsigned assertions', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { certificate, key, x5t } = stage.server
  const make = (alg: unknown, by: Parameters<typeof signCompact>[2]) => signCompact({ alg, typ: 'JWT', x5t }, stage.claims(), by)
  for (const alg of NONE) {
    const name = alg === null ? 'null' : `"${alg}"`
    const bare = await stage.ask({ assertion: make(alg, () => Buffer.alloc(0)) })
    mustBeRefused(checks, CLAUSE, { what: `algorithm ${name} without signature`, answer: bare })
    const signed = await stage.ask({ assertion: make(alg, key) })
    mustBeRefused(checks, CLAUSE, { what: `algorithm ${name} with a signature`, answer: signed })
  }
  const read = new X509Certificate(certificate)
  const secrets = [
    ['the certificate as PEM', read.toString()],
    ['the certificate as DER', certificate],
    ['the public key as PEM', createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()],
  ] as const
  for (const [name, secret] of secrets) {
    const answer = await stage.ask({ assertion: make('HS256', hmac(secret)) })
    mustBeRefused(checks, CLAUSE, { what: `HS256 by ${name}`, answer })
  }
  const sha512 = await stage.ask({ assertion: make('RS512', (input) => sign('sha512', input, key)) })
  mustBeRefused(checks, CLAUSE, { what: 'RS512', answer: sha512 })
  const missing = await stage.ask({ assertion: make(undefined, key) })
  mustBeRefused(checks, CLAUSE, { what: 'no algorithm', answer: missing })
})
