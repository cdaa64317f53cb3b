import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConformanceModule, createChecks } from './conformance-module.ts'
import type { RawExchange } from './exchanges.ts'
import { createRedactor } from './redaction.ts'
import { escapeHtml } from './report/html-escape.ts'
import { renderHtml } from './report/html-report.ts'
import { renderJson } from './report/json-report.ts'
import { renderJunit } from './report/junit-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget } from './target.ts'

const ISSUER = 'http://127.0.0.1:1'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const clock = () => new Date('2026-05-04T10:00:00Z')

/** What issuers make: a prefix keeps it apart from words that a report may hold. */
const secret = fc.string({ unit: fc.constantFrom(...BASE64URL), minLength: 12, maxLength: 60 }).map((text) => `S${text}9`)
/** What people choose: anything. */
const password = fc.string({ unit: 'grapheme', minLength: 6, maxLength: 30 }).map((text) => `§${text}`)

const message = (change: Partial<RawExchange>): RawExchange => ({
  method: 'POST',
  url: `${ISSUER}/token`,
  requestHeaders: {},
  requestBody: '',
  status: 200,
  headers: new Headers(),
  body: '',
  ...change,
})

/** Every place where secrets travel. */
const places: Readonly<Record<string, (it: string) => RawExchange>> = {
  'a code in a redirect': (it) => message({ headers: new Headers({ location: `https://app.example/cb?code=${it}&state=s` }) }),
  'a token in a fragment': (it) => message({ headers: new Headers({ location: `https://app.example/cb#access_token=${it}` }) }),
  'a code inside a nested address': (it) =>
    message({ url: `${ISSUER}/go?to=${encodeURIComponent(`/cb?code=${it}&state=1`)}`, requestBody: `code=${it}` }),
  'a form of the token endpoint': (it) => message({ requestBody: `grant_type=authorization_code&code=${it}&redirect_uri=x` }),
  'a verifier': (it) => message({ requestBody: `code_verifier=${it}` }),
  'a client secret in a form': (it) => message({ requestBody: `client_secret=${it}&grant_type=client_credentials` }),
  'a client secret in Basic': (it) =>
    message({ requestHeaders: { authorization: `Basic ${Buffer.from(`client:${it}`).toString('base64')}` }, body: `no ${it}` }),
  'a bearer token': (it) => message({ requestHeaders: { authorization: `Bearer ${it}` }, body: `${it} is expired` }),
  'a bare authorization': (it) => message({ requestHeaders: { authorization: it } }),
  'a proof': (it) => message({ requestHeaders: { dpop: it } }),
  'a cookie': (it) => message({ requestHeaders: { cookie: `a=1; session=${it}` } }),
  'a cookie that is set': (it) => message({ headers: new Headers({ 'set-cookie': `session=${it}; Path=/; HttpOnly` }) }),
  'a token answer': (it) => message({ body: JSON.stringify({ access_token: it, token_type: 'Bearer', expires_in: 1 }) }),
  'a token answer in depth': (it) => message({ body: JSON.stringify({ data: [{ refreshToken: it }] }) }),
  'a page that posts the answer': (it) => message({ body: `<form><input type="hidden" name="code" value="${it}"></form>` }),
  'a page, attributes turned': (it) => message({ body: `<input value='${it}' name='csrf_token' />` }),
  'a device answer': (it) => message({ body: JSON.stringify({ device_code: it, user_code: it, interval: 5 }) }),
  'a token in the address': (it) => message({ url: `${ISSUER}/me?access_token=${it}` }),
  'a token to look into': (it) => message({ requestBody: `token=${it}&token_type_hint=access_token` }),
  'a client that was registered': (it) => message({ body: JSON.stringify({ client_secret: it, registration_access_token: it }) }),
}

/** A report of one module that saw this exchange and quotes whatever it saw. */
async function reportOn(
  exchange: RawExchange,
  options: { readonly quoted: string; readonly password?: string },
): Promise<Report> {
  const target = createTarget({
    issuer: ISSUER,
    clock,
    ...(options.password !== undefined && { person: { username: 'mary', password: options.password } }),
  })
  const one: ConformanceModule = {
    area: 'issuer',
    claim: 'says what it saw',
    run: async (tried, checks) => {
      tried.tell(exchange)
      checks.must('RFC 6749', 'nothing leaks', false, `saw "${options.quoted}" there`)
      checks.must('RFC 6749', 'nothing leaks in long words', false, `${'x '.repeat(140)}${options.quoted}`)
    },
  }
  return runModules([one], target, { clock })
}

const written = (report: Report) => [renderJson(report), renderJunit(report), renderHtml(report)]

describe('no report holds', () => {
  test.each(Object.entries(places))('%s', async (_, place) => {
    await fc.assert(
      fc.asyncProperty(secret, async (it) => {
        for (const text of written(await reportOn(place(it), { quoted: it }))) expect(text).not.toContain(it)
      }),
      { numRuns: 15 },
    )
  })

  test("a person's password, however it is written", async () => {
    await fc.assert(
      fc.asyncProperty(password, async (it) => {
        const exchange = message({
          requestBody: new URLSearchParams({ login: 'mary', field_7: it }).toString(),
          body: `${JSON.stringify({ echoed: it })}<p>${escapeHtml(it)}</p>`,
          url: `${ISSUER}/?echo=${encodeURIComponent(it)}`,
        })
        const [json = '', ...others] = written(await reportOn(exchange, { quoted: it, password: it }))
        const [told] = JSON.parse(json).results[0].exchanges
        expect(told.body).toBe('{"echoed":"[redacted]"}<p>[redacted]</p>')
        expect(told.url).not.toContain(encodeURIComponent(it))
        for (const text of [json, ...others]) {
          expect(text).not.toContain(it)
          expect(text).not.toContain(JSON.stringify(it).slice(1, -1))
        }
      }),
      { numRuns: 60, examples: [['secret&'], ['secret<'], ['secret"'], ["secret'"]] },
    )
  })
})

describe('what was given is struck out in every encoding', () => {
  const PASSWORD = 'correct horse: b\u00e4ttery/staple?'
  const redactor = createRedactor([PASSWORD, 'abc4'])
  const encoders: Readonly<Record<string, (text: string) => string>> = {
    base64: (text) => Buffer.from(text).toString('base64'),
    base64url: (text) => Buffer.from(text).toString('base64url'),
    hex: (text) => Buffer.from(text).toString('hex'),
    'hex in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  }
  test.each(Object.entries(encoders))('%s', (_, encode) => {
    for (const around of ['', 'a', 'ab', 'abc']) {
      const shown = redactor.redact(`it is ${encode(`${around}${PASSWORD}${around}`)}.`)
      expect(shown).toContain('[redacted]')
      // What is left beside it decides no letter of the password.
      expect(shown.replace('[redacted]', '').length).toBeLessThan('it is .'.length + 4 * around.length + 4)
    }
  })

  test('and so is a whole request, though nothing in it was given', () => {
    const requestBody = 'username=mary&field_7=learnt+later%21&more=1'
    const learnt = createRedactor([])
    learnt.learn(message({ requestBody }))
    for (const encode of Object.values(encoders).slice(0, 3))
      expect(learnt.redact(`<p>${encode(requestBody)}</p>`)).toMatch(/^<p>(\[redacted\][+/=]*)+<\/p>$/)
  })
})

test('what a report needs to be read stays in it', async () => {
  const report = await reportOn(
    message({
      url: `${ISSUER}/authorize?state=the-state-1&nonce=the-nonce-1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM`,
      requestHeaders: { authorization: 'Bearer garbage' },
      requestBody: 'token_type_hint=access_token&grant_type=refresh_token&login_hint=mary%40contoso.com',
      body: JSON.stringify({ error: 'invalid_grant', code: 'not_found', error_description: 'garbage in' }),
    }),
    { quoted: 'invalid_grant' },
  )
  const [exchange] = report.results[0]?.exchanges ?? []
  expect(JSON.stringify(exchange)).not.toContain('redacted] in')
  expect(exchange).toMatchObject({
    url: expect.stringMatching(/state=the-state-1&nonce=the-nonce-1&code_challenge=E9Mel/),
    requestHeaders: { authorization: 'Bearer [redacted]' },
    requestBody: 'token_type_hint=access_token&grant_type=refresh_token&login_hint=mary%40contoso.com',
    body: '{"error":"invalid_grant","code":"not_found","error_description":"garbage in"}',
  })
})

test.each(['Bearer', 'Bearer ', 'Basic', 'DPoP '])('an authorization of nothing (%s) is no secret', (value) => {
  const redactor = createRedactor([])
  redactor.learn(message({ requestHeaders: { authorization: value } }))
  expect(redactor.redact(`a ${value} token`)).toBe(`a ${value} token`)
})

test('a token is struck out wherever its form shows, learnt or not', () => {
  const token = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.eyJpc3MiOiJhIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ`
  expect(createRedactor([]).redact(`it is (${token}).`)).toBe('it is ([token]).')
})

test('a module keeps forty exchanges of at most four thousand characters, and says how many more there were', async () => {
  const one: ConformanceModule = {
    area: 'issuer',
    claim: 'asks much',
    run: async (target, checks) => {
      for (let at = 0; at < 45; at += 1) target.tell(message({ body: 'y'.repeat(5000) }))
      checks.must('RFC 6749', 'it ends', true, '')
    },
  }
  const { results } = await runModules([one], createTarget({ issuer: ISSUER }), { clock })
  expect(results[0]?.exchanges).toHaveLength(40)
  expect(results[0]?.exchangesOmitted).toBe(5)
  expect(results[0]?.exchanges[0]?.body).toBe(`${'y'.repeat(4096)}\n[904 more characters]`)
})

describe('whatever an issuer sends, redaction ends', () => {
  const MEBIBYTE = 1024 * 1024
  const filled = (part: string, head = '') => (head + part.repeat(MEBIBYTE / part.length + 1)).slice(0, MEBIBYTE)
  test.each([
    ['a blob without a dot', filled('a')],
    ['a blob that begins as a token', filled('a', 'eyJ')],
    ['beginnings of tokens', filled('eyJ')],
    ['parts with a dot between', filled(`${'a'.repeat(16)}.`)],
    ['fields that nobody closes', filled('<input ')],
    ['attributes that nobody closes', filled(' value="', '<input ')],
    ['names that are nearly secret', filled('_code')],
    ['deep JSON', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('%s', (_, body) => {
    const redactor = createRedactor([])
    redactor.learn(message({ body }))
    expect(redactor.redact(body).length).toBeGreaterThan(0)
    const { checks, findings } = createChecks(redactor.redact)
    checks.must('RFC 6749', 'it ends', false, body)
    expect(findings[0]?.seen.length).toBeLessThan(400)
  })

  test('a flood of secrets is struck out word by word', () => {
    const redactor = createRedactor(['given pass phrase'])
    const codes = Array.from({ length: 20_000 }, (_, at) => `flooded.word${at}`)
    redactor.learn(message({ body: codes.map((code) => `code=${code}`).join('&') }))
    const shown = redactor.redact(`${codes.join(' ')} given pass phrase`)
    expect(shown).not.toMatch(/word\d|given/)
  })

  test('the members of deep JSON are secret, too', () => {
    const redactor = createRedactor([])
    redactor.learn(message({ body: `${'{"a":'.repeat(50_000)}{"code":"S1234567890"}${'}'.repeat(50_000)}` }))
    expect(redactor.redact('saw S1234567890')).toBe('saw [redacted]')
  })

  test('a token is found behind an escape and behind a dot', () => {
    const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`
    const redactor = createRedactor([])
    expect(redactor.redact(`x%3D${token} host.${token}`)).toBe('x%3D[token] host.[token]')
  })
})
