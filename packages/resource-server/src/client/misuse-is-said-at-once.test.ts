import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { caller, callerId, realm } from '../testing/loopback-issuer.ts'
import { createIssuerConnection, createServerClient, type IssuerConnectionOptions, type ServerClientOptions } from './client.ts'
import { requireUserContext } from './user-tokens.ts'

const issuer = `https://sts.example/${realm}`
const own = { clientId: callerId, certificate: caller.certificate, privateKey: caller.privateKey }
const connect = (more: Partial<IssuerConnectionOptions>) => createIssuerConnection({ ...own, issuer, ...more })
const address = 'issuer must be an https address without a slash at its end'

test.for<readonly [Partial<IssuerConnectionOptions>, string]>([
  [{ issuer: 'http://sts.example/x' }, address],
  [{ issuer: 'http://localhost/x' }, address],
  [{ issuer: 'x' }, address],
  [{ issuer: `${issuer}/` }, address],
  [{ issuer: 'https://sts.example' }, 'the issuer names no realm: give it'],
  [{ realm: '' }, 'the issuer names no realm: give it'],
  [{ statusSeconds: 61 }, 'statusSeconds must be a whole number from 0 to 60'],
  [{ statusSeconds: -1 }, 'statusSeconds must be a whole number from 0 to 60'],
  [{ statusSeconds: 0.5 }, 'statusSeconds must be a whole number from 0 to 60'],
  [{ certificate: '' }, 'certificate is not a PEM certificate'],
])('a connection with %j is misuse: %s', ([more, message]) => {
  expect(() => connect(more)).toThrow(expect.objectContaining({ name: 'TypeError', message }))
})

test('a connection takes the realm from the end of its issuer, or as it is given', async () => {
  const audiences: string[] = []
  const fetchOf = (async (_input, init) => {
    const [, payload = ''] = new Headers(init?.headers).get('authorization')?.split('.') ?? []
    audiences.push(JSON.parse(Buffer.from(payload, 'base64url').toString()).aud)
    return new Response(null, { status: 202 })
  }) as typeof fetch
  const use = { at: new Date(), outcome: 'allowed', form: 'app' } as const
  for (const more of [{ issuer: `https://sts.example/tenants/${realm}` }, { realm: 'other' }, { statusSeconds: 60 }]) {
    const connection = connect({ ...more, fetch: fetchOf })
    connection.report(use)
    await connection.close()
  }
  expect(audiences).toEqual([realm, 'other', realm].map((of) => `${securityTokenServiceId}/sts.example@${of}`))
})

test('answers of a connection are remembered for as many tokens as was asked for', async () => {
  let asked = 0
  const connection = connect({
    statusSeconds: 60,
    rememberTokens: 1,
    fetch: async () => {
      asked += 1
      return Response.json({ active: true })
    },
  })
  for (const token of ['a', 'a', 'b', 'a']) await connection.status.check(token)
  expect(asked).toBe(3)
  await connection.close()
})

const client = (more: Partial<ServerClientOptions> = {}) =>
  createServerClient({ ...own, realm, issuers: [{ realm, issuer }], ...more })

test.for<readonly [Partial<ServerClientOptions>, string]>([
  [{ issuers: [] }, 'At least one issuer is needed'],
  [{ rememberResources: 0 }, 'rememberResources must be a positive whole number'],
  [{ rememberResources: 1.5 }, 'rememberResources must be a positive whole number'],
  [{ realm: 'a b' }, 'realm must be a GUID or a domain'],
  [{ realm: 'a@b' }, 'realm must be a GUID or a domain'],
  [{ issuers: [{ realm, issuer: 'http://localhost/x' }] }, 'the issuer http://localhost/x must have https addresses'],
])('a client with %j is misuse: %s', ([more, message]) => {
  expect(() => client(more)).toThrow(expect.objectContaining({ name: 'TypeError', message }))
})

test.for<readonly [object, string]>([
  [{}, 'A person is named by upn, by smtp, or by nameid with nii'],
  [{ sip: 'a@b' }, 'A person is named by upn, by smtp, or by nameid with nii'],
  [{ upn: '' }, 'upn must be short text without control characters'],
  [{ upn: ' a' }, 'upn must be short text without control characters'],
  [{ smtp: 'a\n' }, 'smtp must be short text without control characters'],
  [{ smtp: 'a\u0000b' }, 'smtp must be short text without control characters'],
  [{ smtp: 'a'.repeat(321) }, 'smtp must be short text without control characters'],
  [{ sip: 7, upn: 'a' }, 'sip must be short text without control characters'],
  [{ upn: ['a'] }, 'upn must be short text without control characters'],
  [{ upn: 'a', nameid: 'x' }, 'nameid and nii come together'],
  [{ upn: 'a', nii: 'x' }, 'nameid and nii come together'],
])('a person named by %j is misuse: %s', ([user, message]) => {
  expect(() => requireUserContext(user)).toThrow(new TypeError(message))
})

test('a person may be named by each of the three, in the spelling of the wire', () => {
  const directory = 'urn:office:idp:activedirectory'
  for (const [user, expected] of [
    [{ upn: 'Mary@C' }, { upn: 'mary@c' }],
    [{ smtp: 'Mary@C' }, { smtp: 'Mary@C' }],
    [{ smtp: 'a'.repeat(320) }, { smtp: 'a'.repeat(320) }],
    [
      { nameid: 'S-1-5-21', nii: directory },
      { nameid: 's-1-5-21', nii: directory },
    ],
    [
      { nameid: 'ABC', nii: 'other' },
      { nameid: 'ABC', nii: 'other' },
    ],
    [
      { upn: 'a', nii: directory, nameid: 'S-1' },
      { upn: 'a', nii: directory, nameid: 's-1' },
    ],
  ] as const) {
    expect(requireUserContext(user)).toStrictEqual(expected)
    expect(Object.isFrozen(requireUserContext(user))).toBe(true)
  }
})
