/** A stolen password binds no telephone and shows no key: a pass, a trusted network or the administrator's number does (R98, R121). */
import { generate } from 'otplib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redeem } from '../../support/person-browser.ts'
import { textOf } from '../support/browser.ts'
import { claimsOf } from '../support/world.ts'
import {
  addPhone,
  atSecondStep,
  codeSent,
  eventsOf,
  heading,
  isIn,
  keyOn,
  type SecondSteps,
  send,
  startSecondSteps,
  subjectsOf,
} from './second-steps.ts'

let world: SecondSteps
beforeAll(async () => {
  world = await startSecondSteps({ trustedNetworks: ['192.0.2.0/24'] })
})
afterAll(() => world.close())

const codeFor = (secret: string) => generate({ secret, epoch: Math.floor(Date.now() / 1000) })
const givePass = async (accountId: SecondSteps['sts']['joe']['account']['id']) =>
  (await world.sts.service.passes.give(world.sts.kept, { accountId, uses: 'once', minutes: 60, createdBy: 'test' })).pass

it('asks whoever has a password only for an access pass, whatever their forms say', async () => {
  const person = await world.sts.addPerson({ name: 'ada', factor: false })
  const step = await atSecondStep(world, person)
  expect(heading(step.page)).toBe('First show that it is you')
  const csrf = step.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  for (const typed of [
    { method: 'totp' },
    { method: 'webauthn' },
    { method: 'sms', phone: '+4915123456789', channel: 'sms' },
    { method: 'sms', proposed: 'yes' },
  ]) {
    const page = await step.browser.post(`${step.page.url}/enroll`, { csrf, ...typed })
    expect(heading(page), typed.method).toBe('First show that it is you')
  }
  for (const path of ['/enroll/send', '/enroll/codes', '/enroll/finish', '/enroll/later']) {
    const page = await step.browser.post(`${step.page.url}${path}`, { csrf })
    expect([isIn(page), heading(page)], path).toEqual([false, 'First show that it is you'])
  }
  expect(world.messages()).toEqual([])
  expect(await world.sts.kept.authenticators.list(person.account.id)).toEqual([])
})

it('a pass lets somebody begin in that sign-in alone, once, and the codes are shown once', async () => {
  const person = await world.sts.addPerson({ name: 'bea', factor: false })
  const pass = await givePass(person.account.id)
  const step = await atSecondStep(world, person)
  const wrong = await send(step, '/enroll/permit', { code: 'AAAA AAAA AAAA AAAA' })
  expect([wrong.page.status, textOf(wrong.page.html).includes('not valid')]).toEqual([422, true])
  const kinds = await send(wrong, '/enroll/permit', { code: pass })
  expect(heading(kinds.page)).toBe('Set up your second step')
  expect(isIn(kinds.page)).toBe(false)

  const other = await atSecondStep(world, person)
  expect(heading(other.page)).toBe('First show that it is you')
  expect((await send(other, '/enroll/permit', { code: pass })).page.status).toBe(422)

  const scan = await send(kinds, '/enroll', { method: 'totp' })
  const codes = await send(scan, '/enroll/confirm', { code: await codeFor(keyOn(scan.page)) })
  expect(heading(codes.page)).toBe('Save your recovery codes')
  const shown = [...codes.page.html.matchAll(/<li><code>([^<]+)/g)].map(([, code]) => code)
  expect(new Set(shown).size).toBe(10)
  // Loaded again they are gone; new ones take their place.
  const gone = { ...codes, page: await codes.browser.open(kinds.page.url) }
  expect([heading(gone.page), shown.some((code) => gone.page.html.includes(code ?? ''))]).toEqual([
    'Your second step is set up',
    false,
  ])
  const anew = await send(gone, '/enroll/codes')
  expect(shown.some((code) => anew.page.html.includes(code ?? ''))).toBe(false)
  const done = await send(anew, '/enroll/finish')
  const tokens = await redeem(world.token, { ...done.asked, code: done.page.left?.searchParams.get('code') ?? '' })
  // The pass let somebody begin and proves nothing: what was bound does.
  expect(claimsOf(tokens.body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })

  expect(await eventsOf(world, person)).toEqual(
    expect.arrayContaining(['access_pass.used', 'factor.enrolled', 'recovery_codes.replaced']),
  )
  expect(await subjectsOf(world, person)).toHaveLength(3)
})

it('the number that an administrator entered is confirmed with a password, and no other number is', async () => {
  const person = await world.sts.addPerson({ name: 'cleo', factor: false })
  await addPhone(world, person, '+4915123456788', 'proposed')
  const step = await atSecondStep(world, person)
  expect([heading(step.page), textOf(step.page.html).includes('+49 ••••• 88')]).toEqual(['Is this your phone?', true])
  const csrf = step.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
  const before = world.messages().length
  const thief = await step.browser.post(`${step.page.url}/enroll`, { csrf, method: 'sms', phone: '+4915199999999' })
  expect([heading(thief), world.messages().length]).toEqual(['First show that it is you', before])

  const sent = await send(step, '/enroll')
  expect(heading(sent.page)).toBe('Check your messages')
  expect(world.messages().slice(before)).toHaveLength(1)
  expect(world.messages().at(-1)?.to.replace(/\D/g, '')).toBe('4915123456788')
  expect((await send(sent, '/enroll/confirm', { code: '000000' })).page.status).toBe(422)
  const codes = await send(sent, '/enroll/confirm', { code: codeSent(world) })
  expect(textOf(codes.page.html)).toContain('Text messages can be intercepted')
  expect(isIn((await send(codes, '/enroll/finish')).page)).toBe(true)
  const kept = await world.sts.kept.authenticators.list(person.account.id)
  expect(kept.map(({ method, state }) => [method, state])).toEqual([['sms', 'active']])
})

it('who types a number with a pass gets a code there, may take another number, and is told what is wrong with one', async () => {
  const person = await world.sts.addPerson({ name: 'dora', factor: false })
  const step = await send(await atSecondStep(world, person), '/enroll/permit', { code: await givePass(person.account.id) })
  const phone = { ...step, page: await step.browser.open(`${step.page.url.split('?')[0]}?way=phone`) }
  expect(heading(phone.page)).toBe('Your phone number')
  const invalid = await send(phone, '/enroll', { phone: '0151 23', channel: 'sms' })
  expect([invalid.page.status, textOf(invalid.page.html).includes('not a phone number')]).toEqual([422, true])
  const before = world.messages().length
  const sent = await send(invalid, '/enroll', { phone: '+49 151 23456787', channel: 'sms' })
  expect([heading(sent.page), world.messages().length - before]).toEqual(['Check your messages', 1])
  const other = await send(sent, '/enroll/other')
  expect(heading(other.page)).toBe('Set up your second step')
  const second = await send({ ...phone, page: phone.page }, '/enroll', { phone: '+49 151 23456786', channel: 'sms' })
  expect(textOf(second.page.html)).toContain('+49 ••••• 86')
  const codes = await send(second, '/enroll/confirm', { code: codeSent(world) })
  expect(heading(codes.page)).toBe('Save your recovery codes')
})
