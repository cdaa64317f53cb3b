/** A person lets a mail app in, keeps another one out and makes an app password, on a phone and at a desk, in a real browser. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from './chromium.ts'
import { type PortalStage, startPortalStage } from './portal-stage.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let stage: PortalStage
beforeAll(async () => {
  stage = await startPortalStage()
})
afterAll(() => stage?.close())

/** Apps that came with the right password, as the gate would have kept them. */
async function addApps({ account }: TestPerson, labels: readonly string[]): Promise<void> {
  for (const label of labels) {
    const now = new Date()
    const added = await stage.sts.kept.mailApps.add(
      {
        id: randomUUID(),
        accountId: account.id,
        identity: `agent:${label.toLowerCase()}|203.0.113.0/24`,
        label,
        traits: { userAgent: label },
        protocols: ['imap', 'smtp'],
        network: '203.0.113.0/24',
        state: 'pending',
        firstTriedAt: now,
        lastTriedAt: now,
        lastSource: '203.0.113.7',
        tries: 1,
      },
      { most: 50 },
    )
    if (added !== 'added') throw new TypeError(added)
  }
}
const statesOf = async ({ account }: TestPerson) =>
  Object.fromEntries((await stage.sts.kept.mailApps.list(account.id)).map(({ label, state }) => [label, state]))

/** What axe-core finds on the page, and whether it is wider than the screen. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')) as readonly string[] // ids are strings
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
  return isWide === true ? [...found, 'wider than the screen'] : found
}

it('on a phone: the waiting one is let in after a question, another one is blocked', async () => {
  const person = await stage.somebody()
  await addApps(person, ['Thunderbird', 'Fetcher'])
  const { page, close } = await stage.open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  await page.goto(stage.portal())
  await stage.signIn(page, person)
  await page.getByText('2 apps wait for you.').waitFor()
  expect(await faultsOf(page)).toEqual([])
  // A finger needs room.
  const box = await page.getByRole('link', { name: 'Activate Thunderbird' }).boundingBox()
  expect(box?.height).toBeGreaterThanOrEqual(36)

  await page.getByRole('link', { name: 'Activate Thunderbird' }).tap()
  await page.getByRole('heading', { name: 'Activate Thunderbird?' }).waitFor()
  expect(await page.innerText('main')).toContain('may read and send your mail from now on. It signs in with your password.')
  expect(await faultsOf(page)).toEqual([])
  await page.getByRole('button', { name: 'Activate' }).tap()
  await page.getByText('It gets in the next time it tries.').waitFor()
  expect(await faultsOf(page)).toEqual([])

  await page.getByRole('link', { name: 'Overview' }).first().tap()
  await page.getByRole('link', { name: 'Manage Fetcher' }).tap()
  await page.getByRole('link', { name: 'Block', exact: true }).tap()
  await page.getByRole('button', { name: 'Block' }).tap()
  await page.getByText('You blocked it. It gets no mail.').waitFor()
  expect(await statesOf(person)).toEqual({ Thunderbird: 'active', Fetcher: 'blocked' })
  await close()
})

it('at a desk, by keyboard and without script: an app password is made, and shown once', async () => {
  const person = await stage.somebody()
  const { page, close } = await stage.open({ javaScriptEnabled: false, viewport: { width: 1280, height: 800 } })
  await page.goto(stage.portal('/app-passwords'))
  await stage.signIn(page, person)
  await page.getByRole('link', { name: 'Make an app password' }).press('Enter')
  await page.getByLabel('What is it for?').fill('Scanner')
  await page.getByLabel('Older mail programs and scanners').press('Space')
  await page.getByText('Only from certain networks').press('Enter')
  await page.getByLabel('Networks', { exact: true }).fill('203.0.113.0/24')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Your app password' }).waitFor()
  const secret = await page.innerText('.shown-secret')
  expect(secret).toMatch(/^(?:[a-z2-9]{4}-){4}[a-z2-9]{4}$/)
  await page.getByRole('link', { name: 'I have entered it' }).press('Enter')
  await page.getByRole('link', { name: 'Revoke Scanner' }).waitFor()
  expect(await page.innerText('main')).toContain('IMAP, SMTP, POP')
  expect(await page.content()).not.toContain(secret)
  await close()
})

it('copies an app password where there is script', async () => {
  const person = await stage.somebody()
  const { page, close } = await stage.open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto(stage.portal('/app-passwords/new'))
  await stage.signIn(page, person)
  await page.getByLabel('What is it for?').fill('Tablet')
  await page.getByRole('button', { name: 'Make an app password' }).click()
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await page.innerText('.shown-secret'))
  await close()
})
