/** kill-point is what all kill points share: how one is declared, and the pieces that they are made of. */
import type { AuditRow } from '@postern/storage'
import type { TestPerson } from '@postern/sts/testing'
import { generate } from 'otplib'
import { type Browser, createBrowser, type Page } from '../../../acceptance/support/browser.ts'
import { authorization, type World } from '../../../acceptance/support/world.ts'
import { type PersonBrowser, signInOnce } from '../../../support/person-browser.ts'
import type { LabService, LabWorld } from '../laboratory.ts'

export interface Prepared {
  /** The request, at a process that may die of it. */
  strike(address: string): Promise<unknown>
  /** Asks once more at a healthy one. What is wrong, or nothing. */
  verdict(): Promise<string | undefined>
}

export interface KillPoint {
  readonly name: string
  prepare(round: string): Promise<Prepared>
}

/** A page that is open in a browser. */
export interface Front {
  readonly browser: Browser
  readonly page: Page
}

export interface Scene {
  readonly world: LabWorld
  readonly story: World
  /** Of the service that is never killed. */
  readonly home: string
  /** A browser in which somebody has signed in, who does nothing else but ask for codes. */
  readonly coder: { readonly person: TestPerson; readonly browser: PersonBrowser }
  /** Rows of the trail about this account. */
  rows(event: string, accountId: string): Promise<readonly AuditRow[]>
}

/** As the stories see it; its clock is everybody's and does not move. */
const storyOf = ({ sts, tokenPath }: LabWorld): World => {
  const unmoved = () => Promise.reject(new TypeError('not in the laboratory'))
  return {
    sts,
    issuer: sts.issuer,
    token: `${sts.baseUrl}${tokenPath}`,
    pass: () => undefined,
    changeClient: unmoved,
    changeAccount: unmoved,
    changeSettings: unmoved,
    totp: (person = sts.mary) => totpOf(person.totpSecret),
    close: unmoved,
  }
}

export const totpOf = (secret = ''): Promise<string> => generate({ secret, epoch: Math.floor(Date.now() / 1000) })

export async function openScene(world: LabWorld): Promise<Scene> {
  const { sts, history } = world
  const person = await world.person('codes')
  const browser = await signInOnce(sts, person)
  history.unrecorded(1)
  return Object.freeze({
    world,
    story: storyOf(world),
    home: sts.baseUrl,
    coder: { person, browser },
    rows: (event: string, accountId: string) => sts.kept.audit.list({ accountId, event, limit: 1000 }),
  })
}

/** The page that comes after the password, where `acr` is asked for. */
export async function afterPassword(
  { story }: Scene,
  person: TestPerson,
  options: Parameters<typeof authorization>[1] = { change: { acr_values: 'urn:postern:acr:aal2' } },
): Promise<Front> {
  const browser = createBrowser()
  const asked = authorization(story, { ...options, change: { ...options.change, login_hint: person.upn } })
  return { browser, page: await browser.submit(await browser.open(asked.url), { password: person.password }) }
}

/** Posts the form of the page to another process, without following where it leads. Nothing: it got no answer. */
export async function post(
  { browser, page }: Front,
  address: string,
  typed: Readonly<Record<string, string>>,
): Promise<Page | undefined> {
  const [form] = page.forms
  const action = new URL(form?.action ?? '', page.url)
  const shown = (form?.fields ?? []).filter(({ type }) => type !== 'submit')
  const fields = { ...Object.fromEntries(shown.map(({ name, value }) => [name, value])), ...typed }
  return browser.post(`${address}${action.pathname}${action.search}`, fields).catch(() => undefined)
}

/**
 * Shows something that is good once, and writes into the history whether it let anybody in, which `proved` counts in the trail.
 */
export async function showOnce(
  { world }: Scene,
  shown: { readonly client: string; readonly oneTime: string; readonly address: string; readonly proved: () => Promise<number> },
  ask: () => Promise<Page | undefined>,
): Promise<Page | undefined> {
  const { client, oneTime, address, proved } = shown
  const about = { client: `${client} at ${address}`, act: 'factor', method: 'POST', url: address, form: {}, headers: {} } as const
  const end = world.history.begin({ ...about, oneTime })
  const before = await proved()
  const page = await ask()
  if (page === undefined) end()
  else end({ status: page.status, text: '', body: {}, headers: {} }, (await proved()) > before)
  return page
}

/**
 * SIGKILL, after the process had a turn in which an answer that it gives without waiting for the database goes out: a client
 * that was told too early is one that was told.
 */
export async function killAfterATurn({ address, child }: Pick<LabService, 'address' | 'child'>): Promise<void> {
  await fetch(`${address}/healthz`).catch(() => undefined)
  child.kill('SIGKILL')
}
