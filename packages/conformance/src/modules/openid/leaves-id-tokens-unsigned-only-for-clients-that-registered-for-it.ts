import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { describeRegistration, forgetClient, registerClient } from '../../person/registering.ts'

const CLAUSE = 'OpenID Connect Dynamic Client Registration 1.0 section 2'

/** Section 2 of Core: none "MUST NOT be used" unless the client asked for it when it registered. */
export default module(
  'issuer',
  'leaves ID tokens unsigned only for clients that registered for it',
  async (target, checks) => {
    const { id_token_signing_alg_values_supported: algorithms } = await target.metadata()
    const plain = await walkCodeFlow(target)
    const isSigned = plain.idToken !== '' && plain.header.alg !== 'none' && !plain.idToken.endsWith('.')
    checks.must(CLAUSE, 'who registered for nothing else gets signed ID tokens', isSigned, plain.header)
    const endpoint = await target.findEndpoint('registration_endpoint')
    const isListed = Array.isArray(algorithms) && algorithms.includes('none')
    if (endpoint === undefined) {
      if (isListed)
        checks.skip(CLAUSE, 'a client registers for unsigned ID tokens', 'the metadata names no registration_endpoint')
      return
    }
    const made = await registerClient(target, endpoint, { id_token_signed_response_alg: 'none' })
    if (!isListed) {
      const isGiven = made.client !== undefined && made.answer.json?.id_token_signed_response_alg === 'none'
      checks.must(CLAUSE, 'an issuer that does not list none registers nobody for it', !isGiven, describeRegistration(made))
      return forgetClient(target, made)
    }
    checks.must(CLAUSE, 'a client registers for unsigned ID tokens', made.client !== undefined, describeRegistration(made))
    if (made.client === undefined) return
    const flow = await walkCodeFlow(target, { client: made.client })
    const rules = flow.rules.filter(({ expected }) => !/signed by an algorithm|^the signature|names its key/.test(expected))
    if (mustSucceed(checks, CLAUSE, 'an unsigned ID token has every claim of a signed one', { ...flow, rules }))
      checks.must(
        CLAUSE,
        'it has alg none and no signature',
        flow.header.alg === 'none' && flow.idToken.endsWith('.'),
        flow.header,
      )
    await forgetClient(target, made)
  },
  { ids: ['oidcc-idtoken-unsigned'], variants: ['form_post'] },
)
