/**
 * world is one running service with its people and clients, and a clock that stands still until it is moved.
 *
 * It owns how a test asks for things. What the answers must be is each story's business.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Account, Client, ClientId, RealmSettings } from '@postern/storage'
import { startSts, type TestClient, type TestPerson, type TestSts, type TestStsOptions } from '@postern/sts/testing'
import { generate } from 'otplib'
import { vi } from 'vitest'
import { askToken, redeem, type TokenAnswer } from '../../support/person-browser.ts'
import { type Browser, createBrowser, type Page, textOf } from './browser.ts'

export interface World {
  readonly sts: TestSts
  readonly issuer: string
  readonly token: string
  /** Moves the clock that the service, oidc-provider and the tests read. */
  pass(seconds: number): void
  /** Changes a registration, as an administrator would. */
  changeClient(client: TestClient, change: Partial<Client>): Promise<void>
  changeAccount(person: TestPerson, change: Partial<Account>): Promise<void>
  changeSettings(change: Partial<RealmSettings>): Promise<void>
  /** The code of the person's factor at this moment. */
  totp(person?: TestPerson): Promise<string>
  close(): Promise<void>
}

export const MAIL = 'https://mail.contoso.com/'
export const MAIL_SCOPE = `openid offline_access ${MAIL}EAS.AccessAsUser.All`

export async function startWorld(options: TestStsOptions = {}): Promise<World> {
  // Half a TOTP step in, so that a few real milliseconds never cross a border.
  const now = Math.floor(Date.now() / 30_000) * 30_000 + 10_000
  vi.useFakeTimers({ toFake: ['Date'], now })
  const sts = await startSts({ clock: () => new Date(), ...options })
  return {
    sts,
    issuer: sts.issuer,
    token: `${sts.issuer}/oauth2/v2.0/token`,
    pass: (seconds) => void vi.setSystemTime(Date.now() + seconds * 1000),
    async changeClient({ clientId }, change) {
      const client = await sts.kept.clients.find(clientId as ClientId) // a brand has no runtime part
      if (!client || !(await sts.kept.clients.replace({ ...client, ...change }))) throw new TypeError('no such client')
    },
    async changeAccount({ account: { id } }, change) {
      const account = await sts.kept.accounts.find(id)
      const outcome = account && (await sts.kept.accounts.replace({ ...account, ...change }))
      if (outcome !== 'replaced') throw new TypeError(`the account was not changed: ${outcome}`)
    },
    async changeSettings(change) {
      const realm = await sts.store.realms.find(sts.realm.id)
      if (!realm) throw new TypeError('no realm')
      await sts.store.realms.change(realm.id, { settings: { ...realm.settings, ...change } })
    },
    totp: (person = sts.mary) => {
      if (person.totpSecret === undefined) throw new TypeError(`${person.upn} has no factor`)
      return generate({ secret: person.totpSecret, epoch: Math.floor(Date.now() / 1000) })
    },
    async close() {
      vi.useRealTimers()
      await sts.close()
    },
  }
}

export interface Asked {
  readonly url: string
  readonly verifier: string
  readonly redirectUri: string
  readonly clientId: string
}

/** An authorization request. `change` adds or replaces parameters; `undefined` leaves one out. */
export function authorization(
  world: World,
  options: {
    client?: TestClient
    redirectUri?: string
    path?: string
    change?: Readonly<Record<string, string | undefined>>
  } = {},
): Asked {
  const client = options.client ?? world.sts.clients.mail
  const redirectUri = options.redirectUri ?? client.redirectUri
  const verifier = randomBytes(32).toString('base64url')
  const parameters: Record<string, string | undefined> = {
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: MAIL_SCOPE,
    state: 'a-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...options.change,
  }
  const url = new URL(`${world.issuer}${options.path ?? '/oauth2/v2.0/authorize'}`)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return { url: url.href, verifier, redirectUri, clientId: client.clientId }
}

/** Fills in page after page until the site is left or a page asks for something else. */
export async function walk(world: World, browser: Browser, start: Page, person: TestPerson = world.sts.mary): Promise<Page> {
  let page = start
  for (let pages = 0; pages < 8; pages += 1) {
    const names = new Set(page.forms[0]?.fields.map((field) => field.name))
    if (page.left || !(names.has('name') || names.has('password') || names.has('code'))) return page
    page = await browser.submit(page, {
      ...(names.has('name') ? { name: person.upn } : {}),
      ...(names.has('password') ? { password: person.password } : {}),
      ...(names.has('code') ? { code: await world.totp(person) } : {}),
    })
    if (page.status >= 400) throw new TypeError(`${page.url} answered ${page.status}: ${textOf(page.html).slice(0, 400)}`)
  }
  throw new TypeError('the pages never end')
}

/** A browser in which the person has just signed in. Moves the clock on, so that the code is a new one. */
export async function signedIn(world: World, person: TestPerson = world.sts.mary): Promise<Browser> {
  world.pass(30)
  const browser = createBrowser()
  const page = await walk(world, browser, await browser.open(authorization(world).url), person)
  if (!page.left) throw new TypeError(`not signed in: ${textOf(page.html).slice(0, 300)}`)
  return browser
}

/** What the client finds at its redirect address. */
export async function answerOf(browser: Browser, asked: Asked): Promise<URLSearchParams> {
  const page = await browser.open(asked.url)
  if (!page.left) throw new TypeError(`no answer but a page (${page.status}): ${textOf(page.html).slice(0, 400)}`)
  // Where a client asks for what is no code, the refusal may come in the fragment.
  return page.left.hash === '' ? page.left.searchParams : new URLSearchParams(page.left.hash.slice(1))
}

export async function codeOf(browser: Browser, asked: Asked): Promise<Asked & { code: string }> {
  const answer = await answerOf(browser, asked)
  const code = answer.get('code')
  if (code === null) throw new TypeError(`no code but ${answer}`)
  return { ...asked, code }
}

/** Tokens of the public mail client for whoever sits at the browser. */
export async function mailTokens(world: World, browser: Browser): Promise<TokenAnswer & { access: string; refresh: string }> {
  const answer = await redeem(world.token, await codeOf(browser, authorization(world)))
  const { access_token: access, refresh_token: refresh } = answer.body
  if (typeof access !== 'string' || typeof refresh !== 'string')
    throw new TypeError(`no tokens but ${answer.status} ${answer.text}`)
  return { ...answer, access, refresh }
}

export const basic = (client: TestClient): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(client.clientId)}:${encodeURIComponent(client.clientSecret ?? '')}`).toString('base64')}`,
})

/** A token of a program for itself. */
export const programToken = (world: World, client: TestClient = world.sts.clients.confidential): Promise<TokenAnswer> =>
  askToken(world.token, { grant_type: 'client_credentials', resource: MAIL, scope: 'Mail.Read' }, basic(client))

/** Status and OAuth error, as one line to compare. */
export const verdict = (answer: TokenAnswer): string => `${answer.status} ${answer.body.error ?? 'ok'}`

/** Claims of a JWT, unverified: the tests ask the service who verifies. */
export const claimsOf = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>

export const headerOf = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[0] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
