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
  const read = (headers: Record<string, string>) => parseNginxHttp(headers)
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
  it.each(['/webmail/', '/ewsx', '/EWS/../owa', '/owa/%2e%2e/EWS', '//EWS/', '/EWS\\..\\owa', ''])(
    'has no protocol at %s',
    (uri) => {
      expect(read({ 'x-postern-authorization': basic('m:p'), 'x-original-uri': uri })).toEqual({ kind: 'protocol-unknown' })
    },
  )
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
