/** The default way comes first, every other one is a link away, and each is asked for once (R94, R100, R103, R117). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import {
  addPhone,
  atSecondStep,
  codeSent,
  eventsOf,
  follow,
  heading,
  isIn,
  type SecondSteps,
  send,
  startSecondSteps,
  subjectsOf,
} from './second-steps.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps()
})
afterAll(() => world.close())

const number = '+4915123456789'

it('shows the app first, lists the telephone and the recovery codes, and takes a recovery code once', async () => {
  const person = await world.sts.addPerson({ name: 'rita', factor: true })
  await addPhone(world, person, number)
  const [code = ''] = await world.sts.service.recoveryCodes.replace(world.sts.kept, person.account.id)
  const step = await atSecondStep(world, person)
  expect(heading(step.page)).toBe('Enter your code')
  const ways = await follow(step, 'Use another way')
  expect(textOf(ways.page.html)).toContain('Text message A code to +49 ••••• 89')
  expect(textOf(ways.page.html)).toContain('10 codes are left')
  expect(world.messages()).toEqual([])

  const asked = await follow(ways, 'Recovery code')
  const wrong = await send(asked, '/factor', { code: 'AAAA-AAAA-AAAA-AAAA' })
  expect([wrong.page.status, heading(wrong.page)]).toEqual([422, 'Enter a recovery code'])
  const done = await send(wrong, '/factor', { code: code.toLowerCase().replaceAll('-', ' ') })
  expect(isIn(done.page)).toBe(true)
  expect(await eventsOf(world, person)).toEqual(expect.arrayContaining(['recovery_code.used', 'signin.failed']))
  expect((await subjectsOf(world, person)).join()).toMatch(/recovery code/i)

  const again = await follow(await follow(await atSecondStep(world, person), 'Use another way'), 'Recovery code')
  expect((await send(again, '/factor', { code })).page.status).toBe(422)
})

it('sends one message however often the page is loaded, and a new code only when it is time', async () => {
  const person = await world.sts.addPerson({ name: 'sam', factor: false })
  await addPhone(world, person, '+4915123456700')
  const sent = world.messages().length
  const step = await atSecondStep(world, person)
  expect(heading(step.page)).toBe('Check your messages')
  expect(textOf(step.page.html)).toContain('+49 ••••• 00')
  const loaded = { ...step, page: await step.browser.open(step.page.url) }
  expect(world.messages().length - sent).toBe(1)
  const first = codeSent(world)

  const early = await send(loaded, '/factor/send')
  expect([world.messages().length - sent, textOf(early.page.html).includes('is on its way')]).toEqual([1, false])
  world.pass(31)
  const later = await send(early, '/factor/send')
  expect([world.messages().length - sent, textOf(later.page.html).includes('A new code is on its way')]).toEqual([2, true])

  const old = await send(later, '/factor', { code: first === codeSent(world) ? '000000' : first })
  expect([old.page.status, isIn(old.page), world.messages().length - sent]).toEqual([422, false, 2])
  expect(isIn((await send(old, '/factor', { code: codeSent(world) })).page)).toBe(true)
})

it('takes a code in the sign-in that it was sent for, and in no other', async () => {
  const person = await world.sts.addPerson({ name: 'tom', factor: false })
  await addPhone(world, person, '+4915123456701')
  const one = await atSecondStep(world, person)
  const code = codeSent(world)
  world.pass(31)
  const other = await atSecondStep(world, person)
  expect(isIn((await send(other, '/factor', { code })).page)).toBe(false)
  expect(isIn((await send(one, '/factor', { code })).page)).toBe(true)
})

it('says at once when no message can be sent, and offers the others', async () => {
  const person = await world.sts.addPerson({ name: 'una', factor: true })
  const phone = await addPhone(world, person, '+4915123456702')
  await world.sts.kept.authenticators.makeDefault(person.account.id, phone)
  world.gateway.answer({ status: 500 })
  try {
    const step = await atSecondStep(world, person)
    expect(textOf(step.page.html)).toContain('We cannot reach +49 ••••• 02 right now, so nothing was sent.')
    expect(heading(step.page)).toBe('Choose another way')
    const app = await follow(step, 'Authenticator app')
    expect(isIn((await send(app, '/factor', { code: await world.totp(person) })).page)).toBe(true)
  } finally {
    world.gateway.answer({ status: 202, body: '0: Accepted for delivery' })
  }
})

it('keeps what the realm has switched off from everybody, and an access pass lets its owner in', async () => {
  const person = await world.sts.addPerson({ name: 'vera', factor: true })
  await addPhone(world, person, '+4915123456703')
  await world.changeSettings({ disabledMethods: ['sms'] })
  try {
    const { pass } = await world.sts.service.passes.give(world.sts.kept, {
      accountId: person.account.id,
      uses: 'once',
      minutes: 60,
      createdBy: 'test',
    })
    const ways = await follow(await atSecondStep(world, person), 'Use another way')
    expect(textOf(ways.page.html)).not.toContain('Text message')
    const done = await send(await follow(ways, 'Access pass'), '/factor', { code: pass })
    expect(isIn(done.page)).toBe(true)
    expect(await eventsOf(world, person)).toContain('access_pass.used')
  } finally {
    await world.changeSettings({ disabledMethods: [] })
  }
})
