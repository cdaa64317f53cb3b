import { module } from '../../conformance-module.ts'
import { listed } from '../../issuer-stage/asking.ts'

/** What a list of the metadata must not hold, and why. */
const WEAK: readonly (readonly [list: string, value: RegExp, clause: string])[] = [
  ['id_token_signing_alg_values_supported', /^(none|HS\d+)$/i, 'RFC 8725 section 3.2'],
  ['userinfo_signing_alg_values_supported', /^none$/i, 'RFC 8725 section 3.2'],
  ['request_object_signing_alg_values_supported', /^none$/i, 'RFC 9101 section 10.1'],
  ['token_endpoint_auth_signing_alg_values_supported', /^none$/i, 'RFC 8414 section 2'],
  ['introspection_endpoint_auth_methods_supported', /^none$/i, 'RFC 7662 section 2.1'],
  ['dpop_signing_alg_values_supported', /^(none|HS\d+)$/i, 'RFC 9449 section 5.1'],
  ['id_token_encryption_alg_values_supported', /^RSA1_5$/i, 'RFC 8725 section 3.2'],
  ['grant_types_supported', /^(implicit|password)$/i, 'RFC 9700 sections 2.1.2 and 2.4'],
  ['response_types_supported', /(^| )token( |$)/i, 'RFC 9700 section 2.1.2'],
  ['code_challenge_methods_supported', /^plain$/i, 'RFC 7636 section 7.2'],
]

export default module('issuer', 'offers no weak way', async (target, checks) => {
  for (const [name, value, clause] of WEAK) {
    const weak = (await listed(target, name)).filter((one) => value.test(one))
    const holds = weak.length === 0
    // Confidential clients of the past may have what a public one of today must not.
    if (name === 'introspection_endpoint_auth_methods_supported')
      checks.should(clause, `${name} offers nothing weak`, holds, weak.join(' ') || 'nothing')
    else checks.must(clause, `${name} offers nothing weak`, holds, weak.join(' ') || 'nothing')
  }
})
