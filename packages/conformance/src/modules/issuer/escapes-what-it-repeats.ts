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
  const asked = await inGroups(NAMES, async (name) =>
    freshBrowser(target).open((await authorizationRequest(target, client, { [name]: `x${MARKUP}` })).url),
  )
  for (const [name, page] of asked) {
    const repeated = page.kind === 'page' && (/<kit-was-here/i.test(page.html) || breaksOut(page.html))
    const isBroken = page.kind === 'page' && page.status >= 500
    checks.must(CLAUSE, `markup in ${name} is no fault of the server`, !isBroken, page.kind === 'page' ? page.status : page.kind)
    checks.must(
      CLAUSE,
      `markup in ${name} is not markup in the page`,
      !repeated,
      repeated ? 'the markup as it was sent' : page.kind,
    )
  }
})
