import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 6749 section 10.14'
const MARKUP = '"\'><kit-was-here>'
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

export default module('issuer', 'escapes what it repeats', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const asked = await inGroups(NAMES, async (name) =>
    freshBrowser(target).open((await authorizationRequest(target, client, { [name]: `x${MARKUP}` })).url),
  )
  for (const [name, page] of asked) {
    const repeated = page.kind === 'page' && /<kit-was-here/i.test(page.html)
    checks.must(
      CLAUSE,
      `markup in ${name} is not markup in the page`,
      !repeated,
      repeated ? 'the markup as it was sent' : page.kind,
    )
  }
})
