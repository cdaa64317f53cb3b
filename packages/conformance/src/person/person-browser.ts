/**
 * A person at a browser that runs no script: cookies, redirects by hand, forms of whatever issuer.
 *
 * It owns how a person comes from an authorization request to the answer that the client gets. What the answer must be
 * is for the modules to say. It never opens a client's own address: the redirect that leads there is the answer.
 */
import { ConformanceError } from '../errors.ts'
import { shorten } from '../seen.ts'
import type { Answer, KnownPerson, Target } from '../target.ts'
import { type CookieJar, createCookieJar } from './cookie-jar.ts'
import { type Asked, asks, chooseButton, chooseForm, fillForm, leadsAside } from './form-filling.ts'
import { type HtmlForm, readForms, readText } from './html-forms.ts'
import { oneTimeCode, STEP_SECONDS, stepAt } from './one-time-code.ts'

/** Where a visit ended: with what the client is told, or with a page for people. */
export type AuthorizationAnswer =
  | {
      readonly kind: 'answered'
      readonly parameters: ReadonlyMap<string, string>
      readonly mode: 'query' | 'fragment' | 'form_post'
      /** The client's address without the parameters of the answer. */
      readonly address: string
      /** The page that posts the answer; only with `form_post`. */
      readonly page?: PersonPage
    }
  | PersonPage

export interface PersonPage {
  readonly kind: 'page'
  readonly status: number
  readonly url: string
  readonly html: string
  readonly headers: Headers
  /** The form that leads on, if there is one. */
  readonly form?: HtmlForm
}

export interface VisitOptions {
  /** Addresses of clients beside those that the target knows and those that the request names. */
  readonly landings?: readonly string[]
  /** Sends the request as a form by POST instead of in the address. */
  readonly byPost?: boolean
}

export interface AuthorizeOptions extends VisitOptions {
  /** Who signs in when asked; default `target.person`. */
  readonly person?: KnownPerson
  /** Whether to agree when asked; default yes. */
  readonly consent?: boolean
}

export interface PersonBrowser {
  /** Goes where redirects lead, types nothing. */
  open(url: string, options?: VisitOptions): Promise<AuthorizationAnswer>
  /** Signs in and consents on the way. Ends with a page where the pages ask for something that the person does not have. */
  authorize(url: string, options?: AuthorizeOptions): Promise<AuthorizationAnswer>
  /** Presses the button of a page's form that goes on, or the one that declines. */
  press(page: PersonPage, kind?: 'go-on' | 'decline', options?: VisitOptions): Promise<AuthorizationAnswer>
  /** Every answer that the browser got, addresses without their parameters. */
  readonly trail: readonly { readonly url: string; readonly status: number }[]
  /** How often the pages asked for a password, and were given one. */
  readonly passwordsTyped: number
}

const MOST_REDIRECTS = 15
const MOST_PAGES = 12
const EMPTY = new Map<string, string>()

/** An address without query and fragment. */
export const bareAddress = (url: string): string => url.replace(/[?#].*$/s, '')

/** Adds the address of the request itself to those where a client listens. */
function landingsOf(target: Target, url: string, options: VisitOptions): ReadonlySet<string> {
  const asked = new URL(url).searchParams
  const named = [...asked.getAll('redirect_uri'), ...asked.getAll('post_logout_redirect_uri')]
  const known = Object.values(target.clients).flatMap((client) =>
    client === undefined ? [] : [client.redirectUri, client.postLogoutRedirectUri ?? []].flat(),
  )
  return new Set([...named, ...known, ...(options.landings ?? [])].map((one) => bareAddress(URL.parse(one)?.href ?? one)))
}

/** The answer in a redirect, or undefined when it leads on. An address that no browser opens is a client's too. */
function readRedirect(location: URL, landings: ReadonlySet<string>): AuthorizationAnswer | undefined {
  const address = bareAddress(location.href)
  const opens = location.protocol === 'https:' || location.protocol === 'http:'
  if (opens && !landings.has(address)) return undefined
  const fragment = new URLSearchParams(location.hash.slice(1))
  const isFragment = ['code', 'error', 'state', 'access_token', 'id_token'].some((name) => fragment.has(name))
  const parameters = new Map(isFragment ? fragment : location.searchParams)
  return { kind: 'answered', mode: isFragment ? 'fragment' : 'query', parameters, address }
}

/** OAuth 2.0 Form Post Response Mode: a page whose form goes to the client with hidden fields only. */
function readPostedAnswer(
  page: PersonPage,
  forms: readonly HtmlForm[],
  landings: ReadonlySet<string>,
): AuthorizationAnswer | undefined {
  const form = forms.find((one) => landings.has(bareAddress(one.action)))
  if (form === undefined) return undefined
  const parameters = new Map(form.fields.map(({ name, value }) => [name, value]))
  return { kind: 'answered', mode: 'form_post', parameters, address: bareAddress(form.action), page: { ...page, form } }
}

/** A step of a person's authenticator counts once: the last one that was typed, by the secret that made it. */
const lastSteps = new Map<string, number>()

async function freshCode(target: Target, secret: string): Promise<string> {
  const last = lastSteps.get(secret)
  const now = target.now()
  if (last !== undefined && stepAt(now) <= last)
    await target.wait(((last + 1) * STEP_SECONDS - now) * 1000, 'the next code of an authenticator')
  const step = stepAt(target.now())
  lastSteps.set(secret, step)
  return oneTimeCode(secret, step)
}

/** @param jar cookies to begin with and to keep what comes; default none. */
export function createPersonBrowser(target: Target, jar: CookieJar = createCookieJar()): PersonBrowser {
  const trail: { readonly url: string; readonly status: number }[] = []
  let passwordsTyped = 0

  async function visit(
    start: string,
    form: readonly (readonly [string, string])[] | undefined,
    landings: ReadonlySet<string>,
  ): Promise<AuthorizationAnswer> {
    let url = start
    let body = form
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const here = new URL(url)
      const cookie = jar.headerFor(here, target.now())
      const headers = { accept: 'text/html,application/xhtml+xml', ...(cookie !== undefined && { cookie }) }
      const answer: Answer = body === undefined ? await target.get(url, headers) : await target.post(url, body, headers)
      jar.keep(here, answer.headers.getSetCookie(), target.now())
      trail.push({ url: bareAddress(url), status: answer.status })
      const location = answer.headers.get('location')
      if (answer.status < 300 || answer.status > 399 || location === null) {
        const forms = readForms(answer.body, url)
        const leading = chooseForm(forms)
        const { status, body: html, headers: got } = answer
        const page: PersonPage = { kind: 'page', status, url, html, headers: got, ...(leading && { form: leading }) }
        return readPostedAnswer(page, forms, landings) ?? page
      }
      const next = URL.parse(location, url)
      if (next === null) throw new ConformanceError('answer_malformed', `a redirect leads to no address: ${location}`)
      const end = readRedirect(next, landings)
      if (end !== undefined) return end
      const keepsMethod = answer.status === 307 || answer.status === 308
      url = next.href
      body = keepsMethod ? body : undefined
    }
    throw new ConformanceError('answer_malformed', `the redirects never end, the last one to ${bareAddress(url)}`)
  }

  const begin = (url: string, options: VisitOptions, landings: ReadonlySet<string>): Promise<AuthorizationAnswer> =>
    options.byPost === true ? visit(bareAddress(url), [...new URL(url).searchParams], landings) : visit(url, undefined, landings)

  const send = (
    form: HtmlForm,
    typed: Readonly<Partial<Record<Asked, string>>>,
    kind: 'go-on' | 'decline',
    landings: ReadonlySet<string>,
  ): Promise<AuthorizationAnswer> => {
    const button = chooseButton(form, kind)
    const action = button?.action ?? form.action
    const pairs = fillForm(form, typed, button)
    if (form.method === 'post') return visit(action, pairs, landings)
    const url = new URL(action)
    for (const [name, value] of pairs) url.searchParams.set(name, value)
    return visit(url.href, undefined, landings)
  }

  /** What the person has for a form, or undefined when something is asked that the person lacks. */
  async function typedInto(form: HtmlForm, person: KnownPerson | undefined) {
    const wanted = asks(form)
    const action = chooseButton(form, 'go-on')?.action ?? form.action
    if (wanted.length === 0) return {}
    const secret = wanted.find((one) => one !== 'username')
    if (secret !== undefined && !target.signsInAt(action))
      throw new ConformanceError(
        'answer_malformed',
        `${new URL(action).host} asks for a ${secret}, and is neither the issuer nor named in sign_in_hosts: nothing was typed`,
      )
    if (person === undefined || (wanted.includes('one-time-code') && person.totpSecret === undefined)) return undefined
    return {
      username: person.username,
      ...(wanted.includes('password') && { password: person.password }),
      ...(wanted.includes('one-time-code') && { 'one-time-code': await freshCode(target, person.totpSecret ?? '') }),
    }
  }

  return {
    trail,
    get passwordsTyped() {
      return passwordsTyped
    },
    open: (url, options = {}) => begin(url, options, landingsOf(target, url, options)),
    press: async (page, kind = 'go-on', options = {}) =>
      page.form === undefined ? page : send(page.form, {}, kind, landingsOf(target, page.url, options)),
    async authorize(url, options = {}) {
      const landings = landingsOf(target, url, options)
      const person = options.person ?? target.person
      const seen = new Set<string>()
      let here = await begin(url, options, landings)
      for (let pages = 0; pages < MOST_PAGES && here.kind === 'page' && here.form !== undefined; pages += 1) {
        const { form } = here
        const wanted = asks(form)
        // The same question twice: what was typed was not taken.
        const question = wanted.length > 0 ? wanted.join() : `${bareAddress(here.url)} ${readText(here.html)}`
        if (leadsAside(form) || seen.has(question) || (here.status >= 400 && wanted.length === 0)) return here
        seen.add(question)
        const typed = await typedInto(form, person)
        if (typed === undefined) return here
        if ('password' in typed) passwordsTyped += 1
        const declines = wanted.length === 0 && options.consent === false
        if (declines && chooseButton(form, 'decline') === undefined) return here
        here = await send(form, typed, declines ? 'decline' : 'go-on', landings)
      }
      return here
    },
  }
}

/** The parameters of an answer; none for a page. */
export const parametersOf = (answer: AuthorizationAnswer): ReadonlyMap<string, string> =>
  answer.kind === 'answered' ? answer.parameters : EMPTY

/** What was seen, in one line for a finding: never a code or a token. */
export function describeAnswer(answer: AuthorizationAnswer): string {
  if (answer.kind === 'page') return `a page (${answer.status}): ${shorten(readText(answer.html), 160)}`
  const told = [...answer.parameters].map(([name, value]) =>
    ['code', 'access_token', 'id_token', 'response'].includes(name) ? `${name}=[${name}]` : `${name}=${value}`,
  )
  return `${answer.mode}: ${told.join(' ')}`
}
