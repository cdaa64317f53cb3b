import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { tagsOf } from '../../person/html-tags.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 6749 section 10.14'
const MARKUP = '"\' kit-was-here=1 "\'><kit-was-here>'
const NAMES = [
  'client_id',
  'redirect_uri',
  'state',
  'scope',
  'response_type',
  'login_hint',
  'ui_locales',
  'prompt',
  'request_uri',
  'resource',
]

/** Whether a quote of ours ended an attribute: the rest then stands in the tag as an attribute of its own. */
const breaksOut = (html: string): boolean =>
  [...tagsOf(html)].some(({ attributes }) => [...attributes.keys()].some((name) => name.includes('kit-was-here')))

export default module('issuer', 'escapes what it repeats', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const asked = await inGroups(NAMES, async (name) => {
    const { url } = await authorizationRequest(target, client, { [name]: `x${MARKUP}` })
    return { first: await target.get(url, { accept: 'text/html' }), page: await freshBrowser(target).open(url) }
  })
  for (const [name, { first, page }] of asked) {
    // Browsers show what stands below a redirect where they do not follow it.
    const leads = first.status >= 300 && first.status < 400
    const below = /<kit-was-here/i.test(`${first.body}${first.headers.get('location')}`) || breaksOut(first.body)
    if (leads)
      checks.must(CLAUSE, `markup in ${name} is not markup in the redirect`, !below, below ? 'the markup as it was sent' : first)
    if (page.kind === 'answered') continue
    const repeated = /<kit-was-here/i.test(page.html) || breaksOut(page.html)
    const isBroken = page.status >= 500
    checks.must(CLAUSE, `markup in ${name} is no fault of the server`, !isBroken, page)
    checks.must(CLAUSE, `markup in ${name} is not markup in the page`, !repeated, repeated ? 'the markup as it was sent' : page)
  }
})
