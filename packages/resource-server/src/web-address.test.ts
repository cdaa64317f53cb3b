import { expect, test } from 'vitest'
import { allowedUrl, insertWellKnown, isLoopbackHost, openidConfigurationUrl } from './web-address.ts'

test('this machine is known by its spelling alone', () => {
  for (const host of ['localhost', '[::1]', '127.0.0.1', '127.255.255.255', '127.10.20.30'])
    expect([host, isLoopbackHost(host)]).toEqual([host, true])
  for (const host of [
    '',
    'localhost.example',
    'x127.0.0.1',
    '127.0.0.1.example',
    '127.0.0',
    '127.a.0.1',
    '127.0.a.1',
    '127.0.0.a',
    '::1',
  ])
    expect([host, isLoopbackHost(host)]).toEqual([host, false])
})

test('https may be asked, http only on this machine where that is allowed', () => {
  for (const [address, anywhere, loopback] of [
    ['https://sts.example/x', true, true],
    ['http://sts.example/x', false, false],
    ['http://localhost:80/x', false, true],
    ['http://127.0.0.1/', false, true],
    ['ftp://localhost/', false, false],
    ['https://user@sts.example/', false, false],
    ['https://:word@sts.example/', false, false],
    ['https://user:word@sts.example/', false, false],
    ['no address', false, false],
  ] as const) {
    expect([address, allowedUrl(address, false) !== undefined, allowedUrl(address, true) !== undefined]).toEqual([
      address,
      anywhere,
      loopback,
    ])
  }
  expect(allowedUrl('https://sts.example/x', false)?.href).toBe('https://sts.example/x')
})

test('well-known addresses are inserted or appended, one slash between', () => {
  const inserted = (address: string) => insertWellKnown(new URL(address), 'name').href
  expect(inserted('https://h.example')).toBe('https://h.example/.well-known/name')
  expect(inserted('https://h.example/a/b')).toBe('https://h.example/.well-known/name/a/b')
  expect(inserted('https://h.example/a/b/?q=1')).toBe('https://h.example/.well-known/name/a/b?q=1')
  const appended = (address: string) => openidConfigurationUrl(new URL(address)).href
  expect(appended('https://h.example')).toBe('https://h.example/.well-known/openid-configuration')
  expect(appended('https://h.example/a/b/')).toBe('https://h.example/a/b/.well-known/openid-configuration')
})
