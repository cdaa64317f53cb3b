import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MailgateError } from './errors.ts'
import { parseGateQuestion } from './gate-request.ts'

const asked = (question: unknown) => parseGateQuestion(JSON.stringify(question))
const base = { name: 'mary@contoso.com', secret: 'a secret', protocol: 'imap' }
const refusal = (question: unknown): string => {
  try {
    return JSON.stringify(asked(question))
  } catch (error) {
    return error instanceof MailgateError ? `${error.code}: ${error.message}` : String(error)
  }
}

it('reads a whole question', () => {
  const app = { imapId: { name: 'Thunderbird', version: null }, userAgent: 'x', deviceType: 'y', model: 'z' }
  expect(asked({ ...base, app, source: '203.0.113.7', tls: true, request: 'r-1' })).toMatchObject({
    shown: { kind: 'secret', name: 'mary@contoso.com', secret: 'a secret' },
    app: { protocol: 'imap', imapId: app.imapId, source: '203.0.113.7' },
    tls: true,
    request: 'r-1',
    opensNoMail: false,
  })
})

it('finds the device in the query', () => {
  const app = { activesyncQuery: 'jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l' }
  expect(asked({ ...base, protocol: 'activesync', app }).app).toMatchObject({ deviceId: 'v140Device', deviceType: 'SmartPhone' })
})

it('knows the one request of ActiveSync that names no device', () => {
  const options = { ...base, protocol: 'activesync', method: 'OPTIONS' }
  expect(asked(options).opensNoMail).toBe(true)
  expect(asked({ ...options, app: { deviceId: 'a1' } }).opensNoMail).toBe(false)
  expect(asked({ ...options, method: 'POST' }).opensNoMail).toBe(false)
  expect(asked({ ...options, protocol: 'ews' }).opensNoMail).toBe(false)
})

it.each([
  ['an unknown member', { ...base, admin: true }],
  ['an unknown protocol', { ...base, protocol: 'gopher' }],
  ['neither secret nor token', { name: 'mary@contoso.com', protocol: 'imap' }],
  ['both', { ...base, token: 'a' }],
  ['a secret without a name', { secret: 'a', protocol: 'imap' }],
  ['a source that is no address', { ...base, source: 'localhost' }],
  ['a device id with a separator', { ...base, app: { deviceId: 'a|b' } }],
  [
    'too many fields of an IMAP ID',
    { ...base, app: { imapId: Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`f${at}`, 'x'])) } },
  ],
  ['an endless secret', { ...base, secret: 'x'.repeat(5000) }],
  [
    'another device in the query',
    { ...base, app: { deviceId: 'other', activesyncQuery: 'jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l' } },
  ],
  ['a request id that could end a header', { ...base, request: 'a>\r\nX: y' }],
])('refuses %s', (_what, question) => {
  expect(refusal(question)).toMatch(/^request_malformed: /)
})

it.each([
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:DB8::1%eth0', '2001:db8::1'],
  ['fe80::1%a\r\nBcc: x@y', 'fe80::1'],
])('knows %s for the address that it is', (source, plain) => {
  expect(parseGateQuestion(JSON.stringify({ ...base, source }))).toMatchObject({ source: plain, app: { source: plain } })
})

it('names members and never values', () => {
  expect(refusal({ ...base, secret: { hidden: 'the password' }, source: 'the password' })).toBe(
    'request_malformed: The question is malformed at: secret, source.',
  )
})

it('reads or refuses whatever is sent, and a name never holds what the database refuses', () => {
  const member = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()))
  const question = fc.record(
    {
      name: fc.string({ unit: 'binary' }),
      secret: member,
      protocol: fc.constantFrom('imap', 'ews', 'x'),
      app: member,
      tls: member,
    },
    { requiredKeys: ['name'] },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        question.map((one) => JSON.stringify(one)),
        fc.string(),
      ),
      (text) => {
        try {
          const { shown } = parseGateQuestion(text)
          expect(shown.name).not.toMatch(/\0/)
          expect(shown.name?.isWellFormed() ?? true).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(MailgateError)
        }
      },
    ),
    { numRuns: 60 },
  )
})
