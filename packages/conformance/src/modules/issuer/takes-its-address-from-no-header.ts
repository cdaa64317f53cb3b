import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { discoveryUrl, rfc8414Url } from '../../target.ts'

const CLAUSE = 'RFC 9700 section 4.13'
const STRANGER = 'stranger.example'
const HOSTILE: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Host', { host: STRANGER }],
  ['X-Forwarded-Host', { 'x-forwarded-host': STRANGER }],
  ['X-Forwarded-Proto and -Port', { 'x-forwarded-proto': 'ftp', 'x-forwarded-port': '4444' }],
  ['Forwarded', { forwarded: `for=192.0.2.1;host=${STRANGER};proto=https` }],
  ['X-Original-Host and X-Host', { 'x-original-host': STRANGER, 'x-host': STRANGER }],
  ['X-Forwarded-Prefix', { 'x-forwarded-prefix': `/${STRANGER}`, 'x-script-name': `/${STRANGER}` }],
  ['X-Original-URL and X-Rewrite-URL', { 'x-original-url': `/${STRANGER}`, 'x-rewrite-url': `/${STRANGER}` }],
]

/** An issuer that refuses such a request is right, too: a proxy before it may not know the host. */
export default module('issuer', 'takes its address from no header', async (target, checks) => {
  const plain = JSON.stringify(await target.metadata())
  const client = needClient(target, 'public', 'confidential')
  for (const [name, headers] of HOSTILE) {
    for (const url of [discoveryUrl(target.issuer), rfc8414Url(target.issuer)]) {
      const answer = await target.get(url, headers)
      const same =
        answer.status >= 400 ||
        (url === discoveryUrl(target.issuer) ? JSON.stringify(answer.json) === plain : answer.json?.issuer === target.issuer)
      checks.must(CLAUSE, `${name} changes nothing in the metadata`, same, answer.status)
    }
    const answer = await target.get((await authorizationRequest(target, client)).url, headers)
    const seen = [answer.headers.get('location') ?? '', answer.body, answer.headers.get('set-cookie') ?? ''].join('\n')
    const clean = !seen.includes(STRANGER) && !seen.includes(':4444') && !/ftp:\/\//.test(seen)
    checks.must(
      CLAUSE,
      `${name} changes no address at the authorization endpoint`,
      clean,
      answer.headers.get('location') ?? answer.status,
    )
  }
})
