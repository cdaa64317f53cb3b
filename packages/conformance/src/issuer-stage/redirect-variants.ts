/** Addresses that are not the registered one, but that a lenient comparison takes for it (RFC 9700 sections 2.1 and 4.1). Pure. */

export interface RedirectVariant {
  readonly what: string
  readonly address: string
}

const STRANGER = 'stranger.example'
const LOOPBACK = /^(127(\.\d+){3}|localhost|\[::1\])$/

export const isLoopback = (address: string): boolean => LOOPBACK.test(URL.parse(address)?.hostname ?? '')

/** The same address at another port. */
export function atPort(address: string, port: string): string {
  const url = new URL(address)
  return `${url.protocol}//${url.hostname}${port === '' ? '' : `:${port}`}${url.pathname}${url.search}`
}

/** About sixty of them, without the registered address itself; whatever is free for native clients on loopback is left out. */
export function redirectVariants(registered: string): readonly RedirectVariant[] {
  const url = new URL(registered)
  const { protocol, host, hostname, pathname } = url
  const at = (place: string, path = pathname) => `${protocol}//${place}${path}`
  const middle = Math.max(1, Math.floor(pathname.length / 2))
  const letter = pathname.charAt(pathname.length - 1)
  const hex = (text: string) => `%${(text.codePointAt(0) ?? 0).toString(16)}`
  const all: readonly (readonly [string, string])[] = [
    // The path.
    ['a slash behind it', `${registered}/`],
    ['two slashes behind it', `${registered}//`],
    ['a path behind it', `${registered}/more`],
    ['letters behind it', `${registered}more`],
    ['its last letter gone', registered.slice(0, -1)],
    ['a longer name', `${registered}.${STRANGER}`],
    ['a step up', `${registered}/../elsewhere`],
    ['a step up that comes back', at(host, `/x/..${pathname}`)],
    ['an encoded step up', `${registered}/%2e%2e/elsewhere`],
    ['a twice encoded step up', `${registered}/%252e%252e/elsewhere`],
    ['a step up by a backslash', `${registered}\\..\\elsewhere`],
    ['an encoded slash', `${registered}%2f`],
    ['a dot in the path', at(host, `/.${pathname}`)],
    ['a double slash in the path', at(host, `/${pathname}`)],
    ['an encoded letter', at(host, `${pathname.slice(0, -1)}${hex(letter)}`)],
    ['a path parameter', `${registered};x=1`],
    ['the path in capitals', at(host, pathname.toUpperCase())],
    ['no path', `${protocol}//${host}`],
    ['another path', at(host, '/elsewhere')],
    ['a split path', at(host, `${pathname.slice(0, middle)}/${pathname.slice(middle)}`)],
    // Behind the path.
    ['an empty query', `${registered}?`],
    ['a query', `${registered}?x=1`],
    ['a further parameter', `${registered}${url.search === '' ? '?' : '&'}code=x`],
    ['an address in its query', `${registered}?next=https://${STRANGER}/`],
    ['an empty fragment', `${registered}#`],
    ['a fragment', `${registered}#x`],
    ['a blank behind it', `${registered} `],
    ['a blank before it', ` ${registered}`],
    ['a tab behind it', `${registered}\t`],
    ['a line break behind it', `${registered}\n`],
    ['an encoded line break', `${registered}%0d%0alocation:%20https://${STRANGER}`],
    ['a zero byte', `${registered}\0`],
    ['an encoded zero byte', `${registered}%00`],
    ['an encoded blank', `${registered}%20`],
    // The host.
    ['another host', at(STRANGER)],
    ['a host below it', at(`sub.${host}`)],
    ['a host that begins like it', at(`${hostname}.${STRANGER}`)],
    ['a host that ends like it', at(`not${host}`)],
    ['a dot behind its host', at(`${hostname}.${url.port === '' ? '' : `:${url.port}`}`)],
    ['a person before the host', at(`person@${host}`)],
    ['its host as a person', at(`${hostname}@${STRANGER}`)],
    ['its host as a person with password', at(`${hostname}:x@${STRANGER}`)],
    ['a backslash before an at sign', at(`${STRANGER}\\@${host}`)],
    ['an encoded at sign', at(`${hostname}%40${STRANGER}`)],
    ['an encoded host', at(`${hex(host.charAt(0))}${host.slice(1)}`)],
    [
      'a letter that looks alike',
      at(host.replace(/[aeo1]/, (one) => ({ a: '\u0430', e: '\u0435', o: '\u043e' })[one] ?? '\u0661')),
    ],
    ['a full stop of another script', at(host.replace('.', '\u3002'))],
    ['itself as the path of another', `https://${STRANGER}/${registered}`],
    ['itself in the query of another', `https://${STRANGER}/?${registered}`],
    ['itself in the fragment of another', `https://${STRANGER}/#${registered}`],
    ['an encoded slash behind another host', at(`${STRANGER}%2f${host}`)],
    // The scheme.
    ['the other scheme', `${protocol === 'http:' ? 'https:' : 'http:'}//${host}${pathname}`],
    ['no scheme', `//${host}${pathname}`],
    ['a path alone', pathname],
    ['backslashes for slashes', `${protocol}\\\\${host}${pathname}`],
    ['one slash', `${protocol}/${host}${pathname}`],
    ['three slashes', `${protocol}///${host}${pathname}`],
    ['script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['two addresses', `${registered},https://${STRANGER}/`],
    ['two addresses with a blank between', `${registered} https://${STRANGER}/`],
    ['nothing', ' '],
    ['a port that is none', at(`${hostname}:99999`)],
  ]
  const further: readonly (readonly [string, string])[] = isLoopback(registered)
    ? [
        ['another address of this machine', at(host.replace(hostname, '127.0.0.2'))],
        ['every address of this machine', at(host.replace(hostname, '0.0.0.0'))],
        ['its address as a number', at(host.replace(hostname, '2130706433'))],
        ['its address in short', at(host.replace(hostname, '127.1'))],
      ]
    : [
        ['another port', atPort(registered, url.port === '8443' ? '8444' : '8443')],
        ['its host in capitals', at(host.toUpperCase())],
        ['its scheme in capitals', registered.replace(protocol, protocol.toUpperCase())],
        ...(url.port === ''
          ? [['the port that goes without saying', atPort(registered, protocol === 'https:' ? '443' : '80')] as const]
          : []),
      ]
  const seen = new Set([registered])
  return [...all, ...further].flatMap(([what, address]) => {
    if (seen.has(address)) return []
    seen.add(address)
    return [{ what, address }]
  })
}
