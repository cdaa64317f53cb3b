import { module } from '../../conformance-module.ts'
import { openIdClient, requestCode } from '../../person/code-flow.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

const added = (address: string): string => `${address}${address.includes('?') ? '&' : '?'}foo=bar`

/** Other than the issuer's module for addresses of its own area, this one asks as somebody who is signed in already. */
export default module(
  'issuer',
  'sends nobody to unregistered addresses',
  async (target, checks) => {
    const browser = await signedIn(target)
    const client = openIdClient(target)
    const ask = async (address: string | undefined) =>
      browser.open((await requestCode(target, client, { redirect_uri: address })).url)

    const foreign = await ask(`${client.redirectUri}/elsewhere`)
    const query = await ask(added(client.redirectUri))
    const none = await ask(undefined)
    checks.must(
      CLAUSE,
      'an unregistered redirect_uri gets no answer, but the person a page',
      foreign.kind === 'page',
      describeAnswer(foreign),
    )
    checks.must(
      CLAUSE,
      'a query that was added to a redirect_uri makes it another one',
      query.kind === 'page',
      describeAnswer(query),
    )
    checks.must(
      CLAUSE,
      'a request without redirect_uri gets no answer, but the person a page',
      none.kind === 'page',
      describeAnswer(none),
    )
    const silent = [foreign, query, none].filter((one) => one.kind === 'page' && (one.status < 400 || one.status > 499))
    checks.must(CLAUSE, 'the page says that it is an error', silent.length === 0, silent.map(describeAnswer))
  },
  {
    ids: [
      'oidcc-ensure-registered-redirect-uri',
      'oidcc-redirect-uri-query-added',
      'oidcc-ensure-redirect-uri-in-authorization-request',
    ],
    variants: ['form_post'],
  },
)
