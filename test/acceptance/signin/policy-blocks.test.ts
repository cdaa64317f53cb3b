/** A policy lets somebody no further: told why, sent back to the app, and never asked again and again. */
import { randomUUID } from 'node:crypto'
import type { ResourceId } from '@postern/storage'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Browser, createBrowser, textOf } from '../support/browser.ts'
import { authorization, MAIL, MAIL_SCOPE, signedIn, startWorld, type World, walk } from '../support/world.ts'

const CALENDAR = 'https://calendar.contoso.com/'
const POLICY = randomUUID()
let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  const { kept, resource, clients } = world.sts
  const calendar = randomUUID() as string as ResourceId // a brand has no runtime part
  await kept.resources.add({
    ...resource,
    id: calendar,
    audience: CALENDAR,
    names: [CALENDAR],
    principalId: randomUUID(),
    scopes: ['Calendar.Read'],
  })
  await world.changeClient(clients.mail, {
    access: [
      { resourceId: resource.id, scopes: resource.scopes },
      { resourceId: calendar, scopes: ['Calendar.Read'] },
    ],
  })
})
beforeEach(async () => {
  browser = await signedIn(world)
})
afterEach(async () => void (await world.sts.kept.policies.remove(POLICY)))
afterAll(() => world.close())

const put = (definition: Record<string, unknown>, mode: 'on' | 'report-only' | 'off' = 'on') =>
  world.sts.kept.policies.put({
    id: POLICY,
    name: 'No mail on Sundays',
    mode,
    definition,
    createdAt: new Date(),
    updatedAt: new Date(),
  })

it('shows the name of the rule and a reference that the trail knows', async () => {
  await put({ access: 'block', when: { account: [world.sts.mary.upn] } })
  const page = await browser.open(authorization(world).url)
  expect([page.status, page.left]).toEqual([403, undefined])
  expect(textOf(page.html)).toContain('No mail on Sundays')
  const reference = /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(textOf(page.html))?.[0] ?? ''
  const rows = await world.sts.kept.audit.list({ limit: 10, reference })
  expect(rows.map((row) => row.event)).toContain('signin.blocked')
})

it('sends back to the app with access_denied', async () => {
  await put({ access: 'block' })
  const page = await browser.open(authorization(world).url)
  const back = await browser.submit(page)
  expect(back.left?.searchParams.get('error')).toBe('access_denied')
  expect(back.left?.searchParams.get('iss')).toBe(world.issuer)
  expect(back.left?.searchParams.get('state')).toBe('a-state')
})

it('is met only after the password, so that rules tell strangers nothing', async () => {
  await put({ access: 'block', when: { account: [world.sts.mary.upn] } })
  const page = await createBrowser().open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url)
  expect(page.status).toBe(200)
  expect(page.html).not.toContain('Sundays')
})

it('for one resource lets everything else through', async () => {
  await put({ access: 'block', when: { resource: [CALENDAR] } })
  expect((await browser.open(authorization(world).url)).left?.searchParams.get('code')).toEqual(expect.any(String))
  expect((await browser.open(authorization(world, { change: { scope: `openid ${CALENDAR}Calendar.Read` } }).url)).status).toBe(
    403,
  )
})

it('for one resource is not passed by asking for two, in whatever order', async () => {
  for (const blocked of [CALENDAR, MAIL]) {
    await put({ access: 'block', when: { resource: [blocked] } })
    for (const scope of [`${MAIL_SCOPE} ${CALENDAR}Calendar.Read`, `${CALENDAR}Calendar.Read ${MAIL_SCOPE}`]) {
      const page = await browser.open(authorization(world, { change: { scope } }).url)
      expect(page.left?.searchParams.get('code') ?? null, `${blocked} ${scope}`).toBeNull()
    }
  }
})

it('that is off or only reports lets everybody through', async () => {
  for (const mode of ['off', 'report-only'] as const) {
    await put({ access: 'block' }, mode)
    expect((await browser.open(authorization(world).url)).left?.searchParams.get('code'), mode).toEqual(expect.any(String))
  }
})

it('by network looks at the caller, and believes no header about it', async () => {
  await put({ access: 'block', when: { network: ['127.0.0.0/8', '::1/128'] } })
  const hidden = createBrowser({
    headers: { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', 'x-real-ip': '203.0.113.7' },
  })
  world.pass(30)
  const page = await walkToBlock(hidden)
  expect(page.status).toBe(403)
})

async function walkToBlock(one: Browser) {
  const start = await one.open(authorization(world, { change: { login_hint: world.sts.mary.upn } }).url)
  return one.submit(start, { password: world.sts.mary.password })
}

it('that asks for a passkey of who has none leads to setting one up, and asks for no code again and again', async () => {
  await put({ require: ['phishing-resistant'] })
  world.pass(30)
  const fresh = createBrowser()
  let page = await walkToBlock(fresh)
  const shown: number[] = []
  for (let round = 0; round < 3 && page.forms.some((form) => form.fields.some((field) => field.name === 'code')); round += 1) {
    shown.push(page.status)
    world.pass(30)
    page = await fresh.submit(page, { code: await world.totp() })
  }
  expect(shown.length, 'a right code was asked for again').toBeLessThanOrEqual(1)
  expect(page.left?.searchParams.get('code') ?? null).toBeNull()
  expect([page.status, textOf(page.html).includes('passkey')]).toEqual([200, true])
})

it('that is there no more lets everybody in again', async () => {
  await put({ access: 'block' })
  expect((await browser.open(authorization(world).url)).status).toBe(403)
  await world.sts.kept.policies.remove(POLICY)
  world.pass(30)
  const fresh = createBrowser()
  expect((await walk(world, fresh, await fresh.open(authorization(world).url))).left?.searchParams.get('code')).toEqual(
    expect.any(String),
  )
})
