/** One of each kind of thing that an issuer hands out, fresh and unused, and the places where each belongs. */
import { ASSERTION_TYPE, signClientAssertion } from '../client-authentication.ts'
import type { Answer, KnownClient, Target } from '../target.ts'
import { askAs, askTokenAs } from './asking.ts'
import { newCode, newFamily, newTokens, redeem } from './code-flow.ts'
import { DEVICE_GRANT, startDevice } from './device-flow.ts'
import { makeProof, newDpopKey, offersDpop } from './dpop-proof.ts'
import { follow, PAR, push } from './pushed-request.ts'

export type Kind =
  | 'access token'
  | 'refresh token'
  | 'ID token'
  | 'code'
  | 'device code'
  | 'user code'
  | 'client assertion'
  | 'DPoP proof'
  | 'request URI'

/** What could be had; a kind that the issuer does not know is absent. */
export async function oneOfEach(target: Target, client: KnownClient): Promise<ReadonlyMap<Kind, string>> {
  const all = new Map<Kind, string | undefined>()
  const family = (await newFamily(target, client)) ?? (await newTokens(target, client))
  all.set('access token', family.access)
  all.set('refresh token', family.refresh)
  all.set('ID token', family.idToken)
  all.set('code', (await newCode(target, client)).code)
  const { device, keyed } = target.clients
  if (device !== undefined && (await target.findEndpoint('device_authorization_endpoint')) !== undefined) {
    const waiting = await startDevice(target, device)
    all.set('device code', waiting.deviceCode)
    all.set('user code', waiting.userCode)
  }
  if (keyed?.privateKey !== undefined)
    all.set('client assertion', signClientAssertion(keyed, { audience: target.issuer, now: target.now() }))
  if (await offersDpop(target))
    all.set(
      'DPoP proof',
      makeProof(newDpopKey(), { method: 'POST', url: await target.endpoint('token_endpoint'), now: target.now() }),
    )
  if ((await target.findEndpoint(PAR)) !== undefined) all.set('request URI', (await push(target, client)).requestUri)
  return new Map([...all].flatMap(([kind, value]) => (value === undefined || value === '' ? [] : [[kind, value] as const])))
}

export interface Place {
  readonly name: string
  /** The kinds that are right there. */
  readonly own: readonly Kind[]
  /** Presents one there and says whether it was taken. */
  readonly isTaken: (token: string) => Promise<readonly [taken: boolean, seen: string]>
}

const seen = (answer: Answer, taken: boolean): readonly [boolean, string] => [
  taken || answer.status >= 500,
  `${answer.status} ${String(answer.json?.error ?? '')}`,
]

export async function placesOf(target: Target, client: KnownClient): Promise<readonly Place[]> {
  const grant = (fields: (token: string) => Readonly<Record<string, string>>, as: KnownClient) => async (token: string) => {
    const answer = await askTokenAs(target, as, fields(token))
    return seen(answer, answer.json?.access_token !== undefined)
  }
  const bearer = (url: string) => async (token: string) => {
    const answer = await target.get(url, { authorization: `Bearer ${token.replaceAll(/[^\x21-\x7e]/g, '')}` })
    return seen(answer, answer.status < 400)
  }
  const { device, keyed, confidential } = target.clients
  const userinfo = await target.findEndpoint('userinfo_endpoint')
  const introspection = await target.findEndpoint('introspection_endpoint')
  const token = await target.endpoint('token_endpoint')
  const code = (value: string) => ({
    grant_type: 'authorization_code',
    code: value,
    redirect_uri: client.redirectUri,
    code_verifier: 'v'.repeat(43),
  })
  const places: (Place | false | undefined)[] = [
    {
      name: 'a refresh token',
      own: ['refresh token'],
      isTaken: grant((value) => ({ grant_type: 'refresh_token', refresh_token: value }), client),
    },
    { name: 'a code', own: ['code'], isTaken: grant(code, client) },
    device && {
      name: 'a device code',
      own: ['device code'],
      isTaken: grant((value) => ({ grant_type: DEVICE_GRANT, device_code: value }), device),
    },
    keyed && {
      name: 'a client assertion',
      own: ['client assertion'],
      isTaken: async (value) => {
        const fields = { ...code('x'), client_id: keyed.clientId, client_assertion_type: ASSERTION_TYPE, client_assertion: value }
        const answer = await target.post(token, Object.entries(fields))
        return seen(answer, answer.json?.error === 'invalid_grant' || answer.status < 400)
      },
    },
    (await offersDpop(target)) && {
      name: 'a DPoP proof',
      own: ['DPoP proof'],
      isTaken: async (value) => {
        const answer = await redeem(target, await newCode(target, client), { headers: { dpop: value } })
        return seen(answer, answer.json?.access_token !== undefined)
      },
    },
    userinfo !== undefined && { name: 'a token for userinfo', own: ['access token'], isTaken: bearer(userinfo) },
    target.resource && { name: 'a token for the resource', own: ['access token'], isTaken: bearer(target.resource.url) },
    (await target.findEndpoint(PAR)) !== undefined && {
      name: 'a pushed request',
      own: ['request URI'],
      isTaken: async (value) => {
        const answer = await follow(target, client, `urn:ietf:params:oauth:request_uri:${value}`)
        return [answer.code !== undefined, answer.kind]
      },
    },
    introspection !== undefined &&
      confidential && {
        name: 'the secret of a caller of introspection',
        own: [],
        isTaken: async (value) => {
          const fields = { token: 'x' }
          const answer = await askAs(
            target,
            { ...confidential, secret: value, authentication: confidential.authentication ?? 'client_secret_basic' },
            { url: introspection, fields },
          )
          return seen(answer, answer.json?.active !== undefined)
        },
      },
  ]
  return places.flatMap((place) => place || [])
}
