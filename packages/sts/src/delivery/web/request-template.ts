import type { OutgoingMessage } from '@postern/mfa'

/** What a template may ask for. `number` is `to` without its plus; `locale` is `language` with its likeliest region. */
export const placeholders = ['to', 'number', 'text', 'id', 'channel', 'language', 'locale'] as const
type Placeholder = (typeof placeholders)[number]

/** A value of a JSON body. A string that is `{number}` alone becomes a JSON number. */
export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [member: string]: JsonTemplate }

/** A request with gaps, each written `{name}`. At most one of `form`, `json` and `xml`. */
export interface RequestTemplate {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Gaps in path and query only. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Fields; one that holds XML is filled as XML first. */
  readonly form?: Readonly<Record<string, string | { readonly xml: string }>>
  readonly json?: JsonTemplate
  readonly xml?: string
}

export interface FilledRequest {
  readonly method: RequestTemplate['method']
  /** Scheme, host and port are the template's, whatever the message says. */
  readonly origin: URL
  /** As it goes into the request line: never made shorter again, so that `..` in a value stays a value. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/**
 * Pure: fills the gaps, each value encoded for the place where it stands, in one pass, so that a value that looks like a
 * gap stays as it is. The URL's host is taken from the template alone.
 * @throws {TypeError} for an unknown gap, a gap in the host, or two bodies
 */
export function fillRequest(template: RequestTemplate, message: OutgoingMessage): FilledRequest {
  const values = valuesOf(message)
  const [, beginning = '', rest = ''] = /^(https?:\/\/[^/?#]+)([^#]*)$/i.exec(template.url) ?? []
  if (beginning === '' || beginning.includes('{')) throw new TypeError('The URL of a template begins with a fixed host')
  const bodies = [template.form, template.json, template.xml].filter((body) => body !== undefined)
  if (bodies.length > 1) throw new TypeError('A template has one body')
  const path = fill(rest, values, encodeURIComponent)
  const headers = Object.entries(template.headers ?? {}).map(([name, value]) => [name, fill(value, values, inHeader)] as const)
  const body = bodyOf(template, values)
  return Object.freeze({
    method: template.method,
    origin: new URL(beginning),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: Object.freeze({
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...Object.fromEntries(headers),
    }),
    body: body?.text,
  })
}

function bodyOf(template: RequestTemplate, values: Values): { type: string; text: string } | undefined {
  if (template.form !== undefined) {
    const fields = Object.entries(template.form).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? fill(value, values, asItIs) : fill(value.xml, values, inXml),
    ])
    return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(fields).toString() }
  }
  if (template.json !== undefined) return { type: 'application/json', text: JSON.stringify(fillJson(template.json, values)) }
  if (template.xml !== undefined) return { type: 'application/xml; charset=utf-8', text: fill(template.xml, values, inXml) }
  return undefined
}

type Values = Readonly<Record<Placeholder, string>>

function valuesOf(message: OutgoingMessage): Values {
  return {
    to: message.to,
    number: message.to.replace(/^\+/, ''),
    text: message.text,
    id: message.id,
    channel: message.channel,
    language: message.language,
    locale: localeOf(message.language),
  }
}

/** `de` becomes `de-DE`: voices are named with a region. */
function localeOf(language: string): string {
  try {
    const locale = new Intl.Locale(language).maximize()
    return locale.region === undefined ? locale.language : `${locale.language}-${locale.region}`
  } catch {
    return 'en-US'
  }
}

const gap = /\{(\w+)\}/g

function fill(template: string, values: Values, encode: (value: string) => string): string {
  return template.replace(gap, (_, name: string) => encode(valueNamed(name, values)))
}

function valueNamed(name: string, values: Values): string {
  const known = placeholders.find((one) => one === name)
  if (known === undefined) throw new TypeError(`A template has no gap named ${name}`)
  return values[known]
}

function fillJson(template: JsonTemplate, values: Values): JsonTemplate {
  if (typeof template === 'string')
    return template === '{number}' && /^\d{1,15}$/.test(values.number) ? Number(values.number) : fill(template, values, asItIs)
  if (template === null || typeof template !== 'object') return template
  if (Array.isArray(template)) return template.map((one: JsonTemplate) => fillJson(one, values))
  return Object.fromEntries(Object.entries(template).map(([member, value]) => [member, fillJson(value, values)]))
}

const asItIs = (value: string): string => value

/** A header holds visible ASCII; what is more is written as in a URL (RFC 9110 section 5.5). */
const inHeader = (value: string): string => (/^[\x21-\x7e]*$/.test(value) ? value : encodeURIComponent(value))

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text or attribute of XML 1.0; characters that no XML may hold (section 2.2) are left out. */
const inXml = (value: string): string =>
  value
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
