import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hidesAnotherPath, protocolOfExchangePath, splitAddress } from './exchange-path.ts'

const of = (url: string) => protocolOfExchangePath({ url, headers: {} })

test('the paths of Exchange tell the protocol, in any letter case, and only whole segments of them', () => {
  expect(of('/Microsoft-Server-ActiveSync?Cmd=Sync')).toBe('activesync')
  expect(of('/EWS/Exchange.asmx')).toBe('ews')
  expect(of('https://mail.contoso.com/Autodiscover/Autodiscover.xml')).toBe('autodiscover')
  expect(of('/mapi/emsmdb?MailboxId=1')).toBe('mapi')
  expect(of('/OAB/1/oab.xml')).toBe('oab')
  expect(of('/rpc/rpcproxy.dll?mail.contoso.com:6001')).toBe('rpc')
  expect(of('/PowerShell?serializationLevel=Full')).toBe('powershell')
  expect(of('/powershell')).toBe('powershell')
  for (const url of ['/', '', '/ewsx/', '/owa?/ews/', '/api/ews', '//ews', '/%65ws/']) expect(of(url)).toBeUndefined()
})

test.for([
  ...['/ews/../mapi', '/ews/%2e%2E/mapi', '/ews\\..\\mapi', '/ews/.', '/ews%2f..%2fmapi', '/EWS/..%5Cmapi'],
  // Java servers take parameters out before they look for dots.
  ...['/autodiscover/..;/ews/exchange.asmx', '/autodiscover/..;a=b/ews', '/autodiscover/.;/ews', '/ews;jsessionid=1'],
  ...[
    '/autodiscover/%2e%2e%3b/ews',
    '/autodiscover/%252e%252e/ews',
    '/autodiscover/%c0%ae%c0%ae/ews',
    '/autodiscover/%u002e/ews',
  ],
  ...[
    '/autodiscover/%ef%bc%8e%ef%bc%8e%ef%bc%8fews',
    '/autodiscover/\uff0e\uff0e/ews',
    '/autodiscover/%',
    '/autodiscover/.hidden',
  ],
  ...['/autodiscover/\t../ews', '/autodiscover/%00/ews', '/autodiscover/%0d%0aX', '/autodiscover/%7f', '/autodiscover/ /ews'],
  ...[
    '/autodiscover//ews',
    '/autodiscover/#/../ews',
    '/autodiscover/x#y',
    '/autodiscover#/../ews',
    '/autodiscover/%23',
    '/ews/%3f',
  ],
])('%j, which a server may read as another path, has no protocol', (path) => {
  expect(of(path)).toBeUndefined()
  expect(hidesAnotherPath(path)).toBe(true)
})

test('what mail apps do send is no such path', () => {
  expect(of('/autodiscover/autodiscover.json/v1.0/mary%40contoso.com')).toBe('autodiscover')
  expect(of('/autodiscover/autodiscover.json/v1.0/m%C3%BCller%40contoso.com?Protocol=ActiveSync#/../..')).toBe('autodiscover')
  expect(of('/EWS/Exchange.asmx?;/../x=%2f')).toBe('ews')
  expect(of('/OAB/3f2504e0-4f89-11d3-9a0c-0305e82c3301/oab.xml')).toBe('oab')
  expect(of('/mapi/emsmdb/?MailboxId=1@contoso.com')).toBe('mapi')
})

/** How servers get from what was asked to what they open; `undefined`: they refuse it. */
const readings: readonly (readonly [name: string, read: (path: string) => string | undefined])[] = [
  ['a URL parser', (path) => URL.parse(path, 'https://mail.contoso.com')?.pathname],
  ['one that takes parameters out first', (path) => URL.parse(path.replace(/;[^/]*/g, ''), 'https://mail.contoso.com')?.pathname],
  ['one that decodes first', (path) => resolve(decoded(path))],
  ['one that decodes twice', (path) => resolve(decoded(decoded(path)))],
  ['one that decodes and takes parameters out', (path) => resolve(decoded(path)?.replace(/;[^/]*/g, ''))],
  ['one that folds characters', (path) => resolve(decoded(path)?.normalize('NFKC'))],
  ['one that ends a name at NUL', (path) => resolve(decoded(path)?.replace(/\0[^/]*/g, ''))],
]

function decoded(path: string | undefined): string | undefined {
  try {
    return path && decodeURIComponent(path)
  } catch {
    return path
  }
}

function resolve(path: string | undefined): string | undefined {
  const open: string[] = []
  for (const segment of path?.replaceAll('\\', '/').split('/') ?? []) {
    if (segment === '..') open.pop()
    else if (segment !== '.' && segment !== '') open.push(segment)
  }
  return path && `/${open.join('/')}`
}

const pieces = [
  'ews',
  'EWS',
  'autodiscover',
  'mapi',
  'x',
  '..',
  '.',
  ';',
  ';a=b',
  '/',
  '/',
  '/',
  '\\',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
]
const oddities = [
  '%3b',
  '%252e',
  '%00',
  '\0',
  '\t',
  ' ',
  '#',
  '%23',
  '\uff0e',
  '%ef%bc%8e',
  '\uff0f',
  '%40',
  '%',
  '%u002e',
  '%c0%ae',
]
const hostile = fc.array(fc.constantFrom(...pieces, ...oddities), { maxLength: 8 }).map((parts) => `/${parts.join('')}`)

test('whichever way a server reads it, what has a protocol is a path of that protocol', () => {
  fc.assert(
    fc.property(fc.tuple(fc.constantFrom('/autodiscover', '/ews', ''), hostile), ([start, end]) => {
      const path = start + end
      const protocol = of(path)
      fc.pre(protocol !== undefined)
      for (const [name, read] of readings) expect(read(path)?.toLowerCase(), name).toMatch(new RegExp(`^/${protocol}(?:/|$)`))
    }),
    { numRuns: 1000 },
  )
})

test('an address is parted at its first question mark, and ends at its fragment', () => {
  expect(splitAddress('/EWS?a=B?c#d?e')).toEqual({ path: '/ews', query: 'a=B?c' })
  expect(splitAddress('/EWS')).toEqual({ path: '/ews', query: '' })
  expect(splitAddress('HTTPS://mail.contoso.com?a\n#b\nc')).toEqual({ path: '', query: 'a\n' })
  // Only the beginning of an address is its origin.
  expect(splitAddress('/redirect/https://evil.example/ews')).toEqual({ path: '/redirect/https://evil.example/ews', query: '' })
  expect(splitAddress('/a?b#')).toEqual({ path: '/a', query: 'b' })
})

test('an escape has two hex digits', () => {
  for (const path of ['/ews/%4', '/ews/%4g', '/ews/%g4', '/ews/%']) expect(hidesAnotherPath(path)).toBe(true)
  expect(hidesAnotherPath('/ews/%4a')).toBe(false)
})
