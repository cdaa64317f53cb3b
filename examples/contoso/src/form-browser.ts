/**
 * A browser without a window: fetches pages, keeps cookies, follows redirects and posts forms.
 *
 * It owns transport only. What to type into a form is its caller's business (sign-in.ts).
 * It does not check TLS by itself, run scripts, or load anything that a page refers to.
 */
import { type Form, type FormField, parseForms, textOf } from './html-forms.ts'

/** Where a step ended: on a page, or on a redirect to an address that the caller waits for. */
export type Visit =
  | Readonly<{ outcome: 'page'; url: URL; status: number; forms: readonly Form[]; text: string; html: string }>
  | Readonly<{ outcome: 'arrived'; url: URL }>

export type BrowserErrorCode = 'too_many_redirects' | 'redirect_invalid' | 'not_a_page' | 'left_the_site'

/** The browser could not go on. `code` says why; the message may name addresses but never what was typed. */
export class BrowserError extends Error {
  readonly code: BrowserErrorCode

  constructor(code: BrowserErrorCode, message: string) {
    super(message)
    this.name = 'BrowserError'
    this.code = code
  }
}

export type FormBrowser = Readonly<{
  open: (url: URL) => Promise<Visit>
  submit: (page: URL, form: Form, values: readonly (readonly [string, string])[]) => Promise<Visit>
}>

const MOST_REDIRECTS = 20

/**
 * @param options.isDestination tells the address that ends the journey (the redirect URI of a client).
 *   It is not fetched. Every other redirect must stay on the origin of the first page: a password typed
 *   for one site must never be posted to another.
 */
export function createFormBrowser(options: {
  isDestination: (url: URL) => boolean
  fetch?: typeof fetch
  language?: string
}): FormBrowser {
  const request = options.fetch ?? fetch
  const cookies = new Map<string, { value: string; path: string }>()
  let home: string | undefined

  const cookieHeader = (url: URL): string =>
    [...cookies]
      .filter(([, cookie]) => `${url.pathname}/`.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`))
      // RFC 6265 section 5.4: longer paths first, because a server reads the first of two equal names.
      .toSorted(([, one], [, other]) => other.path.length - one.path.length)
      .map(([key, cookie]) => `${key.slice(0, key.indexOf(';'))}=${cookie.value}`)
      .join('; ')

  const keepCookies = (url: URL, response: Response): void => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      if (at < 1) continue
      const named = new Map(
        attributes.map((one) => [one.split('=')[0]?.toLowerCase() ?? '', one.slice(one.indexOf('=') + 1)] as const),
      )
      const given = named.get('path')
      const path = given?.startsWith('/') ? given : url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1)
      const key = `${pair.slice(0, at)};${path}`
      const gone = named.get('max-age') === '0' || (named.has('expires') && Date.parse(named.get('expires') ?? '') <= 0)
      if (gone) cookies.delete(key)
      else cookies.set(key, { value: pair.slice(at + 1), path })
    }
  }

  const visit = async (start: URL, first: RequestInit): Promise<Visit> => {
    let url = start
    let init = first
    for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
      if (options.isDestination(url)) return Object.freeze({ outcome: 'arrived', url })
      home ??= url.origin
      if (url.origin !== home) throw new BrowserError('left_the_site', `a redirect led from ${home} to ${url.origin}`)
      const headers = new Headers(init.headers)
      headers.set('accept', 'text/html')
      headers.set('accept-language', options.language ?? 'en')
      if (cookies.size > 0) headers.set('cookie', cookieHeader(url))
      const response = await request(url, { ...init, headers, redirect: 'manual' })
      keepCookies(url, response)
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) return await pageOf(url, response)
      await response.body?.cancel()
      if (!URL.canParse(location, url.href))
        throw new BrowserError('redirect_invalid', `${url.pathname} answered with a Location that is no URL`)
      // 307 and 308 would post the form again; nothing here should ever ask for that.
      if (response.status > 303 && init.method === 'POST')
        throw new BrowserError('redirect_invalid', `${url.pathname} asked to post a form again`)
      url = new URL(location, url)
      init = { method: 'GET' }
    }
    throw new BrowserError('too_many_redirects', `more than ${MOST_REDIRECTS} redirects, the last one to ${url.pathname}`)
  }

  return Object.freeze({
    open: (url) => visit(url, { method: 'GET' }),
    submit: (page, form, values) => {
      const target = new URL(form.action === undefined || form.action === '' ? page : form.action, page)
      const body = new URLSearchParams(values.map(([name, value]): [string, string] => [name, value]))
      if (form.method !== 'post') {
        target.search = body.toString()
        return visit(target, { method: 'GET' })
      }
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: page.origin }
      return visit(target, { method: 'POST', headers, body: body.toString() })
    },
  })
}

/** What a browser would send for a form in which nothing was touched; `button` is the one that was pressed. */
export function untouchedValues(form: Form, button?: FormField): readonly (readonly [string, string])[] {
  return form.fields
    .filter((field) => {
      if (field.name === '') return false
      if (field.type === 'submit' || field.type === 'image') return field === button
      if (field.type === 'button' || field.type === 'reset') return false
      return field.checked || (field.type !== 'checkbox' && field.type !== 'radio')
    })
    .map((field) => [field.name, field.value] as const)
}

async function pageOf(url: URL, response: Response): Promise<Visit> {
  const html = await response.text()
  if (!/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
    throw new BrowserError('not_a_page', `${url.pathname} answered ${response.status}, which is no page: ${html.slice(0, 300)}`)
  }
  return Object.freeze({ outcome: 'page', url, status: response.status, forms: parseForms(html), text: textOf(html), html })
}
