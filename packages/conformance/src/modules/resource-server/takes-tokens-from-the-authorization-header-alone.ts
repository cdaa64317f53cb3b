import { module } from '../../conformance-module.ts'
import { findStage, opensForGoodToken } from '../../local-issuer/mail-stage.ts'

/** Addresses and bodies end up in logs, caches and histories (RFC 9700 section 4.3.2). */
export default module('resource-server', 'takes tokens from the authorization header alone', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 9700 section 4.3.2')
  if (stage === undefined || !(await opensForGoodToken(target, checks, stage))) return
  const { url } = stage.mailServer
  const { good } = stage.bench
  const opensNothing = (status: number): boolean => status < 200 || status >= 300
  const inAddress = new URL(url)
  inAddress.searchParams.set('access_token', good)
  const { status: byAddress } = await target.get(inAddress.href)
  checks.must('RFC 9700 section 4.3.2', 'a token in the address opens nothing', opensNothing(byAddress), byAddress)
  const { status: byBody } = await target.post(url, [['access_token', good]])
  checks.must('RFC 6750 section 2.2', 'a token in the body opens nothing', opensNothing(byBody), byBody)
  for (const [what, headers] of [
    ['in a cookie', { cookie: `access_token=${good}` }],
    ['in X-Access-Token', { 'x-access-token': good }],
    ['in X-PROOF_TOKEN (CVE-2023-29357)', { 'x-proof_token': good }],
    ['in Proxy-Authorization', { 'proxy-authorization': `Bearer ${good}` }],
  ] as const) {
    const { status } = await target.get(url, headers)
    checks.must('RFC 6750 section 2', `a token ${what} opens nothing`, opensNothing(status), status)
  }
})
