import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { placeholders } from '../delivery/web/request-template.ts'
import { templateGaps } from './delivery-settings.ts'
import { ConfigError } from './errors.ts'
import { parseConfig, relaxationsOf } from './parse.ts'
import { isLoopbackHost, isPrivateHost } from './private-host.ts'

const base = { POSTERN_BASE_URL: 'https://login.contoso.com' }

const parse = (variables: Record<string, string>, files: Record<string, string> = {}) =>
  parseConfig({ variables: { ...base, ...variables }, readFile: (path) => files[path], directory: '/srv' })

function problemsOf(variables: Record<string, string>, files: Record<string, string> = {}) {
  try {
    parse(variables, files)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new TypeError('The configuration was accepted')
}

const yaml = `
sms:
  - kind: smpp
    name: main
    host: smpp.example.net
    systemId: postern
    passwordFile: smpp.secret
    source: Contoso
  - kind: kannel
    name: kannel
    url: http://10.0.0.7:13013/cgi-bin/sendsms
    username: postern
    password: hunter2
  - kind: http
    name: free
    authentication: { token: hunter2 }
    sms:
      url: https://sms.example.net/send
      json: { to: '{to}', text: '{text}' }
smtp: smtp://postern:hunter2@mail.contoso.com
mailFrom: Contoso sign-in <no-reply@contoso.com>
`

describe('senders of messages', () => {
  test('come from the file in their order, with defaults, and with secrets from files', () => {
    const { delivery } = parse({}, { '/srv/postern.yaml': yaml, '/srv/smpp.secret': 'hunter2\n' })
    expect(delivery.senders.map((one) => one.name)).toEqual(['main', 'kannel', 'free'])
    const [smpp] = delivery.senders
    expect(smpp).toMatchObject({ port: 3550, tls: true, window: 10, longText: 'parts', inClear: false })
    expect(smpp?.kind === 'smpp' && smpp.password.reveal()).toBe('hunter2')
    expect(delivery.mail).toMatchObject({ from: 'Contoso sign-in <no-reply@contoso.com>', requireTls: true })
  })

  test('are printed without their secrets', () => {
    const config = parse({}, { '/srv/postern.yaml': yaml, '/srv/smpp.secret': 'hunter2\n' })
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('hunter2')
  })

  test('come as JSON from a variable, or from the file that it names', () => {
    const json = JSON.stringify([{ kind: 'gatewayapi', name: 'web', token: 'hunter2', source: 'Contoso' }])
    expect(parse({ POSTERN_SMS: json }).delivery.senders).toMatchObject([{ name: 'web' }])
    expect(parse({ POSTERN_SMS_FILE: 'sms.json' }, { '/srv/sms.json': json }).delivery.senders).toMatchObject([{ name: 'web' }])
    const error = problemsOf({ POSTERN_SMS: '[{"token":"hunter2"' })
    expect(error.problems).toEqual([{ where: 'POSTERN_SMS', wrong: 'is not JSON' }])
  })

  test('are refused with every problem at its place, and no secret among the words', () => {
    const error = problemsOf(
      { POSTERN_SMTP_URL: 'https://hunter2@mail' },
      {
        '/srv/postern.yaml': `
sms:
  - { kind: smpp, name: Main, host: smpp.example.net, systemId: postern, passwordFile: nowhere, source: ÄÖÜ, windw: 5 }
  - { kind: pigeon }
  - { kind: kannel, name: k, url: 'http://u:hunter2@kannel', username: a, password: hunter2, passwordFile: x }
  - { kind: http, name: h, sms: { url: 'https://{to}.example.net/', form: { a: '{code}' }, headers: { X: '{text}' } } }
`,
      },
    )
    const places = error.problems.map((one) => one.where)
    for (const place of [
      'sms[0].name in postern.yaml',
      'sms[0].passwordFile in postern.yaml',
      'sms[0].source in postern.yaml',
      'sms[0] in postern.yaml',
      'sms[1].kind in postern.yaml',
      'sms[2].url in postern.yaml',
      'sms[2].passwordFile in postern.yaml',
      'sms[3].sms.url in postern.yaml',
      'sms[3].sms.headers.X in postern.yaml',
      'POSTERN_SMTP_URL',
    ])
      expect(places).toContain(place)
    expect(`${error.message}${inspect(error, { depth: 9 })}`).not.toContain('hunter2')
    expect(error.message).toContain('windw')
  })

  test.each([
    [
      'http over a network that is not private',
      { kind: 'gatewayapi', name: 'w', url: 'http://sms.example.net', token: 't', source: 'C' },
    ],
    ['the log', { kind: 'log', name: 'log' }],
  ])('may use %s in development only', (_, sender) => {
    const POSTERN_SMS = JSON.stringify([sender])
    expect(problemsOf({ POSTERN_SMS }).problems.map((one) => one.where)).toEqual(['POSTERN_SMS'])
    expect(parse({ POSTERN_SMS, POSTERN_DEVELOPMENT: '1' }).delivery.senders).toHaveLength(1)
  })

  test('know that a centre without TLS is in clear unless it is near', () => {
    const sender = (host: string) => {
      const POSTERN_SMS = JSON.stringify([
        { kind: 'smpp', name: 'm', host, tls: false, systemId: 'p', password: 'p', source: 'C' },
      ])
      return parse({ POSTERN_SMS }).delivery.senders[0]
    }
    expect(sender('smpp.example.net')).toMatchObject({ inClear: true, port: 2775 })
    expect(sender('10.1.2.3')).toMatchObject({ inClear: false })
  })

  test('are two of different names', () => {
    const one = { kind: 'gatewayapi', name: 'same', token: 't', source: 'C' }
    expect(problemsOf({ POSTERN_SMS: JSON.stringify([one, one]) }).message).toContain('different names')
  })

  test('may have the gaps that are filled, and no others', () => {
    expect([...templateGaps].toSorted()).toEqual([...placeholders].toSorted())
  })
})

describe('mail', () => {
  test('needs a server and a sender', () => {
    expect(problemsOf({ POSTERN_SMTP_URL: 'smtp://mail' }).problems.map((one) => one.where)).toEqual(['POSTERN_MAIL_FROM'])
    expect(problemsOf({ POSTERN_MAIL_FROM: 'a@b.c' }).problems.map((one) => one.where)).toEqual(['POSTERN_SMTP_URL'])
  })

  test('demands TLS except to this machine and in development', () => {
    const requireTls = (url: string, more = {}) =>
      parse({ POSTERN_SMTP_URL: url, POSTERN_MAIL_FROM: 'a@b.c', ...more }).delivery.mail?.requireTls
    expect(requireTls('smtp://mail.contoso.com:587')).toBe(true)
    expect(requireTls('smtp://10.0.0.1')).toBe(true)
    expect(requireTls('smtp://127.0.0.1:25')).toBe(false)
    expect(requireTls('smtp://mail', { POSTERN_DEVELOPMENT: '1' })).toBe(false)
  })

  test.each(['Contoso, Inc. <a@b.c>', 'a@b.c, d@e.f', 'a@b.c\r\nBcc: d@e.f', 'nobody'])('does not come from %j', (from) => {
    expect(problemsOf({ POSTERN_SMTP_URL: 'smtp://mail', POSTERN_MAIL_FROM: from }).message).toContain('one address')
  })
})

test('development says that codes are written to the log', () => {
  const codes = (variables: Record<string, string>) =>
    relaxationsOf(parse({ POSTERN_DEVELOPMENT: '1', ...variables })).some((one) => one.includes('written to the log'))
  expect(codes({})).toBe(true)
  expect(codes({ POSTERN_SMS: '[{"kind":"gatewayapi","name":"w","token":"t","source":"C"}]' })).toBe(false)
})

test.each([
  ['127.0.0.1', true, true],
  ['[::1]', true, true],
  ['localhost', true, true],
  ['192.168.1.1', true, false],
  ['[fd00::1]', true, false],
  ['kannel', true, false],
  ['sms.internal', true, false],
  ['127.evil.example', false, false],
  ['8.8.8.8', false, false],
  ['sms.example.net', false, false],
  ['internal.example', false, false],
])('%s: private %s, loopback %s', (host, isPrivate, isLoopback) => {
  expect([isPrivateHost(host), isLoopbackHost(host)]).toEqual([isPrivate, isLoopback])
})
