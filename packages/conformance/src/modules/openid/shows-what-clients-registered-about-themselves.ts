import { module } from '../../conformance-module.ts'
import { requestCode } from '../../person/code-flow.ts'
import { decodeHtml } from '../../person/html-tags.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { describeRegistration, findRegistration, forgetClient, registerClient } from '../../person/registering.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Dynamic Client Registration 1.0 section 2'
const ABOUT = {
  logo_uri: 'https://client.kit.example/logo.png',
  policy_uri: 'https://client.kit.example/privacy',
  tos_uri: 'https://client.kit.example/terms',
}

/** What a person sees before typing a password, or before agreeing. */
export default module(
  'issuer',
  'shows what clients registered about themselves',
  async (target, checks) => {
    const expected = 'a client registers its logo and where its policy and terms are'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined) return
    const made = await registerClient(target, endpoint, ABOUT)
    checks.must(CLAUSE, expected, made.client !== undefined, describeRegistration(made))
    if (made.client === undefined) return
    const request = await requestCode(target, made.client, { prompt: 'login consent' })
    const seen = await freshBrowser(target).open(request.url)
    checks.must(
      CLAUSE,
      'the person sees a page before the client gets a code',
      seen.kind === 'page' && seen.status === 200,
      describeAnswer(seen),
    )
    const html = seen.kind === 'page' ? decodeHtml(seen.html) : ''
    for (const [name, address] of Object.entries(ABOUT)) {
      const rule = `the page shows ${name} of the client`
      // RFC 7591 section 2: an issuer leaves out what it does not keep, and says so by its answer.
      if (made.answer.json?.[name] === undefined) checks.skip(CLAUSE, rule, `the client was registered without ${name}`)
      else checks.should(CLAUSE, rule, html.includes(address), describeAnswer(seen))
    }
    await forgetClient(target, made)
  },
  { ids: ['oidcc-registration-logo-uri', 'oidcc-registration-policy-uri', 'oidcc-registration-tos-uri'] },
)
