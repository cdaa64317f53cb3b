/** A stolen password uses up what it reaches, and neither ends an enrolment nor stands in the way of one that was permitted. */
import type { TestPerson } from '@postern/sts/testing'
import { generate } from 'otplib'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { textOf } from '../support/browser.ts'
import {
  addPhone,
  atSecondStep,
  codeSent,
  heading,
  isIn,
  keyOn,
  linkTo,
  type SecondStep,
  type SecondSteps,
  send,
  startSecondSteps,
} from './second-steps.ts'

let world: SecondSteps
let person: TestPerson
let people = 0
beforeAll(async () => {
  world = await startSecondSteps({ trustedNetworks: ['192.0.2.0/24'] })
})
afterAll(() => world.close())
beforeEach(async () => {
  people += 1
  person = await world.sts.addPerson({ name: `person${people}`, factor: false })
  await addPhone(world, person, `+491512345678${people}`, 'proposed')
})

const givePass = async () =>
  (
    await world.sts.service.passes.give(world.sts.kept, {
      accountId: person.account.id,
      uses: 'once',
      minutes: 60,
      createdBy: 'test',
    })
  ).pass
const proposed = async (): Promise<SecondStep> => send(await atSecondStep(world, person), '/enroll')
const key = (method: string) => ({ subject: `account:${person.account.id}`, method })

/** The state after so many wrong codes, the last of them a moment ago, on the counter of whoever has a password only. */
async function failed(times: number, method = 'sms-proposal'): Promise<void> {
  const now = Date.now()
  const blockedUntil = new Date(now + 3600_000)
  const state = {
    consecutive: times,
    inWindow: Math.min(times, 10),
    windowStartedAt: new Date(now),
    disabled: false,
    blockedUntil,
  }
  await world.sts.kept.attempts.update(key(method), () => ({ next: state, result: undefined }))
}

it('after fifty wrong codes the owner confirms the number on the next day', async () => {
  await failed(49)
  await failed(49, 'sms-enrollment')
  world.pass(24 * 3600)
  const fiftieth = await send(await proposed(), '/enroll/confirm', { code: '000000' })
  expect(fiftieth.page.status).toBe(422)
  expect(textOf(fiftieth.page.html)).toContain('Try again in')
  world.pass(24 * 3600)
  const codes = await send(await proposed(), '/enroll/confirm', { code: codeSent(world) })
  expect(heading(codes.page)).toBe('Save your recovery codes')
  expect(isIn((await send(codes, '/enroll/finish')).page)).toBe(true)
})

it('says when it may be tried again and never that an app is locked, and leads to something else', async () => {
  const step = await proposed()
  await failed(5)
  const paused = await send(step, '/enroll/confirm', { code: codeSent(world) })
  expect([paused.page.status, Number(paused.page.headers.get('retry-after')) > 0]).toEqual([429, true])
  const text = textOf(paused.page.html)
  expect(text).toContain('There were too many wrong codes. Try again in')
  expect(text).not.toContain('authenticator app')
  expect(text).toContain('Set up something else')
  const other = await send(paused, '/enroll/other')
  expect(heading(other.page)).toBe('Is this your phone?')
  expect(linkTo(other.page, 'I have an access pass')).toContain('way=pass')
})

it('an owner with a pass confirms the very number whose codes a stranger has used up', async () => {
  await failed(10)
  const stranger = await proposed()
  expect(heading(stranger.page)).toBe('Your phone number')

  const step = await atSecondStep(world, person)
  const asked = { ...step, page: await step.browser.open(linkTo(step.page, 'I have an access pass')) }
  const kinds = await send(asked, '/enroll/permit', { code: await givePass() })
  expect(heading(kinds.page)).toBe('Set up your second step')
  expect(await world.sts.kept.attempts.find(key('sms-proposal'))).toBeUndefined()
  // The stranger goes on as before, and the owner is not held up by it.
  await failed(10)
  const question = { ...kinds, page: await kinds.browser.open(linkTo(kinds.page, 'Your phone')) }
  const sent = await send(question, '/enroll')
  expect(heading(sent.page)).toBe('Check your messages')
  const codes = await send(sent, '/enroll/confirm', { code: codeSent(world) })
  expect(heading(codes.page)).toBe('Save your recovery codes')
})

it('a pass that is accepted forgets what went wrong with an app before', async () => {
  const step = await send(await atSecondStep(world, person), '/enroll')
  for (const method of ['totp-enrollment', 'sms-enrollment']) await failed(10, method)
  const asked = await send(step, '/enroll/other')
  const permit = { ...asked, page: await asked.browser.open(linkTo(asked.page, 'I have an access pass')) }
  const kinds = await send(permit, '/enroll/permit', { code: await givePass() })
  const scan = await send(kinds, '/enroll', { method: 'totp' })
  const code = await generate({ secret: keyOn(scan.page), epoch: Math.floor(Date.now() / 1000) })
  expect(heading((await send(scan, '/enroll/confirm', { code })).page)).toBe('Save your recovery codes')
})
