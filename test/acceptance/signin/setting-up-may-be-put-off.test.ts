/** What an administrator asks for may be put off as often as the campaign allows, and is demanded then. */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import { atSecondStep, eventsOf, heading, isIn, keyOn, type SecondSteps, send, startSecondSteps } from './second-steps.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps()
  for (const policy of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(policy.id)
})
afterAll(() => world.close())

it('lets a person say "not now" twice, asks again each time, and then no more', async () => {
  const person = await world.sts.addPerson({ name: 'eve', factor: false })
  const now = new Date()
  await world.sts.kept.enforcement.addCampaign({
    id: '0b0e7a53-6b0b-4b6e-9d0a-2f7f1a5f6c11',
    name: 'Everybody',
    postponements: 2,
    postponeDays: 3,
    startsAt: now,
    createdAt: now,
  })
  const wanted = { state: 'enabled', at: now, campaignId: '0b0e7a53-6b0b-4b6e-9d0a-2f7f1a5f6c11' } as const
  await world.sts.kept.enforcement.set([person.account.id], wanted)

  for (const left of ['2 more times', '1 more time']) {
    const offered = await atSecondStep(world, person)
    expect(textOf(offered.page.html)).toContain(left)
    expect(isIn((await send(offered, '/enroll/later')).page)).toBe(true)
    // Asked again after three days and not before.
    expect(isIn((await atSecondStep(world, person)).page)).toBe(true)
    world.pass(3 * 86_400 + 1)
  }
  const demanded = await atSecondStep(world, person)
  expect(heading(demanded.page)).toBe('Set up your second step')
  expect(textOf(demanded.page.html)).not.toContain('Not now')
  const csrf = demanded.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  expect(isIn(await demanded.browser.post(`${demanded.page.url}/enroll/later`, { csrf }))).toBe(false)
  expect((await eventsOf(world, person)).filter((event) => event === 'enforcement.postponed')).toHaveLength(2)

  const scan = await send(demanded, '/enroll', { method: 'totp' })
  const code = await generate({ secret: keyOn(scan.page), epoch: Math.floor(Date.now() / 1000) })
  expect(isIn((await send(await send(scan, '/enroll/confirm', { code }), '/enroll/finish')).page)).toBe(true)
  expect((await world.sts.kept.accounts.find(person.account.id))?.enforcement?.state).toBe('enforced')
})
