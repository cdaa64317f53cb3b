import { module } from '../../conformance-module.ts'
import { findRefusal, signedInFor } from '../../preflight.ts'

/** Once for each client, in place of every module that needs it: most often the target file is what is wrong. */
export default module('issuer', 'signs people in for the clients that it is tested with', async (target, checks) => {
  const clause = 'RFC 6749 section 4.1.1'
  const known = signedInFor(target)
  if (known.length === 0) return checks.skip(clause, 'an authorization request leads to a sign-in', 'clients were not given')
  for (const [name, client] of known) {
    const why = await findRefusal(target, name, client)
    checks.must(clause, `clients.${name}: an authorization request leads to a sign-in`, why === undefined, why ?? 'it does')
  }
})
