import { module } from '../../conformance-module.ts'
import {
  describeTokens,
  formOf,
  mustSucceed,
  openIdClient,
  redeemCode,
  refuses,
  requestCode,
  walkCodeFlow,
} from '../../person/code-flow.ts'
import { parametersOf } from '../../person/person-browser.ts'
import { proofKey } from '../../person/proof-key.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 7636 section 4.6'

export default module(
  'issuer',
  'takes a proof key and asks for it',
  async (target, checks) => {
    const good = await walkCodeFlow(target)
    mustSucceed(checks, CLAUSE, 'a request with an S256 challenge leads to a code that its verifier redeems', good)
    const browser = await signedIn(target)
    for (const [what, verifier] of [
      ['another verifier', proofKey().verifier],
      ['no verifier', undefined],
    ] as const) {
      const request = await requestCode(target, openIdClient(target))
      const code = parametersOf(await browser.authorize(request.url)).get('code') ?? ''
      const answer = await redeemCode(target, request, code, { code_verifier: verifier })
      const isRefused = code !== '' && refuses(answer, 'invalid_grant', 'invalid_request')
      checks.must(CLAUSE, `${what} redeems no code that has a challenge`, isRefused, describeTokens(answer))
    }
    const { code_challenge_methods_supported: methods } = await target.metadata()
    const lists = Array.isArray(methods) && methods.includes('S256')
    checks.should('RFC 8414 section 2', 'the metadata lists S256', lists, formOf({ methods: JSON.stringify(methods) }))
  },
  { ids: ['oidcc-ensure-request-with-valid-pkce-succeeds'], variants: ['form_post'] },
)
