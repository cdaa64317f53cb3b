/**
 * Signs a person in through the real pages of a service, over HTTP, as a browser and its user would.
 *
 * It owns what to type where: name, password, and a code computed from the TOTP secret. It reads whatever form
 * a page shows and keeps hidden fields as they are, so that it does not depend on the pages' addresses or look.
 * It needs no browser and runs no script. For demos and tests: a real client never sees a person's password.
 */
import { generate } from 'otplib'
import {
  beginAuthorization,
  type Client,
  type Endpoints,
  fetchEndpoints,
  readAuthorizationResponse,
  redeemCode,
  type Tokens,
} from './authorization-code.ts'
import { createFormBrowser, type FormBrowser, untouchedValues, type Visit } from './form-browser.ts'
import type { Form, FormField } from './html-forms.ts'

/** A person's account as `.postern/demo.json` lists it. `totpSecret` is Base32, missing without a second factor. */
export type Account = Readonly<{ upn: string; password: string; totpSecret?: string | undefined }>

export type SignInErrorCode = 'refused' | 'factor_missing' | 'form_unknown' | 'too_many_pages'

/** The pages did not lead to the end. The message quotes the last page, never what was typed. */
export class SignInError extends Error {
  readonly code: SignInErrorCode

  constructor(code: SignInErrorCode, message: string) {
    super(message)
    this.name = 'SignInError'
    this.code = code
  }
}

export type SignInRequest = Readonly<{
  issuer: string
  client: Client
  account: Account
  redirectUri: string
  scope?: string
  resource?: string
  fetch?: typeof fetch
  clock?: () => Date
  /** Waits for the next TOTP step when a code was already used. Milliseconds. */
  wait?: (milliseconds: number) => Promise<void>
  /** Told about every page on the way, for people who watch. */
  onPage?: (page: Readonly<{ path: string; typed: readonly string[] }>) => void
  /** Agrees to set up a second factor for an account that has none; told the secret once, to be kept. Without it such a page is refused. */
  onEnroll?: (totpSecret: string) => void
}>

type Page = Extract<Visit, { outcome: 'page' }>
type Knowledge = Readonly<{ values: ReadonlyMap<string, string>; typed: readonly string[] }>

const STEP_MILLISECONDS = 30_000
const MOST_PAGES = 12

/**
 * From the issuer to tokens: discovery, authorize with PKCE, the sign-in pages, the code, the token endpoint.
 *
 * @throws {SignInError} the pages refused the account, ask for something unknown, or never end.
 * @throws {AuthorizationError} the service refused the request or the code.
 */
export async function signIn(request: SignInRequest): Promise<Tokens> {
  const endpoints = await fetchEndpoints(request.issuer, request.fetch)
  const pending = beginAuthorization({
    endpoints,
    client: request.client,
    redirectUri: request.redirectUri,
    loginHint: request.account.upn,
    ...(request.scope === undefined ? {} : { scope: request.scope }),
    ...(request.resource === undefined ? {} : { resource: request.resource }),
  })
  const answer = await walkPages(pending.url, request)
  return redeemCode({
    endpoints,
    client: request.client,
    pending,
    code: readAuthorizationResponse(answer, pending, endpoints),
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    ...(request.fetch === undefined ? {} : { fetch: request.fetch }),
  })
}

/** Opens an authorization request and fills in page after page, until the service redirects to the client. */
export async function walkPages(start: URL, request: SignInRequest): Promise<URL> {
  const browser = createFormBrowser({
    isDestination: (url) =>
      `${url.origin}${url.pathname}` === originAndPath(request.redirectUri) || isSchemeRedirect(url, request.redirectUri),
    ...(request.fetch === undefined ? {} : { fetch: request.fetch }),
  })
  const submitted: string[] = []
  let secret = request.account.totpSecret
  let visit = await browser.open(start)
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    if (visit.outcome === 'arrived') return visit.url
    const page = visit
    secret ??= acceptSecret(page, request)
    const form = chooseForm(page)
    const repeated = form.fields.find((field) => isTypedByPeople(field) && submitted.includes(field.name))
    if (repeated !== undefined) await afterRefusal(repeated, page, submitted, request)
    const { values, typed } = await fillIn(form, page, request, secret)
    submitted.push(...typed)
    request.onPage?.(Object.freeze({ path: page.url.pathname, typed }))
    visit = await press(browser, page, form, values)
  }
  throw new SignInError('too_many_pages', `no end after ${MOST_PAGES} pages`)
}

/**
 * A page asks again for what was already given. A code may be right and used up: each TOTP step counts once
 * (RFC 6238 section 5.2), so the next step gets one chance. Anything else is a refusal.
 */
async function afterRefusal(field: FormField, page: Page, submitted: readonly string[], request: SignInRequest): Promise<void> {
  const tries = submitted.filter((name) => name === field.name).length
  if (field.name !== 'code' || tries > 1)
    throw new SignInError('refused', `the service refused the ${field.name} (HTTP ${page.status}): ${page.text.slice(0, 300)}`)
  const now = (request.clock?.() ?? new Date()).getTime()
  const wait = request.wait ?? ((milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)))
  await wait(STEP_MILLISECONDS - (now % STEP_MILLISECONDS) + 250)
}

async function fillIn(form: Form, page: Page, request: SignInRequest, secret: string | undefined): Promise<Knowledge> {
  const values = new Map<string, string>()
  for (const field of form.fields.filter(isTypedByPeople)) {
    if (field.name === 'name' || field.name === 'username') values.set(field.name, request.account.upn)
    else if (field.name === 'password') values.set(field.name, request.account.password)
    else if (field.name === 'code') {
      if (secret === undefined)
        throw new SignInError('factor_missing', `${request.account.upn} has no TOTP secret here, but the page asks for a code`)
      const epoch = Math.floor((request.clock?.() ?? new Date()).getTime() / 1000)
      values.set(field.name, await generate({ secret, epoch }))
    } else if (field.value === '' && field.type !== 'checkbox' && field.type !== 'radio') {
      throw new SignInError(
        'form_unknown',
        `${page.url.pathname} asks for "${field.name}", which nobody told: ${page.text.slice(0, 200)}`,
      )
    }
  }
  return Object.freeze({ values, typed: Object.freeze([...values.keys()]) })
}

/** An enrolment page offers its secret as an `otpauth:` link, for people who read it on the phone itself. */
function acceptSecret(page: Page, request: SignInRequest): string | undefined {
  const secret =
    request.onEnroll === undefined ? undefined : /otpauth:\/\/totp\/[^"'\s<>]*[?&;]secret=([A-Z2-7]{16,})/.exec(page.html)?.[1]
  if (secret !== undefined) request.onEnroll?.(secret)
  return secret
}

/** Presses the first button, which is the one that goes on; a second one would cancel or go back. */
function press(browser: FormBrowser, page: Page, form: Form, known: ReadonlyMap<string, string>): Promise<Visit> {
  const button = form.fields.find((field) => field.type === 'submit')
  const values = untouchedValues(form, button).map(([name, value]) => [name, known.get(name) ?? value] as const)
  return browser.submit(page.url, form, values)
}

/** The form that asks for something we know, else the first one that posts. */
function chooseForm(page: Page): Form {
  const asks = (form: Form): boolean =>
    form.fields.some((field) => isTypedByPeople(field) && ['name', 'username', 'password', 'code'].includes(field.name))
  const posts = page.forms.filter((form) => form.method === 'post')
  const chosen = posts.find(asks) ?? posts[0]
  if (chosen === undefined)
    throw new SignInError('form_unknown', `${page.url.pathname} (HTTP ${page.status}) shows no form: ${page.text.slice(0, 300)}`)
  return chosen
}

function isTypedByPeople(field: FormField): boolean {
  return !field.readonly && !['hidden', 'submit', 'button', 'reset', 'image'].includes(field.type)
}

const originAndPath = (uri: string): string | undefined => {
  const url = new URL(uri)
  return url.origin === 'null' ? undefined : `${url.origin}${url.pathname}`
}

/** Private-use schemes have no origin; what counts is the text in front of the query. */
function isSchemeRedirect(url: URL, redirectUri: string): boolean {
  return url.origin === 'null' && url.href.split('?')[0] === new URL(redirectUri).href.split('?')[0]
}

export type { Client, Endpoints, Tokens }
