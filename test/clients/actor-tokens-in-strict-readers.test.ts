/** What other people's libraries say of our server-to-server tokens, with everything they can check switched on. */
import { X509Certificate } from 'node:crypto'
import { parseMetadataDocument } from '@postern/resource-server'
import { createServerClient } from '@postern/resource-server/client'
import { createVerifier } from 'fast-jwt'
import { importX509, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EAS, ONPREM, type Stage, startStage } from '../acceptance/server-to-server/on-behalf-of-stage.ts'
import { mailTokens, signedIn } from '../acceptance/support/world.ts'

/** What a reader is told to expect; each must refuse a token that differs in any of it. */
type Expected = Readonly<{ issuer: string; audience: string; certificate: string; typ: string; now: Date }>
type Reader = (token: string, expected: Expected) => Promise<Record<string, unknown>>

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)

const readers: Readonly<Record<string, Reader>> = {
  async jose(token, { issuer, audience, certificate, typ, now }) {
    const key = await importX509(certificate, 'RS256')
    const rules = { issuer, audience, typ, algorithms: ['RS256'], currentDate: now, clockTolerance: 0, maxTokenAge: 3700 }
    const requiredClaims = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti']
    return (await jwtVerify(token, key, { ...rules, requiredClaims })).payload
  },
  async jsonwebtoken(token, { issuer, audience, certificate, typ, now }) {
    const { header, payload } = jsonwebtoken.verify(token, certificate, {
      algorithms: ['RS256'],
      issuer,
      audience,
      clockTimestamp: seconds(now),
      clockTolerance: 0,
      maxAge: 3700,
      complete: true,
    })
    if (header.typ !== typ || typeof payload === 'string') throw new TypeError('typ')
    return payload
  },
  async 'fast-jwt'(token, { issuer, audience, certificate, typ, now }) {
    const verify = createVerifier({
      key: new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      algorithms: ['RS256'],
      allowedIss: issuer,
      allowedAud: audience,
      checkTyp: typ,
      clockTimestamp: now.getTime(),
      clockTolerance: 0,
      maxAge: 3_700_000,
      requiredClaims: ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'],
      cache: false,
    })
    return verify(token) as Record<string, unknown>
  },
}

let stage: Stage
let certificates: ReadonlyMap<string, string>
let now: Date
let actor: Readonly<{ token: string; audience: string; issuer: string }>
let delegated: string

/** The certificate that the header of `token` names by `x5t`, or by `kid`, which is the same thumbprint for RSA keys. */
function certificateOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { x5t?: string; kid?: string }
  return certificates.get(header.x5t ?? header.kid ?? '') ?? ''
}

beforeAll(async () => {
  stage = await startStage()
  const { world, cloud, onPremServer } = stage
  const realm = world.sts.realm.id
  await stage.delegate(['EAS.AccessAsUser.All'])
  const document = parseMetadataDocument(await (await fetch(`${world.issuer}/metadata/json/1`)).text())
  certificates = new Map(document.keys.map(({ x5t, certificate }) => [x5t, new X509Certificate(certificate).toString()]))
  const client = createServerClient({
    ...cloud,
    issuers: [{ realm, issuer: world.issuer }],
    allowInsecureLoopback: true,
  })
  const audience = `${onPremServer.clientId}/onprem.contoso.com@${realm}`
  const { token } = await client.actorToken(audience)
  actor = { token, audience, issuer: document.issuer }
  const mary = await mailTokens(world, await signedIn(world))
  delegated = String((await stage.onBehalfOf(mary.access)).body.access_token)
  now = new Date() // stands still in this world
})
afterAll(() => stage.close())

const expectations = {
  'an actor token': () => ({
    token: actor.token,
    expected: { issuer: actor.issuer, audience: actor.audience, typ: 'JWT', certificate: certificateOf(actor.token), now },
  }),
  'an access token for somebody at another server': () => ({
    token: delegated,
    expected: { issuer: stage.world.issuer, audience: ONPREM, typ: 'at+jwt', certificate: certificateOf(delegated), now },
  }),
} satisfies Record<string, () => { token: string; expected: Expected }>

describe.each(Object.entries(readers))('%s', (_reader, read) => {
  test.each(Object.entries(expectations))('accepts %s with the certificate of the metadata document', async (_kind, get) => {
    const { token, expected } = get()
    expect(await read(token, expected)).toMatchObject({ iss: expected.issuer, aud: expected.audience, jti: expect.any(String) })
  })

  test.each(Object.entries(expectations))(
    'would refuse %s for another server, of another issuer, too late, or changed',
    async (_kind, get) => {
      const { token, expected } = get()
      const [header, payload = '', signature = ''] = token.split('.')
      const other = [...certificates.values()].find((one) => one !== expected.certificate) ?? stage.cloud.certificate
      const wrong: readonly (readonly [string, Expected])[] = [
        [token, { ...expected, audience: expected.audience.toUpperCase() }],
        [token, { ...expected, issuer: `${expected.issuer}/` }],
        [token, { ...expected, typ: 'rt+jwt' }],
        [token, { ...expected, now: new Date(now.getTime() + 3_700_000) }],
        [token, { ...expected, now: new Date(now.getTime() - 60_000) }],
        [token, { ...expected, certificate: other }],
        [`${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`, expected],
        [`${header}.${payload}.`, expected],
      ]
      for (const [at, [one, rules]] of wrong.entries()) await expect(read(one, rules), `wrong ${at}`).rejects.toThrow()
    },
  )
})

test('the claims are those of the wire format, with numbers for times and a text for the delegation', async () => {
  const { token, expected } = expectations['an actor token']()
  const realm = stage.world.sts.realm.id
  expect(await readers.jose?.(token, expected)).toEqual({
    aud: actor.audience,
    iss: `00000001-0000-0000-c000-000000000000@${realm}`,
    identityprovider: `00000001-0000-0000-c000-000000000000@${realm}`,
    nameid: `${stage.cloud.clientId}@${realm}`,
    nbf: expect.any(Number),
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
    trustedfordelegation: 'true',
  })
  const access = expectations['an access token for somebody at another server']()
  expect(await readers.jose?.(access.token, access.expected)).toMatchObject({
    act: { sub: stage.cloud.clientId },
    scope: 'EAS.AccessAsUser.All',
    upn: stage.world.sts.mary.upn,
  })
  expect(EAS.startsWith(ONPREM)).toBe(true)
})
