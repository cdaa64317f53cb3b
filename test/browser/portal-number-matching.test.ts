/** Two browsers of one person: one is signed in at the portal, the other one waits there for its number. */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from './chromium.ts'
import { type PortalStage, startPortalStage } from './portal-stage.ts'

let stage: PortalStage
beforeAll(async () => {
  stage = await startPortalStage()
})
afterAll(() => stage?.close())

/** Opens both browsers; the portal's runs no script. `number` is what the new sign-in shows. */
async function bothBrowsers(work: (both: { portal: Page; fresh: Page; number: string; person: TestPerson }) => Promise<void>) {
  const person = await stage.somebody()
  const portal = await stage.open({ javaScriptEnabled: false })
  const fresh = await stage.open()
  await portal.page.goto(stage.portal('/approvals'))
  await stage.signIn(portal.page, person)
  await portal.page.waitForURL('**/portal/approvals')
  expect(await portal.page.innerText('main')).toContain('No sign-in waits for you')

  await fresh.page.goto(stage.appAddress())
  await fresh.page.fill('input[name=name]', person.upn)
  await fresh.page.press('input[name=name]', 'Enter')
  await fresh.page.fill('input[name=password]', person.password)
  await fresh.page.press('input[name=password]', 'Enter')
  await fresh.page.getByRole('link', { name: 'another way' }).click()
  await fresh.page.goto(`${new URL(fresh.page.url()).origin}${new URL(fresh.page.url()).pathname}?way=approval`)
  const number = /^\s*(\d\d)\s*$/m.exec(await fresh.page.innerText('main'))?.[1]
  if (number === undefined) throw new TypeError(`no number: ${await fresh.page.innerText('main')}`)

  // The page finds it by itself, without script.
  await portal.page.getByRole('link', { name: 'Look at it' }).click()
  await portal.page.waitForSelector('input[name=number]')
  await work({ portal: portal.page, fresh: fresh.page, number, person })
  await fresh.close()
  await portal.close()
}

const namesOf = async (person: TestPerson) => (await stage.events(person)).map(({ event }) => event)

it('the number lets the new sign-in go on by itself', async () => {
  await bothBrowsers(async ({ portal, fresh, number, person }) => {
    expect(await portal.innerText('main')).toContain('Contoso Mail for Desktop')
    expect(await portal.innerText('main')).not.toContain(number)
    await portal.fill('input[name=number]', number)
    await portal.press('input[name=number]', 'Enter')
    await portal.getByRole('heading', { name: 'Approved' }).waitFor()
    await fresh.waitForURL(/\/callback\?.*code=/)
    expect(await namesOf(person)).toContain('approval.approved')
  })
})

it('a wrong number stops it, and the right one comes too late', async () => {
  await bothBrowsers(async ({ portal, fresh, number, person }) => {
    await portal.fill('input[name=number]', number === '42' ? '43' : '42')
    await portal.press('input[name=number]', 'Enter')
    await portal.getByRole('heading', { name: 'That sign-in was stopped' }).waitFor()
    await fresh.reload()
    expect(new URL(fresh.url()).pathname).toContain('/signin/')
    expect(await fresh.getByRole('heading').first().innerText()).not.toContain(number)
    expect(
      (await stage.events(person)).filter(({ event }) => event === 'approval.denied').map(({ detail }) => detail.because),
    ).toEqual(['wrong_number'])
  })
})

it('"It was not me" stops it, raises the event, and leads to a new password', async () => {
  await bothBrowsers(async ({ portal, fresh, person }) => {
    const [yes, no] = [portal.getByRole('button', { name: 'Approve' }), portal.getByRole('button', { name: 'It was not me' })]
    const [one, other] = [await yes.boundingBox(), await no.boundingBox()]
    expect([other?.width, other?.height]).toEqual([one?.width, one?.height])
    await no.click()
    await portal.getByRole('heading', { name: 'That sign-in was stopped' }).waitFor()
    await fresh.reload()
    expect(new URL(fresh.url()).pathname).toContain('/signin/')
    const denied = (await stage.events(person)).filter(({ event }) => event === 'approval.denied')
    expect(denied.map(({ detail }) => detail.because)).toEqual(['not_me'])
    await portal.getByRole('link', { name: 'Change password' }).click()
    await portal.getByRole('heading', { name: 'Change your password' }).waitFor()
  })
})
