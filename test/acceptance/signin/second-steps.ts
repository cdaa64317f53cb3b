/**
 * second-steps is somebody who signs in up to the second step: the pages there, the messages that were sent, the trail.
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { AuthenticatorId } from '@postern/storage'
import type { TestPerson, TestStsOptions } from '@postern/sts/testing'
import { startSmsGateway } from '../../support/sms-gateway.ts'
import { type Browser, createBrowser, type Page, textOf } from '../support/browser.ts'
import { type Asked, authorization, startWorld, type World } from '../support/world.ts'

export interface SecondSteps extends World {
  /** Texts of all messages that the gateway was given, oldest first. */
  messages(): readonly { to: string; text: string }[]
  readonly gateway: Awaited<ReturnType<typeof startSmsGateway>>
}

/** A world with a gateway for messages, and an outbox that nobody empties. */
export async function startSecondSteps(options: TestStsOptions = {}): Promise<SecondSteps> {
  const gateway = await startSmsGateway()
  const password = { reveal: () => 'sesame' }
  const delivery = {
    senders: [
      { kind: 'kannel', name: 'gateway', url: `${gateway.url}/cgi-bin/sendsms`, username: 'postern', password, inClear: false },
    ],
    mail: { url: { reveal: () => 'smtp://127.0.0.1:9' }, from: 'Contoso <no-reply@contoso.com>', requireTls: false },
  } as unknown as NonNullable<TestStsOptions['delivery']> // a value that reveals itself is all that is taken of a secret
  const world = await startWorld({ delivery, ...options })
  return {
    ...world,
    gateway,
    messages: () =>
      gateway.requests.map(({ target }) => {
        const query = new URL(target, gateway.url).searchParams
        return { to: query.get('to') ?? '', text: query.get('text') ?? '' }
      }),
    async close() {
      await world.close()
      await gateway.close()
    },
  }
}

/** The code of the newest message. */
export function codeSent(world: SecondSteps): string {
  const code = /\b\d{6}\b/.exec(world.messages().at(-1)?.text ?? '')?.[0]
  if (code === undefined) throw new TypeError(`no code in ${JSON.stringify(world.messages().at(-1))}`)
  return code
}

export interface SecondStep {
  readonly browser: Browser
  readonly page: Page
  readonly asked: Asked
}

/** Name and password are given; what comes is the page of the second step. */
export async function atSecondStep(
  world: World,
  person: TestPerson,
  { browser = createBrowser(), change = {} }: { browser?: Browser; change?: Record<string, string | undefined> } = {},
): Promise<SecondStep> {
  const asked = authorization(world, { change: { login_hint: person.upn, ...change } })
  const page = await browser.submit(await browser.open(asked.url), { password: person.password })
  return { browser, page, asked }
}

/** The address that a link or form with these words leads to. */
export function linkTo(page: Page, words: string): string {
  const links = [...page.html.matchAll(/<a [^>]*href="([^"]+)"[^>]*>([\s\S]*?)<\/a>/g)]
  const found = links.find(([, , inside = '']) => textOf(inside).startsWith(words))?.[1]
  if (found === undefined) throw new TypeError(`no link "${words}" on ${page.url}: ${textOf(page.html).slice(0, 300)}`)
  return new URL(found.replaceAll('&amp;', '&'), page.url).href
}

export const follow = async (step: SecondStep, words: string): Promise<SecondStep> => ({
  ...step,
  page: await step.browser.open(linkTo(step.page, words)),
})

/** Sends the form of the page whose action ends so. */
export async function send(step: SecondStep, end: string, typed: Record<string, string> = {}): Promise<SecondStep> {
  const form = step.page.forms.find(({ action }) => action.endsWith(end))
  if (form === undefined) throw new TypeError(`no form to ${end} on ${step.page.url}: ${textOf(step.page.html).slice(0, 300)}`)
  const own = form.fields.filter(({ type }) => type !== 'submit' && type !== 'checkbox').map(({ name, value }) => [name, value])
  const page = await step.browser.post(new URL(form.action, step.page.url).href, { ...Object.fromEntries(own), ...typed })
  return { ...step, page }
}

export const heading = (page: Page): string => textOf(/<h1>[\s\S]*?<\/h1>/.exec(page.html)?.[0] ?? '')
export const isIn = (page: Page): boolean => page.left?.searchParams.get('code') != null

/** The person's telephone, as it stands after it was bound, or as an administrator puts it there. */
export async function addPhone(
  world: World,
  { account }: TestPerson,
  number: string,
  state: 'active' | 'proposed' = 'active',
): Promise<AuthenticatorId> {
  const id = randomUUID() as string as AuthenticatorId // a brand has no runtime part
  const now = new Date()
  await world.sts.kept.authenticators.add({
    id,
    accountId: account.id,
    method: 'sms',
    label: 'Phone',
    secret: new TextEncoder().encode(number),
    state,
    detail: { channel: 'sms', masked: `${number.slice(0, 3)} ••••• ${number.slice(-2)}` },
    createdAt: now,
    ...(state === 'active' && { confirmedAt: now }),
  })
  return id
}

/** Names of the account's events, oldest first. */
export const eventsOf = async (world: World, { account }: TestPerson): Promise<readonly string[]> =>
  (await world.sts.kept.audit.list({ accountId: account.id, limit: 200 })).toReversed().map(({ event }) => event)

/** Subjects of the e-mails that wait for the person. Each is given once. */
export async function subjectsOf(world: World, { account }: TestPerson): Promise<readonly string[]> {
  const now = new Date()
  const mails = await world.sts.kept.outbox.take({ now, until: new Date(now.getTime() + 3_600_000), limit: 100 })
  return mails.filter(({ accountId }) => accountId === account.id).map(({ subject }) => subject)
}

/** The key that a page shows for an app. */
export function keyOn(page: Page): string {
  const key = /secret=([A-Z2-7]{16,})/.exec(page.html)?.[1]
  if (key === undefined) throw new TypeError(`no key on ${page.url}: ${textOf(page.html).slice(0, 300)}`)
  return key
}
