import { expect, test } from 'vitest'
import { parseMailHost, renderMailHosts } from './mail-hosts.ts'
import { isDoveadmUrl, parseUpstream } from './mail-server-fields.ts'

test('an upstream is a protocol, an address and a port', () => {
  for (const text of ['imap=127.0.0.1:1143', 'Imap=[::1]:143', 'WebServices=10.0.0.1:80'])
    expect(parseUpstream(text), text).toBeDefined()
  for (const text of [
    'imap',
    'imap=',
    'imap=localhost:1',
    'gopher=127.0.0.1:1',
    'imap=127.0.0.1:0',
    'imap=127.0.0.1:70000',
    'imap=1.2.3:1',
    'imap=[1.2.3.4]:1',
  ])
    expect(parseUpstream(text), text).toBeUndefined()
})

test('a mail host is a protocol with a name and a port, or with an address: https, and http for this machine alone', () => {
  expect(parseMailHost('imap=Mail.contoso.com:993')).toEqual({ imap: { host: 'mail.contoso.com', port: 993, tls: 'implicit' } })
  expect(parseMailHost('smtp=mail.contoso.com:587')).toEqual({ smtp: { host: 'mail.contoso.com', port: 587, tls: 'starttls' } })
  expect(parseMailHost('pop=mail.contoso.com:1995/starttls')).toMatchObject({ pop: { tls: 'starttls' } })
  for (const text of [
    'imap=mail.contoso.com:99999',
    'imap=mail.contoso.com',
    'ews=http://mail.contoso.com/',
    'ews=http://localhost.contoso.com/',
    'ews=ftp://localhost/',
    'x=y',
    'imap=a.b:1/tls',
    '',
  ])
    expect(parseMailHost(text), text).toBeUndefined()
  for (const address of ['https://mail.contoso.com/EWS/Exchange.asmx', 'http://localhost:8090/EWS/Exchange.asmx'])
    expect(parseMailHost(`ews=${address}`)).toEqual({ ews: address })
  expect(renderMailHosts({ pop: { host: 'a.b', port: 1995, tls: 'implicit' } })).toEqual(['pop=a.b:1995/implicit'])
})

test('the address of doveadm holds neither name nor query', () => {
  expect(['http://127.0.0.1:8091', 'https://mail.contoso.com/'].every(isDoveadmUrl)).toBe(true)
  for (const text of ['127.0.0.1:8091', 'ftp://a/', 'http://u:p@a/', 'http://a/?x', 'http://a/#x'])
    expect(isDoveadmUrl(text), text).toBe(false)
})
