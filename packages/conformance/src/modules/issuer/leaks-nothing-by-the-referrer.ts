import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 9700 section 4.2.4'
const TIGHT = [
  'no-referrer',
  'origin',
  'strict-origin',
  'same-origin',
  'strict-origin-when-cross-origin',
  'origin-when-cross-origin',
]
const LOADED = /<(?:script|img|iframe|link|source|video|audio|embed|object)\b[^>]*?\b(?:src|href|data)\s*=\s*["']?([^"'\s>]+)/gi
const META = /<meta\b[^>]*name=["']?referrer["']?[^>]*content=["']?([a-z-]+)/i

export default module('issuer', 'leaks nothing by the referrer', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const page = await freshBrowser(target).open((await authorizationRequest(target, client)).url)
  const expected = 'the page that asks people to sign in sends no address to other hosts'
  if (page.kind !== 'page') return checks.skip(CLAUSE, expected, 'there was no page')
  const policy = (page.headers.get('referrer-policy') ?? META.exec(page.html)?.[1] ?? '').split(',').at(-1)?.trim() ?? ''
  checks.should(CLAUSE, expected, TIGHT.includes(policy), policy || 'no policy')
  const origin = new URL(page.url).origin
  const foreign = [...page.html.matchAll(LOADED)]
    .map(([, address = '']) => URL.parse(address, page.url))
    .filter((url) => url?.protocol.startsWith('http') && url.origin !== origin)
  checks.should(
    CLAUSE,
    'and it loads nothing from other hosts',
    foreign.length === 0,
    foreign.map((url) => url?.origin).join(' ') || 'nothing',
  )
})
