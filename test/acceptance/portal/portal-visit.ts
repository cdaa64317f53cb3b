/**
 * portal-visit is a person in front of the portal: signs in on the way to a page, presses the buttons that stand there, and
 * reads what was written down and told about it.
 * @module
 */
import type { AuthenticatorId, OutgoingMail } from '@postern/storage'
import type { TestPerson, TestStsOptions } from '@postern/sts/testing'
import { generate } from 'otplib'
import { type Browser, createBrowser, type Form, type Page, textOf } from '../support/browser.ts'
import { startWorld, type World, walk } from '../support/world.ts'

export interface PortalVisit {
  readonly browser: Browser
  readonly page: Page
}

/** Opens a page of the portal in a new browser, or in one that was used before, and signs in where that is asked. */
export async function visitPortal(world: World, person: TestPerson, path = '', browser = createBrowser()): Promise<PortalVisit> {
  world.pass(30)
  const page = await walk(world, browser, await browser.open(`${world.issuer}/portal${path}`), person)
  return { browser, page }
}

/** The form of a page whose action ends so. */
export function formTo(page: Page, end: string): Form {
  const form = page.forms.find(({ action }) => action.endsWith(end))
  if (form === undefined) throw new TypeError(`no form to ${end} but to ${page.forms.map(({ action }) => action).join(', ')}`)
  return form
}

/** Where the first link of a page leads to whose address is like this. */
export function linkTo(page: Page, like: RegExp): string {
  const href = [...page.html.matchAll(/href="([^"]*)"/g)].map(([, one = '']) => one).find((one) => like.test(one))
  if (href === undefined) throw new TypeError(`no link like ${like} on ${page.status} ${page.url}`)
  return new URL(href, page.url).href
}

/** Fills in a form of the page and sends it. */
export function send({ browser, page }: PortalVisit, end: string, typed: Readonly<Record<string, string>> = {}): Promise<Page> {
  const form = formTo(page, end)
  const own = form.fields
    .filter(({ type }) => type !== 'submit' && type !== 'checkbox')
    .map(({ name, value }) => [name, value] as const)
  return browser.post(new URL(form.action, page.url).href, { ...Object.fromEntries(own), ...typed })
}

export const pathOf = (page: Page): string => new URL(page.url).pathname.replace(/^\/[^/]+/, '')

/** The key that a page shows for an app. */
export function keyOn(page: Page): string {
  const secret = /secret=([A-Z2-7]+)/.exec(page.html)?.[1]
  if (secret === undefined) throw new TypeError(`no key on ${page.status} ${page.url}: ${textOf(page.html).slice(0, 300)}`)
  return secret
}

export const codeFor = (secret: string): Promise<string> => generate({ secret, epoch: Math.floor(Date.now() / 1000) })

/** Binds an app through the portal's own pages. */
export async function addApp(
  world: World,
  person: TestPerson,
  browser?: Browser,
): Promise<{ browser: Browser; page: Page; secret: string }> {
  const visit = await visitPortal(world, person, '/add', browser)
  const shown = await send(visit, '/portal/add', { method: 'totp' })
  const secret = keyOn(shown)
  const page = await send({ browser: visit.browser, page: shown }, '/confirm', { answer: await codeFor(secret) })
  return { browser: visit.browser, page, secret }
}

/** What the account has, newest last. */
export const factorsOf = async (world: World, { account }: TestPerson) =>
  (await world.sts.kept.authenticators.list(account.id)).filter(({ state }) => state === 'active' || state === 'disabled')

export async function newestOf(world: World, person: TestPerson): Promise<AuthenticatorId> {
  const newest = (await factorsOf(world, person)).at(-1)
  if (newest === undefined) throw new TypeError(`${person.upn} has no factor`)
  return newest.id
}

/** What the trail tells of the account, oldest first. */
export async function trailOf(world: World, { account }: TestPerson) {
  const rows = await world.sts.kept.audit.list({ accountId: account.id, limit: 200 })
  return rows.toReversed()
}

/** Names of events, oldest first. */
export const eventsOf = async (world: World, person: TestPerson): Promise<readonly string[]> =>
  (await trailOf(world, person)).map(({ event }) => event)

/** A world whose notices are written and sent nowhere: {@link mailsOf} reads them from the outbox. */
const withMail = {
  delivery: {
    senders: [],
    mail: { url: { reveal: () => 'smtp://127.0.0.1:9' }, from: 'Contoso <no-reply@contoso.com>', requireTls: false },
  },
} as unknown as TestStsOptions // a URL that is never printed is all that a mailer takes of a secret

/** What is to be sent to the person now, by subject: what was written in one moment has no order. Each is given once. */
export async function mailsOf(world: World, { account }: TestPerson): Promise<readonly OutgoingMail[]> {
  const now = new Date()
  const mails = await world.sts.kept.outbox.take({ now, until: new Date(now.getTime() + 3_600_000), limit: 100 })
  return mails
    .filter(({ accountId }) => accountId === account.id)
    .toSorted((one, other) => (one.subject < other.subject ? -1 : 1))
}

/** A world in which a password is enough until something asks for more, so that the portal has to. Shared by the tests of a file. */
export async function startQuietWorld(options: TestStsOptions = {}): Promise<World> {
  const world = await startWorld({ ...withMail, ...options })
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
  return world
}

let people = 0
/** Somebody whom no other test knows. */
export async function somebody(world: World, { factor = true } = {}): Promise<TestPerson> {
  people += 1
  return world.sts.addPerson({ name: `person${people}`, factor })
}
