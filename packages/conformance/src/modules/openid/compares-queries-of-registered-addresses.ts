import { module } from '../../conformance-module.ts'
import { mustSucceed, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import {
  describeRegistration,
  findRegistration,
  forgetClient,
  KIT_REDIRECT_URI,
  registerClient,
} from '../../person/registering.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'compares queries of registered addresses',
  async (target, checks) => {
    const expected = 'a redirect address with a query can be registered'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined) return
    const made = await registerClient(target, endpoint, { redirect_uris: [`${KIT_REDIRECT_URI}?foo=bar`] })
    checks.must('RFC 6749 section 3.1.2', expected, made.client !== undefined, describeRegistration(made))
    if (made.client === undefined) return
    const flow = await walkCodeFlow(target, { client: made.client })
    if (mustSucceed(checks, CLAUSE, 'and is used as it was registered', flow)) {
      const kept = target.responseMode === 'form_post' || parametersOf(flow.answer).get('foo') === 'bar'
      checks.must('RFC 6749 section 3.1.2', 'its query is kept in the answer', kept, describeAnswer(flow.answer))
    }
    const browser = await signedIn(target)
    const other = await browser.open(
      (await requestCode(target, made.client, { redirect_uri: `${KIT_REDIRECT_URI}?bar=foo` })).url,
    )
    checks.must(CLAUSE, 'another query makes it an address that is not registered', other.kind === 'page', describeAnswer(other))
    await forgetClient(target, made)
  },
  { ids: ['oidcc-redirect-uri-query-OK', 'oidcc-redirect-uri-query-mismatch'] },
)
