import { module } from '../../conformance-module.ts'
import { walkCodeFlow } from '../../person/code-flow.ts'
import { readIdToken } from '../../person/id-token.ts'

const CORE = 'OpenID Connect Core 1.0 section 3.1.3.7'

export default module(
  'issuer',
  'signs ID tokens by a published key',
  async (target, checks) => {
    const flow = await walkCodeFlow(target)
    const keys = (await target.get(await target.endpoint('jwks_uri'))).json
    const isVerified = async (token: string) => {
      const wanted = { issuer: target.issuer, clientId: '', keys, now: target.now(), nonce: undefined }
      const { rules } = await readIdToken(token, wanted)
      return rules.some(({ expected, holds }) => expected.startsWith('the signature') && holds)
    }
    const { alg } = flow.header
    const isAsymmetric = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(String(alg))
    checks.must(CORE, 'the algorithm of an ID token is one with a public key', isAsymmetric, flow.header)
    checks.must(CORE, 'a published key verifies an ID token', await isVerified(flow.idToken), flow.header)
  },
  { ids: ['oidcc-idtoken-signature'], variants: ['form_post'] },
)
