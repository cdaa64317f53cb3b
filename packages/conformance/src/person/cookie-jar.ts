/** Cookies of one browser, per host and path, as far as a sign-in needs RFC 6265: no public suffixes, no sizes. */

interface Cookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly isHostOnly: boolean
  readonly path: string
  readonly isSecure: boolean
  /** Seconds; undefined lives as long as the browser. */
  readonly expiresAt: number | undefined
}

export interface CookieJar {
  /** Keeps what `Set-Cookie` lines of an answer from `url` say. */
  keep(url: URL, lines: readonly string[], now: number): void
  /** The `Cookie` header for a request to `url`, or undefined. */
  headerFor(url: URL, now: number): string | undefined
  copy(): CookieJar
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

function defaultPath(url: URL): string {
  const end = url.pathname.lastIndexOf('/')
  return end <= 0 ? '/' : url.pathname.slice(0, end)
}

/** RFC 6265 section 5.2; undefined for a line that is none or that is meant for another host. */
function readCookie(url: URL, line: string, now: number): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  if (at < 1) return undefined
  const attributes = new Map(
    rest.map((part): [string, string] => {
      const equals = part.indexOf('=')
      return equals === -1 ? [part.toLowerCase(), ''] : [part.slice(0, equals).toLowerCase(), part.slice(equals + 1)]
    }),
  )
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase()
  if (domain && url.hostname !== domain && !url.hostname.endsWith(`.${domain}`)) return undefined
  const age = attributes.get('max-age')
  const expires = Date.parse(attributes.get('expires') ?? '')
  const path = attributes.get('path')
  return {
    name: pair.slice(0, at),
    value: pair.slice(at + 1),
    host: domain || url.hostname,
    isHostOnly: !domain,
    path: path?.startsWith('/') ? path : defaultPath(url),
    isSecure: attributes.has('secure'),
    expiresAt: age !== undefined ? now + Number(age) : Number.isNaN(expires) ? undefined : expires / 1000,
  }
}

export function createCookieJar(first: readonly Cookie[] = []): CookieJar {
  let cookies = [...first]
  return {
    keep(url, lines, now) {
      for (const line of lines) {
        const cookie = readCookie(url, line, now)
        if (cookie === undefined) continue
        cookies = cookies.filter((one) => one.name !== cookie.name || one.host !== cookie.host || one.path !== cookie.path)
        if (cookie.expiresAt === undefined || cookie.expiresAt > now) cookies.push(cookie)
      }
    },
    headerFor(url, now) {
      const fitting = cookies.filter(
        (one) =>
          (one.isHostOnly ? url.hostname === one.host : url.hostname === one.host || url.hostname.endsWith(`.${one.host}`)) &&
          (url.pathname === one.path || url.pathname.startsWith(one.path.endsWith('/') ? one.path : `${one.path}/`)) &&
          (!one.isSecure || url.protocol === 'https:' || isLoopback(url.hostname)) &&
          (one.expiresAt === undefined || one.expiresAt > now),
      )
      if (fitting.length === 0) return undefined
      return fitting
        .toSorted((one, other) => other.path.length - one.path.length)
        .map((one) => `${one.name}=${one.value}`)
        .join('; ')
    },
    copy: () => createCookieJar(cookies),
  }
}
