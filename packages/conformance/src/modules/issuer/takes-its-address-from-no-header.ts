import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { getAsHost, type PlainAnswer } from '../../issuer-stage/foreign-host.ts'
import { discoveryUrl, rfc8414Url, type Target } from '../../target.ts'

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

async function ask(target: Target, url: string, headers: Readonly<Record<string, string>>): Promise<PlainAnswer> {
  if (headers.host !== undefined) return getAsHost(url, headers.host)
  const { status, headers: got, body } = await target.get(url, headers)
  return { status, location: got.get('location') ?? '', cookies: got.getSetCookie().join('\n'), body }
}

/** What shows that a header was believed. */
const isTainted = (text: string): boolean => text.includes(STRANGER) || text.includes(':4444') || text.includes('ftp:')

/** An issuer that refuses such a request is right, too: a proxy before it may not know the host. */
export default module('issuer', 'takes its address from no header', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const documents = [discoveryUrl(target.issuer), rfc8414Url(target.issuer)] as const
  const plain = await Promise.all(documents.map(async (url) => (await target.get(url)).body))
  for (const [name, headers] of HOSTILE) {
    const hostile = await Promise.all(documents.map((url) => ask(target, url, headers)))
    const same = hostile.every(({ status, body }, at) => (status >= 400 && status < 500) || body === plain[at])
    checks.must(CLAUSE, `${name} changes nothing in the metadata`, same, hostile.map(({ status }) => status).join())
    const answer = await ask(target, (await authorizationRequest(target, client)).url, headers)
    const clean = !isTainted([answer.location, answer.cookies, answer.body].join('\n'))
    checks.must(CLAUSE, `${name} changes no address at the authorization endpoint`, clean, answer.location || answer.status)
  }
})
