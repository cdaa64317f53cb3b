/** A page that waits for an approval is loaded many times when it comes: one load signs in, and none says that nobody answered. */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { send, somebody, startQuietWorld, visitPortal } from '../portal/portal-visit.ts'
import { textOf } from '../support/browser.ts'
import type { World } from '../support/world.ts'
import { atSecondStep, heading, isIn, type SecondStep } from './second-steps.ts'

let world: World
beforeAll(async () => {
  world = await startQuietWorld()
})
afterAll(() => world.close())

const acr = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:postern:acr:aal2' } } })

/** A sign-in that waits for its owner, who is at the portal in another browser. */
async function waiting(person: TestPerson): Promise<SecondStep & { approve: () => Promise<unknown> }> {
  const { browser } = await visitPortal(world, person, '/recovery-codes')
  const step = await atSecondStep(world, person, { change: { claims: acr } })
  const page = await step.browser.open(`${step.page.url.split('?')[0]}?way=approval`)
  const number = /<p>(\d\d)<\/p>/.exec(page.html)?.[1] ?? ''
  const approve = async () => {
    const list = await browser.open(`${world.issuer}/portal/approvals`)
    const path = /href="([^"]*\/portal\/approvals\/[^"]+)"/.exec(list.html)?.[1] ?? ''
    const asked = await browser.open(new URL(path, list.url).href)
    const done = await send({ browser, page: asked }, new URL(path, list.url).pathname, { number, decision: 'approve' })
    expect(textOf(done.html)).toContain('Approved')
  }
  return { ...step, page, approve }
}

it('of eight loads at once one signs in, and none of the others says that nobody answered', async () => {
  const { browser, page, approve } = await waiting(await somebody(world))
  await approve()
  const loads = await Promise.all(Array.from({ length: 8 }, () => browser.open(page.url)))
  expect(loads.filter(isIn).length).toBeGreaterThanOrEqual(1)
  const others = loads.filter((load) => !isIn(load))
  for (const load of others) expect(['Approve this sign-in', 'This sign-in is over']).toContain(heading(load))
  for (const load of others) expect(load.headers.get('refresh')).toBe(load.status === 200 ? '1' : null)
})

it('a load that comes while another one signs in looks again by itself, and does not ask anew', async () => {
  const person = await somebody(world)
  const { browser, page, approve } = await waiting(person)
  await approve()
  const trail = await world.sts.kept.audit.list({ accountId: person.account.id, limit: 200 })
  const approved = trail.find(({ event }) => event === 'approval.approved')
  // As the load that was first leaves it when it has not ended the step yet.
  const approval = await world.sts.kept.approvals.find(person.account.id, String(approved?.detail.approvalId))
  expect(await world.sts.kept.approvals.use(person.account.id, approval?.id ?? '', new Date())).toBe(true)
  const load = await browser.open(page.url)
  expect([load.status, heading(load), load.headers.get('refresh')]).toEqual([200, 'Approve this sign-in', '1'])
  world.pass(300)
  expect(heading(await browser.open(page.url))).toBe('Nobody answered in time')
})

it('names an address at which the portal opens, whatever the domain of the name', async () => {
  const { browser, page } = await waiting(await somebody(world))
  const address = textOf(/<strong class="address">([^<]+)</.exec(page.html)?.[1] ?? '')
  expect(`http://${address}`).toBe(`${world.sts.baseUrl}/contoso.com/portal`)
  expect((await browser.open(`http://${address}`)).status).toBe(200)
})
