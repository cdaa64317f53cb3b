import { hidesAnotherPath, protocolOfExchangePath } from '@postern/resource-server'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseNginxHttp } from './nginx-http.ts'
import { parseNginxMail, renderNginxGrant, renderNginxRefusal } from './nginx-mail.ts'
import { renderRefusal } from './refusals.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('the mail proxy', () => {
  const headers = {
    'auth-method': 'plain',
    'auth-protocol': 'imap',
    'auth-user': 'mary%40contoso.com',
    'auth-pass': 'a%20b%25c+d',
  }
  it('is read, escapes included', () => {
    expect(parseNginxMail({ ...headers, 'client-ip': '203.0.113.7', 'auth-ssl': 'on' })).toMatchObject({
      shown: { name: 'mary@contoso.com', secret: 'a b%c+d' },
      app: { protocol: 'imap', source: '203.0.113.7' },
      source: '203.0.113.7',
      tls: true,
    })
  })
  it('comes from an IPv4 address, also where nginx listens for both families', () => {
    expect(parseNginxMail({ ...headers, 'client-ip': '::ffff:203.0.113.7' })).toMatchObject({
      app: { source: '203.0.113.7' },
      source: '203.0.113.7',
    })
  })
  it('says nothing about encryption where there is none', () => {
    expect(parseNginxMail(headers)?.tls).toBe(false)
  })
  it.each([
    ['CRAM-MD5', { 'auth-method': 'cram-md5' }],
    ['a letter without a password', { 'auth-method': 'none' }],
    ['an unknown protocol', { 'auth-protocol': 'nntp' }],
    ['a broken escape', { 'auth-pass': '%zz' }],
    ['nobody', { 'auth-user': '' }],
  ])('does not read %s', (_what, change) => {
    expect(parseNginxMail({ ...headers, ...change })).toBeUndefined()
  })
  it('is sent on to IPv4 and IPv6', () => {
    expect(renderNginxGrant({ upn: 'm' }, '127.0.0.1:1143')).toMatchObject({ 'Auth-Server': '127.0.0.1', 'Auth-Port': '1143' })
    expect(renderNginxGrant({ upn: 'm' }, '[::1]:1143')).toMatchObject({ 'Auth-Server': '::1', 'Auth-Port': '1143' })
  })
  it('is told what stands behind the word of each protocol', () => {
    const { refusal } = renderRefusal({
      ...{ reason: 'app_pending', portal: 'https://p', realmName: 'C', request: 'r' },
      ...{ appPasswordHelps: false, modernHelps: false },
    })
    const status = (protocol: 'imap' | 'pop' | 'smtp') => renderNginxRefusal(refusal, protocol)
    expect(status('imap')['Auth-Status']).toMatch(/^\[AUTHENTICATIONFAILED\] This mail app waits/)
    expect(status('pop')['Auth-Status']).toMatch(/^\[AUTH\] This mail app waits/)
    expect(status('smtp')).toMatchObject({ 'Auth-Status': expect.stringMatching(/^This mail/), 'Auth-Error-Code': '535 5.7.3' })
  })
})

describe('a request over HTTP', () => {
  const eas = '/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=abc1&DeviceType=iPhone'
  const read = (headers: Record<string, string | readonly string[]>) =>
    parseNginxHttp(Object.fromEntries(Object.entries(headers).map(([name, lines]) => [name, [lines].flat()])))
  const shown = { 'x-postern-authorization': basic('m:p') }
  const unknown = { kind: 'protocol-unknown' }
  const protocolAt = (uri: string) => {
    const asked = read({ ...shown, 'x-original-uri': uri })
    return asked.kind === 'question' ? asked.question.app.protocol : undefined
  }
  it('is read with its device, its protocol and the password', () => {
    const authorization = basic('mary@contoso.com:a:b')
    expect(
      read({
        'x-postern-authorization': authorization,
        'x-original-uri': eas,
        'x-postern-source': '203.0.113.7',
        'x-postern-scheme': 'https',
      }),
    ).toMatchObject({
      kind: 'question',
      question: {
        shown: { kind: 'secret', name: 'mary@contoso.com', secret: 'a:b' },
        app: { protocol: 'activesync', deviceId: 'abc1', deviceType: 'iPhone' },
        tls: true,
      },
    })
  })
  it('may show a token', () => {
    expect(read({ 'x-postern-authorization': 'Bearer a.b.c', 'x-original-uri': '/EWS/Exchange.asmx' })).toMatchObject({
      question: { shown: { kind: 'token', token: 'a.b.c' }, app: { protocol: 'ews' } },
    })
  })
  it('may name its protocol, where the path does not', () => {
    const headers = { 'x-postern-authorization': basic('m:p'), 'x-original-uri': '/webmail/', 'x-postern-protocol': 'jmap' }
    expect(read(headers)).toMatchObject({ question: { app: { protocol: 'jmap' } } })
  })
  it('has the protocol of the path where the header agrees, and none where the two contradict each other', () => {
    const at = (uri: string, named: string) => read({ ...shown, 'x-original-uri': uri, 'x-postern-protocol': named })
    expect(at('/EWS/Exchange.asmx', 'WebServices')).toMatchObject({ question: { app: { protocol: 'ews' } } })
    expect(at('/ews/exchange.asmx', 'autodiscover')).toEqual(unknown)
    expect(at('/ews/exchange.asmx', 'gopher')).toEqual(unknown)
    expect(at('/.well-known/jmap', 'ews')).toEqual(unknown)
    // The path of which nobody can tell where it leads is not saved by the header.
    expect(at('/webmail/..;/ews', 'jmap')).toEqual(unknown)
    expect(at('/webmail/%2e%2e/ews', 'jmap')).toEqual(unknown)
  })
  it('has the protocol of the header where no path is told', () => {
    expect(read({ ...shown, 'x-postern-protocol': 'jmap' })).toMatchObject({ question: { app: { protocol: 'jmap' } } })
    expect(read(shown)).toEqual(unknown)
  })
  it.each([
    ['x-original-uri', '/ews', '/autodiscover'],
    ['x-postern-protocol', 'ews', 'ews'],
    ['x-postern-source', '203.0.113.7', '198.51.100.1'],
    ['x-postern-scheme', 'http', 'https'],
    ['x-postern-authorization', basic('m:p'), basic('a:b')],
    ['x-original-method', 'POST', 'OPTIONS'],
    ['x-postern-whatever', 'a', 'b'],
  ])('is not read when %s comes twice', (name, one, other) => {
    const whole = { ...shown, 'x-original-uri': '/ews/x' }
    expect(read(whole)).toMatchObject({ kind: 'question' })
    expect(read({ ...whole, [name]: [one, other] })).toEqual(unknown)
    expect(read({ ...whole, [name]: `${one}, ${other}` }).kind).not.toBe('question')
  })
  it('comes from an IPv4 address, also where nginx listens for both families', () => {
    expect(read({ ...shown, 'x-original-uri': '/ews', 'x-postern-source': '::ffff:203.0.113.7' })).toMatchObject({
      question: { app: { source: '203.0.113.7' }, source: '203.0.113.7' },
    })
  })
  it.each(['/webmail/', '/ewsx', '/EWS/../owa', '/owa/%2e%2e/EWS', '//EWS/', '/EWS\\..\\owa', '', 'ews', 'http://ews/ews'])(
    'has no protocol at %s',
    (uri) => {
      expect(protocolAt(uri)).toBeUndefined()
    },
  )
  // Java servers take parameters out before they look for dots.
  it.each(['/autodiscover/..;/ews/exchange.asmx', '/autodiscover/..;a=b/ews', '/autodiscover/.;/ews', '/jmap/..;/ews', '/ews;a'])(
    'has no protocol at %s, which a server may read as another path',
    (uri) => {
      expect(protocolAt(uri)).toBeUndefined()
    },
  )
  it('has the protocol of JMAP at its two paths, and not at what hides behind them', () => {
    expect(['/jmap/', '/.well-known/jmap', '/.Well-Known/JMAP/x'].map(protocolAt)).toEqual(['jmap', 'jmap', 'jmap'])
    for (const uri of ['/.well-known/jmap/../ews', '/jmap/.well-known/../ews', '/.well-known/jmapx', '/.well-known/ews'])
      expect(protocolAt(uri), uri).toBeUndefined()
  })
  it('has the protocol that the library for mail servers reads off the same path, however hostile', () => {
    const pieces = ['ews', 'Autodiscover', 'mapi', 'x', '..', '.', ';', ';a=b', '/', '/', '/', '\\', '%2e', '%2f', '%3b', '%252e']
    const oddities = ['#', '?', '?/../', '%40', '%', '\u0001', '%00', '%c0%ae', '\uff0e', '%ef%bc%8e', '.well-known', '=']
    const path = fc.array(fc.constantFrom(...pieces, ...oddities), { maxLength: 9 }).map((parts) => parts.join(''))
    const start = fc.constantFrom(
      '/autodiscover',
      '/EWS/',
      '/Microsoft-Server-ActiveSync',
      '/oab/',
      '/rpc',
      '/powershell/',
      '/',
      '',
    )
    fc.assert(
      fc.property(start, path, (begin, end) => {
        const [uri = ''] = (begin + end).split('?')
        expect(protocolAt(uri), uri).toBe(protocolOfExchangePath({ url: uri, headers: {} }))
        if (hidesAnotherPath(uri)) expect(protocolAt(uri), uri).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
  it.each([
    '',
    'Negotiate abc',
    'Basic ###',
    'Basic bm9jb2xvbg==',
    `Basic ${Buffer.from([0xff, 0x3a, 0x61]).toString('base64')}`,
  ])('shows nothing by %s', (authorization) => {
    expect(read({ 'x-postern-authorization': authorization, 'x-original-uri': '/ews' })).toEqual({ kind: 'nothing-shown' })
  })
})
