/** What was seen on the wire of the original (F§1 and F§2 of the notes), letter by letter where it is whole. */

import { ActorBench, signServerText } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { parseChallenges } from '../challenge-parser.ts'
import { makeActorScene } from '../testing/actor-scene.ts'
import { makeSelfSigned } from '../testing/self-signed.ts'
import { createActorTokenValidator } from './actor-token.ts'
import { actorDiagnostics } from './diagnostics.ts'
import { actorTokenErrorCodes } from './errors.ts'
import { parseMetadataDocument } from './metadata-document.ts'
import { parsePrincipal } from './principal.ts'

const exchange = '00000002-0000-0ff1-ce00-000000000000'
const sts = '00000001-0000-0000-c000-000000000000'

test('the challenges of §1.3 are read, and their trusted issuers are principals', () => {
  const lines = [
    'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*"',
    'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@5de110f8-2e0f-4d45-891d-bcf2218e253d,00000004-0000-0ff1-ce00-000000000000@contoso.com", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize"',
    'Bearer client_id="…", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://adfs.contoso.test/adfs/oauth2/authorize", issuer_kind="ADFS"',
  ] as const
  const [first, second] = lines.slice(0, 2).map((line) => parseChallenges([line])[0])
  expect(first?.parameters.get('client_id')).toBe(exchange)
  const trusted = String(second?.parameters.get('trusted_issuers')).split(',').map(parsePrincipal)
  expect(trusted).toEqual([
    { clientId: sts, realm: '5de110f8-2e0f-4d45-891d-bcf2218e253d' },
    { clientId: '00000004-0000-0ff1-ce00-000000000000', realm: 'contoso.com' },
  ])
  expect(parseChallenges([lines[2].replace('…', exchange)])[0]?.parameters.get('issuer_kind')).toBe('ADFS')
})

test('the principals of §1.2 are read', () => {
  expect(parsePrincipal('00000002-0000-0ff1-ce00-000000000000/contoso.com@b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8')).toEqual({
    clientId: exchange,
    host: 'contoso.com',
    realm: 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8',
  })
  expect(parsePrincipal('00000001-0000-0000-c000-000000000000@b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8')).toEqual({
    clientId: sts,
    realm: 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8',
  })
})

const own = makeSelfSigned('exchange')
const base64 = own.der.toString('base64')

test('the metadata document of §2.1 is read', () => {
  const document = parseMetadataDocument(`{ "id": "_70b34511-d105-4e2b-9675-39f53305bb01",
  "version": "1.0",
  "name": "Exchange",
  "realm": "*",
  "serviceName": "00000002-0000-0ff1-ce00-000000000000",
  "issuer": "00000002-0000-0ff1-ce00-000000000000@*",
  "allowedAudiences": ["00000002-0000-0ff1-ce00-000000000000@*"],
  "keys": [ { "usage": "signing",
              "keyinfo":  { "x5t": "${own.x5t}" },
              "keyvalue": { "type": "x509Certificate", "value": "${base64}" } } ],
  "endpoints": [ { "location": "https://mail.contoso.com:444/autodiscover/metadata/json/1",
                   "protocol": "OAuth2", "usage": "metadata" } ] }`)
  expect(document).toEqual({
    id: '_70b34511-d105-4e2b-9675-39f53305bb01',
    name: 'Exchange',
    realm: '*',
    serviceName: exchange,
    issuer: `${exchange}@*`,
    allowedAudiences: [`${exchange}@*`],
    keys: [{ x5t: own.x5t, certificate: new Uint8Array(own.der) }],
    endpoints: [{ location: 'https://mail.contoso.com:444/autodiscover/metadata/json/1', protocol: 'OAuth2', usage: 'metadata' }],
  })
})

test('the metadata document of §2.2 is read, with keyInfo at either level', () => {
  const realm = 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8'
  const beside = { usage: 'Signing', keyInfo: { x5t: `${own.x5t}=` }, keyValue: { type: 'x509Certificate', value: base64 } }
  const inside = { usage: 'Signing', keyValue: { type: 'x509Certificate', value: base64, keyInfo: { x5t: own.x5t } } }
  for (const key of [beside, inside]) {
    const document = parseMetadataDocument(
      JSON.stringify({
        version: '1.0',
        realm,
        serviceName: sts,
        issuer: `${sts}@${realm}`,
        allowedAudiences: [`${sts}/accounts.accesscontrol.windows.net@${realm}`],
        keys: [key],
        endpoints: [
          { usage: 'issuance', protocol: 'OAuth2', location: 'https://sts.example/tokens/OAuth/2' },
          { usage: 'issuance', protocol: 'DelegationIssuance1.0', location: 'https://sts.example/tokens/delegation/1' },
          { usage: 'management', protocol: 'DelegationManagement1.0', location: 'https://sts.example/mgmt/delegation/1' },
        ],
      }),
    )
    expect(document.keys.map(({ x5t }) => x5t)).toEqual([own.x5t])
    expect(document.endpoints.map(({ protocol }) => protocol)).toEqual([
      'OAuth2',
      'DelegationIssuance1.0',
      'DelegationManagement1.0',
    ])
  }
})

const { scene, options } = makeActorScene()
const bench = new ActorBench(scene)
const { now } = scene
const validator = createActorTokenValidator(options)
const iss = `${sts}@${scene.realm}`

/** §1.7 of the time of the specification: no kid, times as strings, app-only. */
const early = signServerText(
  JSON.stringify({ typ: 'JWT', alg: 'RS256', x5t: scene.sts.x5t }),
  JSON.stringify({
    aud: bench.audience,
    iss,
    nbf: String(now),
    exp: String(now + 3600),
    nameid: bench.nameid(),
    identityprovider: iss,
  }),
  scene.sts,
)
/** §1.7 as captured in 2025, with an hour instead of a day. */
const late = signServerText(
  JSON.stringify({ alg: 'RS256', kid: scene.sts.x5t, typ: 'JWT', x5t: scene.sts.x5t }),
  JSON.stringify({
    aud: bench.audience,
    iss,
    identityprovider: iss,
    nameid: bench.nameid(),
    oid: '5c0e4a5b-0000-4000-8000-000000000001',
    sub: '5c0e4a5b-0000-4000-8000-000000000001',
    trustedfordelegation: 'true',
    xms_spcu: 'true',
    iat: now,
    nbf: now,
    exp: now + 3600,
  }),
  scene.sts,
)

test('both actor tokens of §1.7 are accepted, and only the one that is trusted may act for people', async () => {
  expect(await validator.validate(early)).toMatchObject({ kind: 'app', actor: { trustedForDelegation: false } })
  expect(await validator.validate(late)).toMatchObject({ kind: 'app', actor: { trustedForDelegation: true } })
  expect(await validator.validate(bench.user({ claims: { actortoken: late } }))).toMatchObject({ user: { id: 'mary' } })
  await expect(validator.validate(bench.user({ claims: { actortoken: early } }))).rejects.toMatchObject({
    code: 'delegation_missing',
  })
})

test('the outer token of §1.8 is accepted from who may send it, with numbers and with strings, upn or PUID', async () => {
  const { users } = scene
  const secure = { secure: true }
  const nobody = { upn: undefined, smtp: undefined, nameid: undefined, nii: undefined }
  const asStrings = { nbf: String(now), exp: String(now + 300) }
  const byUpn = { ...nobody, ...asStrings, upn: users.good.upn, nii: 'urn:office:idp:activedirectory' }
  expect(await validator.validate(bench.unsigned({ claims: byUpn }), secure)).toMatchObject({ user: { id: 'mary' } })
  const byPuid = { ...nobody, nameid: users.second.puid.toUpperCase(), nii: 'urn:federation:MicrosoftOnline', iat: now }
  expect(await validator.validate(bench.unsigned({ claims: byPuid }), secure)).toMatchObject({ user: { id: 'joe' } })
  expect(await validator.validate(bench.user({ claims: { ...byUpn, actortoken: late } }))).toMatchObject({ user: { id: 'mary' } })
  const context = { appctx: '{"CacheKey":"x","SecurityTokenServiceUri":"https://evil.example/"}' }
  for (const appctx of [context.appctx, JSON.parse(context.appctx)])
    expect(await validator.validate(bench.user({ claims: { appctx } }))).toMatchObject({ user: { id: 'mary' } })
})

test('each x-ms-diagnostics value has the grammar of §1.4 and a pair that was seen', () => {
  const seen = [
    '2000001 invalid_token',
    '2000003 invalid_resource',
    '2000005 invalid_user',
    '2000008 invalid_grant',
    '4000000 oauth_not_available',
  ]
  for (const code of actorTokenErrorCodes) {
    const [, number, reason, category] = /^(\d+);reason="([^"]+)";error_category="([a-z_]+)"$/.exec(actorDiagnostics(code)) ?? []
    expect(seen, code).toContain(`${number} ${category}`)
    expect(reason, code).toMatch(/^[\x20-\x7e]+$/)
  }
  expect(actorDiagnostics('token_malformed')).toBe(
    '2000001;reason="OAuth token submitted with the request can not be parsed.";error_category="invalid_token"',
  )
  expect(actorDiagnostics('audience_mismatch')).toBe(
    '2000003;reason="The audience claim value is invalid \'aud\'.";error_category="invalid_resource"',
  )
  expect(actorDiagnostics('user_ambiguous')).toBe(
    '2000005;reason="The user specified by the user-context in the token is ambiguous.";error_category="invalid_user"',
  )
  expect(actorDiagnostics('user_unknown')).toBe(
    '2000005;reason="The user specified by the user-context in the token does not exist.";error_category="invalid_user"',
  )
})
