/**
 * A number is typed, or an administrator has put it there, and nothing is bound before its telephone has answered: a message
 * goes to that number alone, and who has only the password can have none sent to another.
 */
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPhone, atSecondStep, codeSent, isIn, type SecondSteps, startSecondSteps } from '../signin/second-steps.ts'
import { textOf } from '../support/browser.ts'
import { eventsOf, factorsOf, formTo, mailsOf, type PortalVisit, pathOf, send, somebody, visitPortal } from './portal-visit.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps()
  for (const { id } of await world.sts.kept.policies.list()) await world.sts.kept.policies.remove(id)
})
afterAll(() => world.close())

const newest = () => world.messages().at(-1)
const wrongCode = (): string => (codeSent(world) === '000000' ? '000001' : '000000')
const then = async (visit: PortalVisit, end: string, typed: Record<string, string> = {}): Promise<PortalVisit> => ({
  ...visit,
  page: await send(visit, end, typed),
})

/** Signs in with the telephone as the second step, in a new browser. */
async function signsInByPhone(person: TestPerson): Promise<boolean> {
  world.pass(60)
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:postern:acr:aal2' } } })
  const step = await atSecondStep(world, person, { change: { claims } })
  return isIn(await step.browser.submit(step.page, { code: codeSent(world) }))
}

describe('a number that its owner types', () => {
  it('is bound by the newest code that was sent to it, and signs them in from then on', async () => {
    const joe = await somebody(world, { factor: false })
    const asked = await then(await visitPortal(world, joe, '/add'), '/portal/add', { method: 'sms' })
    expect(pathOf(asked.page)).toBe('/portal/add/sms')
    const before = world.messages().length
    const sent = await then(asked, '/add/sms', { phone: '+49 1512 345 6701', channel: 'sms' })
    expect(newest()?.to).toMatch(/4915123456701$/)
    expect(textOf(sent.page.html)).not.toContain('3456701')

    const wrong = await then(sent, '/confirm', { answer: wrongCode() })
    expect(wrong.page.status).toBe(422)
    expect(await factorsOf(world, joe)).toEqual([])
    const first = codeSent(world)
    world.pass(60)
    const later = { ...wrong, page: await wrong.browser.open(`${world.issuer}/portal/add/sms`) }
    expect(world.messages()).toHaveLength(before + 1)
    const again = await then(later, '/resend')
    expect(world.messages()).toHaveLength(before + 2)
    if (first !== codeSent(world)) expect((await then(again, '/confirm', { answer: first })).page.status).toBe(422)

    const done = await then(again, '/confirm', { answer: codeSent(world) })
    expect(textOf(done.page.html)).toContain('Save your recovery codes')
    expect((await factorsOf(world, joe)).map(({ method, state }) => [method, state])).toEqual([['sms', 'active']])
    expect(await eventsOf(world, joe)).toEqual(expect.arrayContaining(['factor.code_sent', 'factor.enrolled']))
    expect((await mailsOf(world, joe)).map(({ subject }) => subject)).toContain('A sign-in method was added to your account')
    expect(await signsInByPhone(joe)).toBe(true)
  })

  it('is asked for again when it is none, and nothing is sent', async () => {
    const visit = await visitPortal(world, await somebody(world, { factor: false }), '/add/sms')
    const before = world.messages().length
    for (const phone of ['', '12', 'my phone', '+881612345678'])
      expect([phone, (await send(visit, '/add/sms', { phone, channel: 'sms' })).status]).toEqual([phone, 422])
    expect(world.messages()).toHaveLength(before)
  })
})

describe('a number that an administrator put there', () => {
  beforeAll(() => world.changeSettings({ trustedNetworks: ['198.51.100.0/24'] }))

  it('is confirmed with a password alone, by a code to that very number and to no other', async () => {
    const joe = await somebody(world, { factor: false })
    await addPhone(world, joe, '+4915123456702', 'proposed')
    const visit = await visitPortal(world, joe, '/methods')
    expect(textOf(visit.page.html)).toContain('+49 ••••• 02')
    const before = world.messages().length
    const csrf = formTo(visit.page, '/add/sms').fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const other = await visit.browser.post(`${world.issuer}/portal/add/sms`, { csrf, phone: '+4915199999999', channel: 'sms' })
    expect(textOf(other.html)).toContain('First show that it is you')
    expect(world.messages()).toHaveLength(before)

    const sent = await then(visit, '/add/sms', { phone: '+4915199999999' })
    expect(world.messages()).toHaveLength(before + 1)
    expect(newest()?.to).toMatch(/4915123456702$/)
    const done = await then(sent, '/confirm', { answer: codeSent(world) })
    expect(textOf(done.page.html)).toContain('Save your recovery codes')
    expect((await factorsOf(world, joe)).map(({ method, state }) => [method, state])).toEqual([['sms', 'active']])
    expect(await signsInByPhone(joe)).toBe(true)
  })

  it('of somebody else is none, and nothing is sent to it', async () => {
    const [joe, anna] = [await somebody(world, { factor: false }), await somebody(world, { factor: false })]
    await addPhone(world, joe, '+4915123456703', 'proposed')
    const theirs = await addPhone(world, anna, '+4915123456704', 'proposed')
    const visit = await visitPortal(world, joe, '/methods')
    const before = world.messages().length
    await send(visit, '/add/sms', { proposedId: theirs })
    expect(world.messages()).toHaveLength(before)
    expect((await world.sts.kept.authenticators.list(joe.account.id)).map(({ state }) => state)).toEqual(['proposed'])
  })

  it('is confirmed by its owner with a pass, although a stranger with the password has used its codes up', async () => {
    const joe = await somebody(world, { factor: false })
    await addPhone(world, joe, '+4915123456705', 'proposed')
    const stranger = await then(await visitPortal(world, joe, '/methods'), '/add/sms')
    const failed = stranger.page
    const usedUp = async () => {
      let page = failed
      for (let tries = 0; tries < 12 && page.status !== 429; tries += 1)
        page = await send({ ...stranger, page: failed }, '/confirm', { answer: wrongCode() })
      return page.status
    }
    expect(await usedUp()).toBe(429)

    const wanted = { accountId: joe.account.id, uses: 'once', minutes: 60, createdBy: 'test' } as const
    const { pass } = await world.sts.service.passes.give(world.sts.kept, wanted)
    world.pass(60)
    const owner = await then(await visitPortal(world, joe, '/add'), '/permit', { pass })
    expect(pathOf(owner.page)).toBe('/portal/add')
    // What the stranger does from now on is counted apart.
    const until = new Date(Date.now() + 3_600_000)
    const state = { consecutive: 10, inWindow: 10, windowStartedAt: new Date(), disabled: false, blockedUntil: until }
    const counter = { subject: `account:${joe.account.id}`, method: 'sms-proposal' }
    await world.sts.kept.attempts.update(counter, () => ({ next: state, result: undefined }))

    const methods = { ...owner, page: await owner.browser.open(`${world.issuer}/portal/methods`) }
    const sent = await then(methods, '/add/sms')
    const done = await then(sent, '/confirm', { answer: codeSent(world) })
    expect(textOf(done.page.html)).toContain('Save your recovery codes')
  })
})
