import { module } from '../../conformance-module.ts'
import {
  describeRegistration,
  findRegistration,
  forgetClient,
  KIT_REDIRECT_URI,
  registerClient,
} from '../../person/registering.ts'

const CLAUSE = 'RFC 6749 section 3.1.2'

export default module(
  'issuer',
  'registers no address with a fragment',
  async (target, checks) => {
    const expected = 'a redirect address with a fragment is not registered'
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined) return
    const made = await registerClient(target, endpoint, { redirect_uris: [`${KIT_REDIRECT_URI}#fragment`] })
    checks.must(CLAUSE, expected, made.client === undefined && made.answer.status === 400, describeRegistration(made))
    const { error } = made.answer.json ?? {}
    checks.should('RFC 7591 section 3.2.2', 'the error is invalid_redirect_uri', error === 'invalid_redirect_uri', error)
    await forgetClient(target, made)
  },
  { ids: ['oidcc-redirect-uri-regfrag'] },
)
