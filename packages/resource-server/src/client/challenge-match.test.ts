import fc from 'fast-check'
import { expect, test } from 'vitest'
import { securityTokenServiceId as sts } from '../server-to-server/principal.ts'
import { matchChallenge } from './challenge-match.ts'
import { ServerClientError } from './errors.ts'

const ours = 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8'
const second = '5de110f8-2e0f-4d45-891d-bcf2218e253d'
const mail = '00000002-0000-0ff1-ce00-000000000000'
const issuers = [
  { realm: ours, issuer: `https://sts.contoso.com/${ours}` },
  { realm: second, issuer: `https://sts.contoso.com/${second}` },
]
const url = new URL('https://Mail.Contoso.com:8443/EWS/Exchange.asmx')
const match = (header: string | null) => matchChallenge(header, { url, issuers })
const codeOf = (header: string | null): string => {
  try {
    match(header)
    return 'matched'
  } catch (error) {
    return error instanceof ServerClientError ? error.code : `not ours: ${String(error)}`
  }
}
const naming = (trusted: string, more = ''): string => `Bearer client_id="${mail}", trusted_issuers="${trusted}"${more}`

test('the captured challenges of Exchange lead to our issuer', () => {
  expect(match(`${naming(`${sts}@*`)}, Basic Realm=""`)).toEqual({
    issuer: issuers[0],
    resource: `${mail}/mail.contoso.com@${ours}`,
  })
  const listed = `${sts}@${second},00000004-0000-0ff1-ce00-000000000000@contoso.com`
  const more =
    ', token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize"'
  expect(match(naming(listed, more))).toEqual({ issuer: issuers[1], resource: `${mail}/mail.contoso.com@${second}` })
})

test('a realm that the server leaves open is ours', () => {
  for (const open of [`${sts}@*`, `${sts}@`, sts]) expect(match(naming(open)).issuer, open).toBe(issuers[0])
  for (const realm of [', realm=""', ', realm="*"']) expect(match(naming(`${sts}@*`, realm)).issuer, realm).toBe(issuers[0])
})

test('where several of ours would do, the realm of the challenge chooses', () => {
  expect(match(naming(`${sts}@*`, `, realm="${second}"`)).issuer).toBe(issuers[1])
  expect(match(naming(`${sts}@${ours},${sts}@${second}`, `, realm="${second}"`)).issuer).toBe(issuers[1])
})

test('nobody but the exact principal of a configured token service is matched', () => {
  const strangers = [
    '',
    `00000001-0001-0000-c000-000000000000@${ours}`, // the misprint of the specification
    `00000004-0000-0ff1-ce00-000000000000@${ours}`,
    `${sts}@0c6c0d4e-0000-4000-8000-000000000000`,
    `${sts}@${ours.toUpperCase()}`,
    `${sts}/sts.contoso.com@${ours}`,
    `${sts}@${ours}@*`,
    `${sts} @${ours}`,
    `x${sts}@${ours}`,
    `${sts}@${ours}.evil.example`,
    `*@${ours}`,
    '*',
  ]
  for (const stranger of strangers) expect(codeOf(naming(stranger)), stranger).toBe('issuer_not_trusted')
  expect(codeOf(`Bearer client_id="${mail}"`)).toBe('issuer_not_trusted')
})

test('a challenge for another realm is not answered with a token of ours', () => {
  const elsewhere = '0c6c0d4e-0000-4000-8000-000000000000'
  expect(codeOf(naming(`${sts}@*`, `, realm="${elsewhere}"`))).toBe('issuer_not_trusted')
  expect(codeOf(naming(`${sts}@${ours}`, `, realm="${elsewhere}"`))).toBe('issuer_not_trusted')
  expect(codeOf(naming(`${sts}@${ours}`, `, realm="${second}"`))).toBe('issuer_not_trusted')
})

test('a stranger among several challenges does not hide the good one, and Bearer without a principal does not count', () => {
  expect(match(`Bearer scope="x", ${naming(`${sts}@${ours}`)}`).issuer).toBe(issuers[0])
  expect(match(`${naming('evil@*')}, ${naming(`${sts}@*`)}`).issuer).toBe(issuers[0])
  for (const none of [null, '', 'Basic realm="mail"', 'Bearer', 'Bearer abc=', `Negotiate, Bearer trusted_issuers="${sts}@*"`])
    expect(codeOf(none), String(none)).toBe('challenge_missing')
})

test('a server that gives itself out for the token service is not believed, and does not hide the good one', () => {
  for (const self of [sts, sts.toUpperCase()]) {
    const posing = `Bearer client_id="${self}", trusted_issuers="${sts}@*"`
    expect(codeOf(posing), self).toBe('issuer_not_trusted')
    expect(match(`${posing}, ${naming(`${sts}@*`)}`).resource).toBe(`${mail}/mail.contoso.com@${ours}`)
  }
})

test('hostile challenges are refused as malformed: repeated, endless, torn, or with a principal that is none', () => {
  const hostile = [
    naming(`${sts}@*`, `, trusted_issuers="${sts}@*"`),
    naming(`${sts}@*`, `, client_id="${mail}"`),
    naming(`${sts}@*,`.repeat(65)),
    naming('a'.repeat(20_000)),
    `Bearer client_id="${mail}`,
    `Bearer client_id="a b", trusted_issuers="${sts}@*"`,
    `Bearer client_id="a@b", trusted_issuers="${sts}@*"`,
    `Bearer client_id="a/b", trusted_issuers="${sts}@*"`,
    `Bearer client_id="", trusted_issuers="${sts}@*"`,
    `Bearer client_id="${'a'.repeat(600)}", trusted_issuers="${sts}@*"`,
  ]
  for (const header of hostile) expect(codeOf(header), header.slice(0, 80)).toBe('challenge_malformed')
})

test('whatever a server says, the host is the one that was asked and the issuer one of ours', () => {
  const piece = fc.constantFrom(
    sts,
    mail,
    ours,
    second,
    '@',
    '*',
    ',',
    '/',
    '"',
    ' ',
    'Bearer ',
    'client_id=',
    'trusted_issuers=',
    'realm=',
    '\\',
  )
  const header = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 10 }).map((pieces) => naming(pieces.join('').replaceAll(/["\\]/g, ''))),
  )
  fc.assert(
    fc.property(header, (text) => {
      try {
        const { issuer, resource } = match(text)
        expect(issuers).toContain(issuer)
        expect(resource.endsWith(`/mail.contoso.com@${issuer.realm}`)).toBe(true)
        expect(resource.startsWith(sts)).toBe(false)
      } catch (error) {
        expect(error).toBeInstanceOf(ServerClientError)
      }
    }),
    { numRuns: 2000 },
  )
})

const thrownBy = (header: string | null): unknown => {
  try {
    return match(header)
  } catch (error) {
    return error
  }
}

test('what is wrong is told with the address that was asked', () => {
  const origin = 'https://mail.contoso.com:8443'
  expect(thrownBy(null)).toMatchObject({ code: 'challenge_missing', status: 401, detail: origin })
  expect(thrownBy('Bearer a="')).toMatchObject({ code: 'challenge_malformed', status: 401, cause: { name: 'ChallengeError' } })
  expect(thrownBy(naming(`${sts}@*,`.repeat(64)))).toMatchObject({ code: 'challenge_malformed', detail: '65 issuers' })
  expect(thrownBy(`Bearer client_id="a b", trusted_issuers="${sts}@*"`)).toMatchObject({
    code: 'challenge_malformed',
    status: 401,
    detail: `client_id of ${origin}`,
  })
  expect(thrownBy(`${naming('x@y', ', realm="z"')}, Bearer client_id="other"`)).toMatchObject({
    code: 'issuer_not_trusted',
    status: 401,
    detail: `${origin} trusts x@y in z for ${mail}; undefined in undefined for other`,
  })
})

test('a list of sixty-four issuers is read, with white space around each', () => {
  expect(match(naming([...Array(63).fill('x@y'), ` ${sts}@* `].join(','))).issuer).toBe(issuers[0])
})

test('only a Bearer challenge with parameters is one', () => {
  const other = naming(`${sts}@*`).replace('Bearer', 'Other')
  expect(codeOf(other)).toBe('challenge_missing')
  expect(codeOf('Bearer abc')).toBe('challenge_missing')
  expect(match(`Bearer abc, ${naming(`${sts}@*`)}`).issuer).toBe(issuers[0])
  expect(match(`Bearer realm="x", ${naming(`${sts}@*`)}`).issuer).toBe(issuers[0])
})

test('an id that would be read as more than an id is malformed', () => {
  for (const id of ['a/b', 'a@b', 'a b', '/', '@', ''])
    expect(codeOf(`Bearer client_id="${id}", trusted_issuers="${sts}@*"`), id).toBe('challenge_malformed')
})
