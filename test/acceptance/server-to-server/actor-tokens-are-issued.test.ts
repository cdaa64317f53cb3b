import { createPublicKey, randomUUID, X509Certificate } from 'node:crypto'
import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const STS = '00000001-0000-0000-c000-000000000000'
const LEGACY = 'http://oauth.net/grant_type/jwt/1.0/bearer'
const MODERN = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let sts: TestSts
let partner: TestPrincipal
let own: string
let mail: string

beforeAll(async () => {
  sts = await startSts()
  partner = await sts.addPrincipal({ delegations: [{ resourceId: sts.resource.id, scopes: ['EWS.AccessAsUser.All'] }] })
  own = `${STS}/${new URL(sts.baseUrl).host}@${sts.realm.id}`
  mail = `${sts.resource.principalId}/mail.contoso.com@${sts.realm.id}`
})
afterAll(() => sts.close())

async function ask(form: Record<string, string>, path = '/tokens/OAuth/2') {
  const response = await fetch(`${sts.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form) })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown>, headers: response.headers }
}

const grant = (change: Record<string, string> = {}) => ({
  grant_type: LEGACY,
  assertion: partner.assertion(own),
  resource: mail,
  ...change,
})

describe('the actor token', () => {
  test('carries the claims and header of the wire format, signed by the key that the realm publishes', async () => {
    const { status, body, headers } = await ask(grant())
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    const token = String(body.access_token)
    const { keys } = (await (await fetch(`${sts.issuer}/discovery/v2.0/keys`)).json()) as {
      keys: { x5t: string; x5c: string[] }[]
    }
    const [key] = keys
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: 'RS256', kid: key?.x5t, x5t: key?.x5t })
    const certificate = new X509Certificate(Buffer.from(key?.x5c[0] ?? '', 'base64'))
    const { payload } = await jwtVerify(token, createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' })))
    const { nbf, jti, ...rest } = payload
    expect(rest).toEqual({
      aud: mail,
      iss: `${STS}@${sts.realm.id}`,
      identityprovider: `${STS}@${sts.realm.id}`,
      nameid: `${partner.clientId}@${sts.realm.id}`,
      iat: nbf,
      exp: Number(nbf) + 3600,
      trustedfordelegation: 'true',
    })
    expect(jti).toBe(`${partner.x5t}:${String(jti).slice(-36)}`)
  })

  test('lacks trustedfordelegation where nobody granted it', async () => {
    const other = await sts.addPrincipal()
    const { body } = await ask({ grant_type: LEGACY, assertion: other.assertion(own), resource: mail })
    expect(decodeJwt(String(body.access_token))).not.toHaveProperty('trustedfordelegation')
  })

  test.each([
    ['the original endpoint', '/tokens/OAuth/2', LEGACY, 'string'],
    ['the original endpoint, by the later name of the grant', '/tokens/OAuth/2', MODERN, 'string'],
    ['the v1 token endpoint', '/oauth2/token', LEGACY, 'string'],
    ['the v2 token endpoint', '/oauth2/v2.0/token', LEGACY, 'number'],
    ['the v2 token endpoint, by the later name of the grant', '/oauth2/v2.0/token', MODERN, 'number'],
  ])('is given by %s, with times as the endpoint writes them', async (_, path, grantType, kind) => {
    const { status, body } = await ask(grant({ grant_type: grantType }), path)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', resource: mail })
    for (const name of ['expires_in', 'expires_on', 'not_before']) expect(typeof body[name], name).toBe(kind)
    expect(Number(body.expires_in)).toBe(3600)
    expect(Number(body.expires_on)).toBe(Number(body.not_before) + 3600)
  })

  test('is asked for by a registered address, by a verified domain as realm, and by a host in another letter case', async () => {
    for (const resource of [
      'https://mail.contoso.com/',
      'https://mail.contoso.com',
      `${sts.resource.principalId}/mail.contoso.com@contoso.com`,
      `${sts.resource.principalId}/MAIL.contoso.com@${sts.realm.id}`,
    ]) {
      const { status, body } = await ask(grant({ resource }))
      expect([status, decodeJwt(String(body.access_token)).aud], resource).toEqual([200, mail])
    }
  })

  test('may be for the token service itself', async () => {
    const { body } = await ask(grant({ resource: own }))
    expect(decodeJwt(String(body.access_token))).toMatchObject({ aud: own, trustedfordelegation: 'true' })
  })

  test('is given for assertions as the original writes them: times as strings, padded x5t, no nameid, no jti', async () => {
    const at = Math.floor(Date.now() / 1000)
    const assertion = partner.sign(
      { aud: own, iss: `${partner.clientId}@${sts.realm.id}`, nbf: String(at), exp: String(at + 300), iat: String(at) },
      { x5t: `${partner.x5t}=` },
    )
    expect((await ask(grant({ assertion }))).status).toBe(200)
  })
})

describe('a refusal', () => {
  const refusals: readonly (readonly [
    why: string,
    change: () => Record<string, string>,
    expected: readonly [number, string, string],
  ])[] = [
    ['no assertion', () => ({ assertion: '' }), [400, 'invalid_request', 'parameter_missing: assertion']],
    ['no resource', () => ({ resource: '' }), [400, 'invalid_request', 'parameter_missing: resource']],
    ['another realm', () => ({ realm: randomUUID() }), [400, 'invalid_request', 'parameter_disagrees: realm']],
    ['another client_id', () => ({ client_id: randomUUID() }), [400, 'invalid_request', 'parameter_disagrees: client_id']],
    [
      'a resource that nobody registered',
      () => ({ resource: mail.replace('mail.', 'web.') }),
      [400, 'invalid_resource', 'resource_unknown'],
    ],
    [
      'a wildcard',
      () => ({ resource: `${sts.resource.principalId}/*@${sts.realm.id}` }),
      [400, 'invalid_resource', 'resource_unknown'],
    ],
    [
      'a resource of another realm',
      () => ({ resource: mail.replace(sts.realm.id, randomUUID()) }),
      [400, 'invalid_resource', 'resource_unknown'],
    ],
    [
      'a resource under another principal',
      () => ({ resource: mail.replace(/^[^/]+/, partner.clientId) }),
      [400, 'invalid_resource', 'resource_unknown'],
    ],
    [
      'an assertion that lives too long',
      () => ({ assertion: partner.assertion(own, { exp: Math.floor(Date.now() / 1000) + 900 }) }),
      [401, 'invalid_client', 'lifetime_too_long'],
    ],
    [
      'an assertion for another service',
      () => ({ assertion: partner.assertion(own.replace(sts.realm.id, randomUUID())) }),
      [401, 'invalid_client', 'audience_mismatch'],
    ],
    [
      'an assertion of somebody else',
      () => ({ assertion: partner.assertion(own, { iss: `${randomUUID()}@${sts.realm.id}`, nameid: undefined }) }),
      [401, 'invalid_client', 'certificate_of_another'],
    ],
    [
      'a certificate in the header',
      () => ({ assertion: partner.sign({}, { x5c: ['MIIB'] }) }),
      [401, 'invalid_client', 'header_not_allowed'],
    ],
    [
      'no signature',
      () => ({ assertion: partner.assertion(own).replace(/[^.]+$/, '') }),
      [401, 'invalid_client', 'token_malformed'],
    ],
  ]

  test.each(refusals)('says why to operators alone: %s', async (_, change, [status, error, reason]) => {
    const answer = await ask(grant(change()))
    expect([answer.status, answer.body.error]).toEqual([status, error])
    expect(answer.text.startsWith('{"error":')).toBe(true)
    const [row] = await sts.kept.audit.list({ limit: 1, event: 'actor_token.refused' })
    expect(row?.detail).toMatchObject({ error })
    expect(String(row?.detail.reason)).toMatch(new RegExp(`^${reason}`))
  })

  test('tells an outsider nothing of who is registered', async () => {
    const tampered = `${partner.assertion(own).slice(0, -6)}AAAAAA`
    const answers = await Promise.all([
      ask(grant({ assertion: partner.sign({ aud: own }, { x5t: 'A'.repeat(27) }) })),
      ask(grant({ assertion: tampered })),
    ])
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  })

  test('meets a client that may not use this grant, may not ask for this resource, or is disabled', async () => {
    const without = await sts.addPrincipal({ grantTypes: ['client_credentials'] })
    const nowhere = await sts.addPrincipal({ access: [] })
    const gone = await sts.addPrincipal()
    const client = await sts.kept.clients.find(gone.clientId as never)
    if (client) await sts.kept.clients.replace({ ...client, status: 'disabled' })
    const asked = async (one: TestPrincipal) =>
      (await ask({ grant_type: LEGACY, assertion: one.assertion(own), resource: mail })).body.error
    expect(await Promise.all([without, nowhere, gone].map(asked))).toEqual([
      'unauthorized_client',
      'invalid_resource',
      'invalid_client',
    ])
  })
})

describe('a numbered assertion', () => {
  test('is good once, also among twenty at once', async () => {
    const assertion = partner.assertion(own)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(grant({ assertion }))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status, body }) => status === 401 && body.error === 'invalid_client')).toHaveLength(19)
  })
})

test('every token that is given has its row, with the client, the resource and the number of the token', async () => {
  const { body } = await ask(grant())
  const { jti } = decodeJwt(String(body.access_token))
  const [row] = (await sts.kept.audit.list({ limit: 5, event: 'actor_token.issued' })).filter(({ detail }) => detail.jti === jti)
  expect(row).toMatchObject({
    clientId: partner.clientId,
    outcome: 'allowed',
    detail: { resource: mail, delegated: true, x5t: partner.x5t },
  })
})
