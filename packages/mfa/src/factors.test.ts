import type { AccountId, AuthenticatorId, RealmStore } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { generateSync } from 'otplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFactorLife } from './factor-life.ts'
import { createFactors, type EnrollmentKind, type Factors } from './factors.ts'
import type { Method, Occasion } from './method.ts'
import { openWorkbench, type Workbench } from './testing/workbench.ts'
import { createTotp } from './totp/totp.ts'

let bench: Workbench
let realm: RealmStore
let factors: Factors
let accountId: AccountId

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
  realm = bench.realm
  factors = bench.factors
})
afterAll(() => bench.close())
beforeEach(async () => {
  bench.seconds = 0
  accountId = await bench.newAccount()
})

type Enrolled = Awaited<ReturnType<typeof begin>>
const occasion = (own: Partial<Occasion> = {}) => bench.occasion(accountId, own)
async function begin(kind: EnrollmentKind = 'first', own: Partial<Occasion> = {}) {
  const enrollment = await factors.beginEnrollment(occasion(own), { method: 'totp', label: 'Phone', kind })
  if ('refused' in enrollment || enrollment.presentation.kind !== 'totp') throw new TypeError('no secret')
  return { ...enrollment, presentation: enrollment.presentation }
}
const codeOf = ({ presentation: { secret } }: Enrolled) =>
  generateSync({ secret, epoch: Math.floor(bench.clock().getTime() / 1000) })
const wrongFor = (enrolled: Enrolled) => (codeOf(enrolled) === '000000' ? '000001' : '000000')
const verify = (answer: string, own: Partial<Occasion> = {}) => factors.verify(occasion(own), { method: 'totp', answer })
const confirm = (
  enrolled: Enrolled,
  own: { answer?: string; kind?: EnrollmentKind; attempt?: string; accountId?: AccountId } = {},
) => {
  const { answer = codeOf(enrolled), kind = 'first', ...where } = own
  return factors.confirmEnrollment(occasion(where), { authenticatorId: enrolled.authenticatorId, answer, kind })
}
async function enrol(kind: EnrollmentKind = 'first') {
  const enrolled = await begin(kind)
  expect((await confirm(enrolled, { kind })).outcome).toBe('proved')
  bench.seconds += 30
  return enrolled
}

describe('an enrolment', () => {
  test('counts for nothing before a right code, and for one factor after it', async () => {
    const enrolled = await begin()
    expect(enrolled.presentation.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(await factors.methodsOf(realm, accountId)).toEqual([])
    expect(await factors.waysOf(occasion())).toEqual([])
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'expired' })
    expect(await confirm(enrolled, { answer: wrongFor(enrolled) })).toEqual({ outcome: 'wrong', attemptsLeft: 4 })
    expect(await factors.methodsOf(realm, accountId)).toEqual([])
    expect(await confirm(enrolled)).toEqual({ outcome: 'proved', evidence: { amr: ['otp'], at: bench.clock() } })
    const { authenticatorId: id } = enrolled
    expect(await factors.methodsOf(realm, accountId)).toEqual([
      {
        id,
        method: 'totp',
        label: 'Phone',
        state: 'active',
        strength: 'second-factor',
        isDefault: false,
        detail: {},
        createdAt: bench.clock(),
      },
    ])
    expect(await factors.waysOf(occasion())).toEqual([
      { method: 'totp', authenticatorId: id, label: 'Phone', state: 'active', strength: 'second-factor', isDefault: false },
    ])
  })

  test('shows the same secret when the page is loaded again', async () => {
    const enrolled = await begin()
    expect(await factors.pendingEnrollment(occasion())).toEqual(enrolled)
    expect(await factors.pendingEnrollment(occasion(), { method: 'totp' })).toEqual(enrolled)
    expect(await factors.pendingEnrollment(occasion(), { method: 'sms' })).toBeUndefined()
  })

  test('is of the one who began it: another with the same password sees none, ends none and can confirm none', async () => {
    const enrolled = await begin()
    const attempt = 'uid of another sign-in'
    expect(await factors.pendingEnrollment(occasion({ attempt }))).toBeUndefined()
    expect(await confirm(enrolled, { attempt })).toEqual({ outcome: 'expired' })
    await factors.abandonEnrollment(occasion({ attempt }), { method: 'totp' })
    const kept = await realm.authenticators.find(enrolled.authenticatorId)
    expect(kept).toMatchObject({ state: 'pending' })
    expect(JSON.stringify(kept)).not.toContain(occasion().attempt)
    expect(await confirm(enrolled)).toMatchObject({ outcome: 'proved' })
  })

  test('that begins anew ends the one before', async () => {
    const first = await begin()
    const second = await begin()
    expect(second.presentation.secret).not.toBe(first.presentation.secret)
    expect(await confirm(first)).toEqual({ outcome: 'expired' })
    expect(await factors.pendingEnrollment(occasion())).toEqual(second)
  })

  test('is over after thirty minutes', async () => {
    const enrolled = await begin()
    bench.seconds = 30 * 60 - 1
    expect(await factors.pendingEnrollment(occasion())).toEqual(enrolled)
    bench.seconds = 30 * 60
    expect(await factors.pendingEnrollment(occasion())).toBeUndefined()
    expect(await confirm(enrolled)).toEqual({ outcome: 'expired' })
  })

  test('that is given up is forgotten', async () => {
    const enrolled = await begin()
    await factors.abandonEnrollment(occasion(), { method: 'totp' })
    expect(await factors.pendingEnrollment(occasion())).toBeUndefined()
    expect(await confirm(enrolled)).toEqual({ outcome: 'expired' })
  })

  test('of somebody else cannot be confirmed', async () => {
    const enrolled = await begin()
    const other = await bench.newAccount()
    expect(await confirm(enrolled, { accountId: other })).toEqual({ outcome: 'expired' })
    expect(await factors.methodsOf(realm, other)).toEqual([])
  })

  test('uses up the code that confirms it', async () => {
    const enrolled = await begin()
    const answer = codeOf(enrolled)
    await confirm(enrolled, { answer })
    expect(await verify(answer)).toMatchObject({ outcome: 'wrong' })
    bench.seconds += 30
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
  })

  test('confirmed twice at once makes one factor', async () => {
    const enrolled = await begin()
    const outcomes = await Promise.allSettled([confirm(enrolled), confirm(enrolled)])
    expect(outcomes.filter((one) => one.status === 'fulfilled' && one.value.outcome === 'proved')).toHaveLength(1)
    expect(await factors.methodsOf(realm, accountId)).toHaveLength(1)
  })

  test('with a password alone is refused once there is a factor, also if it began before', async () => {
    const early = await begin()
    const further = await begin('further')
    expect(await confirm(further, { kind: 'further' })).toMatchObject({ outcome: 'proved' })
    await expect(begin()).rejects.toMatchObject({ code: 'already_bound' })
    expect(await realm.authenticators.find(early.authenticatorId)).toBeUndefined()
  })

  test('that is still open when another one is confirmed is refused', async () => {
    const open = await begin()
    // As another process leaves it that confirmed its own meanwhile.
    await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345678') })
    await expect(confirm(open)).rejects.toMatchObject({ code: 'already_bound' })
  })

  test('of a method that does not exist is a mistake in the program', async () => {
    const request = { method: 'carrier-pigeon', label: 'Bird', kind: 'first' } as const
    await expect(factors.beginEnrollment(occasion(), request)).rejects.toThrow(TypeError)
  })

  test('of a method that has nothing to bind is a mistake in the program', async () => {
    const request = { method: 'recovery-code', label: 'Paper', kind: 'first' } as const
    await expect(factors.beginEnrollment(occasion(), request)).rejects.toThrow(TypeError)
  })

  test('of a method that the realm switched off is refused', async () => {
    await expect(begin('first', { settings: { disabledMethods: ['totp'] } })).rejects.toMatchObject({ code: 'method_off' })
  })

  test('that fails often does not lock the factor that works', async () => {
    const enrolled = await enrol()
    const further = await begin('further')
    for (let count = 0; count < 6; count++) await confirm(further, { kind: 'further', answer: wrongFor(further) })
    expect(await confirm(further, { kind: 'further' })).toMatchObject({ outcome: 'throttled' })
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
  })
})

describe('a code at sign-in', () => {
  test('proves with evidence of when', async () => {
    const enrolled = await enrol()
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'proved', evidence: { amr: ['otp'], at: bench.clock() } })
    expect(await factors.methodsOf(realm, accountId)).toMatchObject([{ lastUsedAt: bench.clock() }])
  })

  test('proves once, also when it comes twenty times at once', async () => {
    const enrolled = await enrol()
    const code = codeOf(enrolled)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify(code)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
  })

  test('of the step before is refused once the current one was used', async () => {
    const enrolled = await enrol()
    const before = codeOf(enrolled)
    bench.seconds += 30
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
    expect(await verify(before)).toMatchObject({ outcome: 'wrong' })
  })

  test('of any of two factors proves', async () => {
    const phone = await enrol()
    const tablet = await enrol('further')
    expect(await verify(codeOf(tablet))).toMatchObject({ outcome: 'proved' })
    expect(await verify(codeOf(phone))).toMatchObject({ outcome: 'proved' })
  })

  test('is not looked at after five wrong ones, however right it is', async () => {
    const enrolled = await enrol()
    for (let count = 0; count < 5; count++) await verify(wrongFor(enrolled))
    const pausedUntil = new Date(bench.clock().getTime() + 30_000)
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'throttled', until: pausedUntil })
    expect(await factors.waysOf(occasion())).toMatchObject([{ method: 'totp', state: 'active', pausedUntil }])
    bench.seconds += 30
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
  })

  test('of a disabled factor is refused, and the factor still counts as one that the account has', async () => {
    const enrolled = await enrol()
    await realm.authenticators.disable(enrolled.authenticatorId)
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'disabled' })
    expect(await factors.methodsOf(realm, accountId)).toMatchObject([{ state: 'disabled' }])
    await expect(begin()).rejects.toMatchObject({ code: 'already_bound' })
  })

  test('after fifty wrong ones in a row is refused for good, and a first enrolment stays shut, until a reset', async () => {
    const life = createFactorLife({ gate: bench.gate, methods: [createTotp(bench)] })
    const enrolled = await enrol()
    await failFiftyTimes(enrolled)
    bench.seconds += 365 * 24 * 3600
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'disabled' })
    expect(await factors.waysOf(occasion())).toMatchObject([{ method: 'totp', state: 'disabled' }])
    expect(await factors.methodsOf(realm, accountId)).toHaveLength(1)
    await expect(begin()).rejects.toMatchObject({ code: 'already_bound' })
    expect(await life.reset(realm, accountId)).toMatchObject({ authenticators: 1 })
    const anew = await enrol()
    expect(await verify(codeOf(anew))).toMatchObject({ outcome: 'proved' })
  })

  test('of somebody who cannot be replaced never ends, however many were wrong', async () => {
    const { clock, random, gate } = bench
    factors = createFactors({ clock, random, gate, methods: [createTotp(bench)], isIrreplaceable: async () => true })
    try {
      const enrolled = await enrol()
      await failFiftyTimes(enrolled)
      bench.seconds += 24 * 3600
      expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
    } finally {
      factors = bench.factors
    }
  })

  test('of an account without a factor finds nothing, and counts nothing', async () => {
    expect(await verify('123456')).toEqual({ outcome: 'expired' })
    expect(await realm.attempts.find({ subject: `account:${accountId}`, method: 'totp' })).toBeUndefined()
  })

  test('is refused where the realm has switched the method off, and does not count', async () => {
    const enrolled = await enrol()
    const settings = { disabledMethods: ['totp'] }
    expect(await verify(codeOf(enrolled), { settings })).toEqual({ outcome: 'expired' })
    expect(await factors.waysOf(occasion({ settings }))).toEqual([])
    expect(await factors.begin(occasion({ settings }), { method: 'totp' })).toBeUndefined()
  })

  const failFiftyTimes = async (enrolled: Enrolled) => {
    for (let wrong = 0; wrong < 50; ) {
      const outcome = await verify(wrongFor(enrolled))
      if (outcome.outcome === 'throttled') bench.seconds += Math.ceil((outcome.until.getTime() - bench.clock().getTime()) / 1000)
      else wrong += 1
    }
  }
})

describe('the ways of an account', () => {
  test('begin with the default one and end with recovery codes and the pass', async () => {
    const secret = new TextEncoder().encode('+4915112345678')
    const totp = await enrol()
    const { id } = await bench.bind(accountId, { method: 'sms', secret })
    const digests = [bench.digest('any')]
    await realm.recoveryCodes.replace(accountId, { digests, at: bench.clock() })
    expect((await factors.waysOf(occasion())).map(({ method }) => method)).toEqual(['totp', 'sms', 'recovery-code'])
    await realm.authenticators.makeDefault(accountId, id)
    expect(await factors.waysOf(occasion())).toMatchObject([
      { method: 'sms', isDefault: true, authenticatorId: id },
      { method: 'totp', isDefault: false, authenticatorId: totp.authenticatorId },
      { method: 'recovery-code', hint: '1' },
    ])
  })

  test('leave out what is proposed or pending', async () => {
    const secret = new TextEncoder().encode('+4915112345678')
    await bench.bind(accountId, { method: 'sms', state: 'proposed', secret })
    await begin()
    expect(await factors.waysOf(occasion())).toEqual([])
    expect(await factors.begin(occasion(), { method: 'sms' })).toBeUndefined()
    expect(bench.messages).toEqual([])
  })

  test('that need nothing beforehand ask for a code', async () => {
    await enrol()
    expect(await factors.begin(occasion(), { method: 'totp' })).toEqual({ kind: 'code' })
    expect(
      await factors.begin(occasion(), { method: 'totp', authenticatorId: crypto.randomUUID() as AuthenticatorId }),
    ).toBeUndefined()
  })

  test('are those of the methods in the table', async () => {
    const pigeon: Method = {
      id: 'pigeon',
      strength: 'second-factor',
      rules: 'unguessable',
      waysOf: async () => [{ method: 'pigeon', label: 'Bird', state: 'active', isDefault: false }],
      match: async (_occasion, _authenticators, answer) =>
        answer === 'coo' ? { amr: ['kba'], burn: async () => true } : answer === '' ? 'expired' : undefined,
    }
    const { clock, random, gate } = bench
    const birds = createFactors({ clock, random, gate, methods: [pigeon] })
    const shown = (answer: string) => birds.verify(occasion(), { method: 'pigeon', answer })
    expect(await birds.waysOf(occasion())).toMatchObject([{ method: 'pigeon', strength: 'second-factor' }])
    for (let count = 0; count < 60; count++) expect(await shown('moo')).toEqual({ outcome: 'wrong' })
    expect(await shown('')).toEqual({ outcome: 'expired' })
    expect(await shown('coo')).toMatchObject({ outcome: 'proved', evidence: { amr: ['kba'] } })
  })
})
