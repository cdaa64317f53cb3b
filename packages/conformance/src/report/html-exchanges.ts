/** Shows what went over the wire, each exchange folded into one line. Pure; what it gets is redacted already. */
import type { Exchange } from '../exchanges.ts'
import type { ModuleResult } from '../runner.ts'
import { escapeHtml as text } from './html-escape.ts'

/** Nobody reads forty exchanges of a module that passed, and the page has hundreds of modules. */
const MOST_WHEN_PASSED = 8
const MOST_CHARACTERS_WHEN_PASSED = 1200

/** The path, without what all addresses of the issuer begin with: on a phone the rest would not be seen. */
const pathOf = (url: string, issuer: string | undefined): string => {
  const parsed = URL.parse(url)
  if (parsed === null) return url
  const path = `${parsed.pathname}${parsed.search}`
  const shared = issuer === undefined ? '' : new URL(issuer).pathname.replace(/\/$/, '')
  return parsed.origin === URL.parse(issuer ?? '')?.origin && path.startsWith(`${shared}/`) ? path.slice(shared.length) : path
}

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

const message = (first: string, headers: Readonly<Record<string, string>>, body: string, most: number): string => {
  const shown = body.length > most ? `${body.slice(0, most)}\n[cut here; the JSON report has more]` : body
  return text([first, headerLines(headers), shown === '' ? '' : `\n${shown}`].filter((part) => part !== '').join('\n'))
}

function renderExchange(exchange: Exchange, most: number, issuer: string | undefined): string {
  const { method, url, status } = exchange
  const answer = status === 0 ? 'no answer' : String(status)
  const asked = message(`${method} ${url}`, exchange.requestHeaders, exchange.requestBody, most)
  const answered = status === 0 ? 'No answer came.' : message(answer, exchange.headers, exchange.body, most)
  return `<li><details><summary><code class="line"><b>${text(method)}</b> ${text(pathOf(url, issuer))}</code><code class="status">${answer}</code></summary><pre tabindex="0">${asked}</pre><pre tabindex="0">${answered}</pre></details></li>`
}

export function renderExchanges({ exchanges, exchangesOmitted, verdict }: ModuleResult, issuer: string | undefined): string {
  if (exchanges.length === 0) return ''
  const brief = verdict === 'pass' || verdict === 'skip'
  const shown = brief ? exchanges.slice(0, MOST_WHEN_PASSED) : exchanges
  const omitted = exchanges.length - shown.length + exchangesOmitted
  const more = omitted === 0 ? '' : `<li class="more">and ${omitted} more</li>`
  const list = shown
    .map((one) => renderExchange(one, brief ? MOST_CHARACTERS_WHEN_PASSED : Number.POSITIVE_INFINITY, issuer))
    .join('')
  return `<details class="wire"><summary>What went over the wire <span class="many">${exchanges.length + exchangesOmitted}</span></summary><ol>${list}${more}</ol></details>`
}
