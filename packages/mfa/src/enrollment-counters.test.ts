import type { AccountId, Authenticator } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { generateSync } from 'otplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccessPasses } from './access-pass/access-pass.ts'
import { createFactorLife } from './factor-life.ts'
import type { Enrollment } from './factors.ts'
import { createMethods } from './methods.ts'
import { openWorkbench, type Workbench } from './testing/workbench.ts'

const number = '+4915112345678'
const secret = new TextEncoder().encode(number)
const stranger = 'uid of a stranger with the password'
const owner = 'uid of the owner'

let bench: Workbench
let accountId: AccountId
let proposed: Authenticator

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
})
afterAll(() => bench.close())
beforeEach(async () => {
  bench.seconds += 24 * 3600
  bench.messages.length = 0
  accountId = await bench.newAccount()
  proposed = await bench.bind(accountId, { method: 'sms', state: 'proposed', secret, detail: { channel: 'sms' } })
})

const begun = (enrollment: Awaited<ReturnType<Workbench['factors']['beginEnrollment']>>): Enrollment => {
  if ('refused' in enrollment) throw new TypeError(enrollment.refused)
  return enrollment
}
const beginProposal = async (attempt: string, isPermitted = false) =>
  begun(
    await bench.factors.beginEnrollment(bench.occasion(accountId, { attempt }), {
      method: 'sms',
      label: 'Phone',
      kind: 'first',
      proposedId: proposed.id,
      isPermitted,
    }),
  )
const beginApp = async () =>
  begun(
    await bench.factors.beginEnrollment(bench.occasion(accountId, { attempt: owner }), {
      method: 'totp',
      label: 'App',
      kind: 'first',
    }),
  )
const confirm = ({ authenticatorId }: Enrollment, attempt: string, answer: string) =>
  bench.factors.confirmEnrollment(bench.occasion(accountId, { attempt }), { authenticatorId, answer, kind: 'first' })
const wrong = () => (bench.codeSent() === '000000' ? '000001' : '000000')
const waitUntil = (until: Date) => {
  bench.seconds += Math.ceil((until.getTime() - bench.clock().getTime()) / 1000)
}

/** Gives wrong codes until nothing is looked at for hours. */
async function exhaust(attempt: string): Promise<Date> {
  for (;;) {
    const outcome = await confirm(await beginProposal(attempt), attempt, wrong())
    if (outcome.outcome !== 'throttled') continue
    if (outcome.until.getTime() - bench.clock().getTime() > 3600_000) return outcome.until
    waitUntil(outcome.until)
  }
}

describe('failures of an enrolment', () => {
  test('never end it, however many there were: the next day a right code binds', async () => {
    let failures = 0
    while (failures < 60) {
      const outcome = await confirm(await beginProposal(stranger), stranger, wrong())
      expect(['wrong', 'throttled']).toContain(outcome.outcome)
      if (outcome.outcome === 'wrong') failures += 1
      if (outcome.outcome === 'throttled') waitUntil(outcome.until)
    }
    bench.seconds += 24 * 3600
    const enrollment = await beginProposal(owner)
    expect(await confirm(enrollment, owner, bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('that had ended it before this was so end it no more', async () => {
    const counter = { subject: `account:${accountId}`, method: 'totp-enrollment' }
    const ended = { consecutive: 50, inWindow: 0, windowStartedAt: bench.clock(), disabled: true }
    await bench.realm.attempts.update(counter, () => ({ next: ended, result: undefined }))
    const app = await beginApp()
    if (app.presentation.kind !== 'totp') throw new TypeError('no key')
    const code = generateSync({ secret: app.presentation.secret, epoch: Math.floor(bench.clock().getTime() / 1000) })
    expect(await confirm(app, owner, code)).toMatchObject({ outcome: 'proved' })
  })

  test('of a proposed number, which a password alone reaches, hold up nobody who was permitted to begin', async () => {
    const until = await exhaust(stranger)
    expect(await confirm(await beginProposal(stranger), stranger, bench.codeSent())).toEqual({ outcome: 'throttled', until })
    bench.messages.length = 0
    const enrollment = await beginProposal(owner, true)
    expect(enrollment.presentation).toMatchObject({ prompt: { kind: 'sent' } })
    expect(await confirm(enrollment, owner, bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('of a proposed number pause it, and no message goes while nothing is looked at', async () => {
    const until = await exhaust(stranger)
    bench.messages.length = 0
    const { presentation } = await beginProposal('uid of the next sign-in')
    expect(presentation).toEqual({ kind: 'message', prompt: { kind: 'limited', until } })
    expect(bench.messages).toEqual([])
  })

  test('are forgotten when an access pass was accepted', async () => {
    const counters = ['sms-enrollment', 'sms-proposal', 'totp-enrollment']
    const subject = `account:${accountId}`
    for (const method of counters) {
      const failed = { consecutive: 9, inWindow: 9, windowStartedAt: bench.clock(), disabled: false }
      await bench.realm.attempts.update({ subject, method }, () => ({ next: failed, result: undefined }))
    }
    const found = () => Promise.all(counters.map((method) => bench.realm.attempts.find({ subject, method })))
    const occasion = bench.occasion(accountId)
    const { pass } = await createAccessPasses(bench).give(bench.realm, {
      accountId,
      uses: 'once',
      minutes: 60,
      createdBy: 'test',
    })
    const shown = (answer: string) => bench.factors.verify(occasion, { method: 'access-pass', answer })
    expect(await shown('AAAA AAAA AAAA AAAA')).toMatchObject({ outcome: 'wrong' })
    expect(await found()).not.toContain(undefined)
    expect(await shown(pass)).toMatchObject({ outcome: 'proved' })
    expect(await found()).toEqual([undefined, undefined, undefined])
  })

  test('are forgotten when an administrator unlocks, who is told that there were some', async () => {
    await confirm(await beginProposal(stranger), stranger, wrong())
    const { clock, random, digest, gate } = bench
    const relyingParty = { id: 'sts.contoso.com', origins: ['https://sts.contoso.com'] }
    const messages = { send: async () => bench.delivery }
    const methods = createMethods({ clock, random, digest, relyingParty, messages })
    const life = createFactorLife({ gate, methods })
    expect(await life.unlock(bench.realm, accountId)).toEqual(['sms'])
    expect(await life.unlock(bench.realm, accountId)).toEqual([])
  })
})
