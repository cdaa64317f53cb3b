/** What the service publishes of itself for Exchange-like servers and for those that read WS-Federation metadata. */
import { randomUUID, X509Certificate } from 'node:crypto'
import { parseMetadataDocument } from '@postern/resource-server'
import { startSts, type TestSts } from '@postern/sts/testing'
import { jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'

const STS = '00000001-0000-0000-c000-000000000000'
const FEDERATION = '/FederationMetadata/2007-06/FederationMetadata.xml'

let sts: TestSts
beforeAll(async () => {
  sts = await startSts()
})
afterAll(() => sts.close())

const textOf = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('the document for Exchange-like servers', () => {
  test('is the same by GUID and domain, in the path and in the query', async () => {
    const { status, text, headers } = await textOf(`${sts.issuer}/metadata/json/1`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(JSON.parse(text)).toMatchObject({ realm: sts.realm.id, issuer: `${STS}@${sts.realm.id}` })
    for (const same of [
      `${sts.baseUrl}/contoso.com/metadata/json/1`,
      `${sts.baseUrl}/metadata/json/1?realm=contoso.com`,
      `${sts.baseUrl}/metadata/json/1?realm=CONTOSO.com`,
      `${sts.baseUrl}/metadata/json/1?realm=${sts.realm.id}`,
    ]) {
      expect(await textOf(same), same).toMatchObject({ status: 200, text })
    }
  })

  test('is that of the realm which the query names, or none, where the path names one as well', async () => {
    const { text } = await textOf(`${sts.issuer}/metadata/json/1`)
    for (const same of [sts.realm.id, 'contoso.com', 'CONTOSO.com'])
      expect(await textOf(`${sts.issuer}/metadata/json/1?realm=${same}`), same).toMatchObject({ status: 200, text })
    for (const other of ['nope.test', randomUUID(), '*']) {
      const answer = await textOf(`${sts.issuer}/metadata/json/1?realm=${other}`)
      expect([answer.status, (JSON.parse(answer.text) as { title: string }).title], other).toEqual([404, 'not_found'])
      expect(answer.text).not.toContain('keys')
      expect(answer.headers.get('cache-control') ?? '').not.toContain('public')
    }
  })

  test('leads a server from nothing but its address to an actor token that verifies by its first key', async () => {
    const document = parseMetadataDocument((await textOf(`${sts.baseUrl}/metadata/json/1?realm=contoso.com`)).text)
    const [endpoint, ...others] = document.endpoints.filter(({ protocol }) => protocol === 'OAuth2')
    expect(others).toEqual([])
    const partner = await sts.addPrincipal()
    const answer = await textOf(endpoint?.location ?? '', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer',
        assertion: partner.assertion(document.allowedAudiences[0] ?? ''),
        resource: `${sts.resource.principalId}/mail.contoso.com@${document.realm}`,
      }),
    })
    expect(answer.status).toBe(200)
    const [first] = document.keys
    const { payload } = await jwtVerify(
      String((JSON.parse(answer.text) as { access_token: string }).access_token),
      new X509Certificate(first?.certificate ?? new Uint8Array()).publicKey,
    )
    expect(payload.iss).toBe(document.issuer)
  })

  test.each([
    ['no realm', '', 400, 'malformed'],
    ['an empty realm', '?realm=', 400, 'malformed'],
    ['two realms', '?realm=contoso.com&realm=contoso.com', 400, 'duplicate_parameter'],
    ['a realm of nobody', '?realm=fabrikam.com', 404, 'not_found'],
    ['another GUID', `?realm=${randomUUID()}`, 404, 'not_found'],
    ['every realm', '?realm=*', 404, 'not_found'],
    ['a path for a realm', '?realm=..%2F..%2Fx', 404, 'not_found'],
  ])('is refused for %s, as a problem', async (_, query, status, title) => {
    const answer = await textOf(`${sts.baseUrl}/metadata/json/1${query}`)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(JSON.parse(answer.text)).toMatchObject({ title })
  })
})

describe('the document of WS-Federation', () => {
  test('names issuer and signing certificate', async () => {
    const { status, text, headers } = await textOf(`${sts.issuer}${FEDERATION}`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/samlmetadata+xml; charset=utf-8')
    expect(text).toContain(`entityID="${sts.issuer}"`)
    const [, certificate = ''] = /<X509Certificate>([^<]+)</.exec(text) ?? []
    const { keys } = parseMetadataDocument((await textOf(`${sts.issuer}/metadata/json/1`)).text)
    expect(certificate).toBe(Buffer.from(keys[0]?.certificate ?? []).toString('base64'))
  })
})

describe.each(['/metadata/json/1', FEDERATION])('%s', (path) => {
  test('says what it would answer, and that nothing has changed', async () => {
    const { headers, text } = await textOf(`${sts.issuer}${path}`)
    const head = await textOf(`${sts.issuer}${path}`, { method: 'HEAD' })
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', String(Buffer.byteLength(text))])
    const tag = headers.get('etag') ?? ''
    // Not by fetch, which would ask for an answer past every cache.
    const again = await rawRequest(`${sts.issuer}${path}`, { headers: { 'if-none-match': tag } })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  test('takes no other method', async () => {
    const answer = await textOf(`${sts.issuer}${path}`, { method: 'POST', body: 'x' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('names the configured address, whatever a request calls us', async () => {
    const plain = await textOf(`${sts.issuer}${path}`)
    const spoofed = await textOf(`${sts.issuer}${path}`, {
      headers: { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' },
    })
    expect(spoofed.text).toBe(plain.text)
    expect(plain.text).not.toContain('evil.test')
  })
})

test('the documents of OAuth and OpenID Connect are where they were', async () => {
  for (const path of [
    `${sts.issuer}/.well-known/openid-configuration`,
    `${sts.baseUrl}/.well-known/oauth-authorization-server/${sts.realm.id}`,
  ]) {
    const { status, text } = await textOf(path)
    expect([status, (JSON.parse(text) as { issuer: string }).issuer]).toEqual([200, sts.issuer])
  }
})
