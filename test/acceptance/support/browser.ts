/**
 * browser is a person's browser, as far as the service can tell: cookies, redirects, forms. It runs no script.
 *
 * Unlike a real one it does what it is told: forms may be posted with any fields, cookies may be lost or copied. Redirects
 * are followed within the site of the first page only; the first one that leaves it is handed back unopened.
 * @module
 */
export interface Field {
  readonly name: string
  readonly value: string
  readonly type: string
}

export interface Form {
  readonly action: string
  readonly method: string
  readonly fields: readonly Field[]
}

/** Where a visit ended. `left` is the address outside of the site that the last redirect led to. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly html: string
  readonly forms: readonly Form[]
  readonly left?: URL
  /** The same as it stood in the `Location` header: a URL object would put schemes in small letters. */
  readonly location?: string
  /** Status of every redirect on the way, and where from. */
  readonly hops: readonly { readonly status: number; readonly from: string }[]
}

export interface Browser {
  open(url: string): Promise<Page>
  /** Posts fields to an address, exactly those given. */
  post(url: string, fields: Readonly<Record<string, string>> | URLSearchParams): Promise<Page>
  /** Posts the page's first form with its own values, `typed` over them. `without` leaves fields out. */
  submit(page: Page, typed?: Readonly<Record<string, string>>, without?: readonly string[]): Promise<Page>
  /** Name and value of every cookie; delete from it to lose one. */
  readonly cookies: Map<string, { value: string; path: string }>
}

const MOST_REDIRECTS = 12

export function createBrowser(
  options: { accept?: string; headers?: Record<string, string>; keepsCookies?: boolean } = {},
): Browser {
  const cookies: Browser['cookies'] = new Map()

  function remember(url: URL, response: Response): void {
    if (options.keepsCookies === false) return
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const path = /^path=(.*)$/i.exec(attributes.find((one) => /^path=/i.test(one)) ?? '')?.[1] ?? url.pathname
      const expires = Date.parse(/^expires=(.*)$/i.exec(attributes.find((one) => /^expires=/i.test(one)) ?? '')?.[1] ?? '')
      const key = `${pair.slice(0, at)};${path}`
      if (expires <= Date.now()) cookies.delete(key)
      else cookies.set(key, { value: pair.slice(at + 1), path })
    }
  }

  const cookieHeader = (url: URL): string =>
    [...cookies]
      .filter(([, { path }]) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .toSorted(([, one], [, other]) => other.path.length - one.path.length)
      .map(([key, { value }]) => `${key.slice(0, key.indexOf(';'))}=${value}`)
      .join('; ')

  async function visit(start: string, first: RequestInit): Promise<Page> {
    const home = new URL(start).origin
    const hops: { status: number; from: string }[] = []
    let url = new URL(start)
    let init = first
    for (;;) {
      const cookie = cookieHeader(url)
      const headers = { accept: options.accept ?? 'text/html', ...options.headers, ...(cookie ? { cookie } : {}) }
      const response = await fetch(url, { ...init, headers, redirect: 'manual' })
      remember(url, response)
      const html = await response.text()
      const location = response.headers.get('location')
      const here = { url: url.href, status: response.status, headers: response.headers, html, forms: parseForms(html), hops }
      if (response.status < 300 || response.status > 399 || location === null) return here
      hops.push({ status: response.status, from: url.pathname })
      const next = new URL(location, url)
      if (next.origin !== home) return { ...here, left: next, location }
      if (hops.length > MOST_REDIRECTS) throw new TypeError(`the redirects never end, the last one to ${next.href}`)
      url = next
      init = { method: 'GET' }
    }
  }

  const post: Browser['post'] = (url, fields) => visit(url, { method: 'POST', body: new URLSearchParams(fields) })

  return {
    cookies,
    open: (url) => visit(url, { method: 'GET' }),
    post,
    submit(page, typed = {}, without = []) {
      const [form] = page.forms
      if (!form) throw new TypeError(`no form on ${page.url} (${page.status}): ${textOf(page.html).slice(0, 300)}`)
      const own = form.fields
        .filter((field) => field.type !== 'submit')
        .map((field): [string, string] => [field.name, field.value])
      const fields = { ...Object.fromEntries(own), ...typed }
      const sent = Object.fromEntries(Object.entries(fields).filter(([name]) => !without.includes(name)))
      return post(new URL(form.action, page.url).href, sent)
    },
  }
}

const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** The forms of our own pages, which write every attribute in double quotes. */
function parseForms(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inside = '']) => ({
    action: attribute(` ${head}`, 'action') ?? '',
    method: attribute(` ${head}`, 'method') ?? 'get',
    fields: [...inside.matchAll(/<(input|button)\b[^>]*>/g)].flatMap(([tag, element]) => {
      const name = attribute(tag, 'name')
      const type = attribute(tag, 'type') ?? (element === 'button' ? 'submit' : 'text')
      return name === undefined ? [] : [{ name, value: attribute(tag, 'value') ?? '', type }]
    }),
  }))
}

/** What a person reads on a page. */
export const textOf = (html: string): string =>
  html
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()

/** Whether a page asks for this. */
export const asksFor = (page: Page, name: string): boolean =>
  page.forms.some((form) => form.fields.some((field) => field.name === name))
