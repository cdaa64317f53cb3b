import { generateKeyPairSync } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { outcomeOf, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { startListener } from '../../person/listener.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import {
  canServe,
  describeRegistration,
  findRegistration,
  forgetClient,
  KIT_REDIRECT_URI,
  registerClient,
} from '../../person/registering.ts'
import { makeRequestObject } from '../../person/request-object.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 6.2'

let keys: ReturnType<typeof makeKeys> | undefined
const makeKeys = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

export default module(
  'issuer',
  'follows registered request addresses',
  async (target, checks) => {
    const expected = 'a client registers an address of its requests'
    const { request_uri_parameter_supported: supported } = await target.metadata()
    const endpoint = await findRegistration(target, checks, CLAUSE, expected)
    if (endpoint === undefined || !canServe(target, checks, CLAUSE, expected)) return
    if (supported === false) return checks.skip(CLAUSE, expected, 'request_uri_parameter_supported is false')
    keys ??= makeKeys()
    const signer = { key: keys.privateKey, keyId: 'request-key' }
    const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: signer.keyId, alg: 'RS256', use: 'sig' }
    const inside = { state: 'state-of-the-document', nonce: 'nonce-of-the-document' }
    await using listener = await startListener()
    for (const algorithm of ['none', 'RS256'] as const) {
      const path = `/request-${algorithm}.jwt`
      const made = await registerClient(target, endpoint, {
        request_uris: [`${listener.origin}${path}`],
        request_object_signing_alg: algorithm,
        ...(algorithm === 'RS256' && { jwks: { keys: [jwk] } }),
      })
      checks.must(CLAUSE, `${expected} by ${algorithm}`, made.client !== undefined, describeRegistration(made))
      if (made.client === undefined) continue
      const { clientId } = made.client
      const about = { iss: clientId, aud: target.issuer, client_id: clientId, response_type: 'code', scope: 'openid' }
      const claims = { ...about, redirect_uri: KIT_REDIRECT_URI, ...inside }
      const serve = (body: string) => listener.serve(path, { type: 'application/oauth-authz-req+jwt', body })
      const change = { request_uri: serve(makeRequestObject(claims, algorithm === 'RS256' ? signer : undefined)) }
      const { holds, seen } = outcomeOf(await walkCodeFlow(target, { client: made.client, change, effective: inside }))
      checks.must(CLAUSE, `a request by ${algorithm} at that address counts before the parameters beside it`, holds, seen)
      if (algorithm === 'RS256') {
        serve(makeRequestObject(claims))
        const browser = await signedIn(target)
        const forged = await browser.authorize((await requestCode(target, made.client, change)).url)
        const isRefused = !parametersOf(forged).has('code')
        checks.must(
          'OpenID Connect Core 1.0 section 6.3.2',
          'who registered for signed requests makes no others',
          isRefused,
          describeAnswer(forged),
        )
      }
      await forgetClient(target, made)
    }
  },
  { ids: ['oidcc-request-uri-unsigned', 'oidcc-request-uri-signed-rs256'] },
)
