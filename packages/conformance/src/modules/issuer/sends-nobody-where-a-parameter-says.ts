import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 9700 section 4.11'
const STRANGER = 'stranger.example'
const NAMES = [
  'url',
  'next',
  'rd',
  'return_to',
  'returnUrl',
  'redirect',
  'redirect_url',
  'continue',
  'goto',
  'target',
  'RelayState',
]

/** Whether an answer leads to the stranger, by header, by the page itself or by a form. */
const leadsAway = (base: string, location: string | null, body: string): boolean =>
  (location !== null && URL.parse(location, base)?.hostname === STRANGER) ||
  new RegExp(`http-equiv=["']?refresh[^>]*${STRANGER}`, 'i').test(body) ||
  new RegExp(`(?:action|href)=["']?(?:https?:)?//${STRANGER}`, 'i').test(body)

export default module('issuer', 'sends nobody where a parameter says', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const request = await authorizationRequest(target, client)
  const page = await freshBrowser(target).open(request.url)
  const logout = await target.findEndpoint('end_session_endpoint')
  const places: readonly (readonly [string, string])[] = [
    ['the authorization endpoint', request.url],
    ['the issuer itself', target.issuer],
    ...(page.kind === 'page' ? [['the page that asks people to sign in', page.url] as const] : []),
    ...(logout === undefined ? [] : [['the logout endpoint', logout] as const]),
  ]
  for (const [place, address] of places) {
    const names = logout === address ? [...NAMES, 'post_logout_redirect_uri'] : NAMES
    const tries = names.flatMap((name) =>
      [`https://${STRANGER}/`, `//${STRANGER}/`, `/\\${STRANGER}/`].map((to) => [name, to] as const),
    )
    const asked = await inGroups(tries, ([name, to]) => {
      const url = new URL(address)
      url.searchParams.set(name, to)
      return target.get(url.href)
    })
    const away = asked.filter(([, answer]) => leadsAway(address, answer.headers.get('location'), answer.body))
    const seen = away.map(([[name, to]]) => `${name}=${to}`)
    checks.must(CLAUSE, `${place} leads nobody to a stranger's address`, away.length === 0, seen.join(' ') || 'none of them')
  }
})
