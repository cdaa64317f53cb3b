import type { AccountId, RealmStore } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { generateSync } from 'otplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFactors } from './factors.ts'
import { createAttemptGate } from './gate.ts'

const start = Date.parse('2026-03-01T12:00:00Z')
let seconds = 0
const clock = () => new Date(start + seconds * 1000)
let drawn = 0
/** A stream of bytes that never repeats and is the same in every run. */
const random = (bytes: number) =>
  Uint8Array.from({ length: bytes }, () => {
    drawn += 1
    return (drawn * 167 + (drawn >> 8) * 31) % 256
  })
const gate = createAttemptGate({ clock })
const factors = createFactors({ clock, random, gate })
const names = { issuerName: 'Contoso', accountName: 'mary@contoso.com' }
const begunBy = 'uid of one sign-in'

let opened: OpenBackend
let realm: RealmStore
let accountId: AccountId

beforeAll(async () => {
  opened = await pglite.open()
  realm = await opened.newRealm()
})
afterAll(() => opened.close())

beforeEach(async () => {
  seconds = 0
  accountId = await newAccount()
})

async function newAccount(): Promise<AccountId> {
  const account = sampleAccount()
  await realm.accounts.add(account)
  return account.id
}
const begin = (kind?: 'further') =>
  factors.beginEnrollment(realm, { accountId, method: 'totp', label: 'Phone', begunBy, ...names, ...(kind && { kind }) })
const codeOf = ({ secret }: { secret: string }) => generateSync({ secret, epoch: Math.floor(clock().getTime() / 1000) })
const wrongFor = (enrolled: { secret: string }) => (codeOf(enrolled) === '000000' ? '000001' : '000000')
const verify = (code: string) => factors.verify(realm, { accountId, method: 'totp', code })
async function enrol(kind?: 'further') {
  const enrolled = await begin(kind)
  const outcome = await factors.confirmEnrollment(realm, {
    accountId,
    authenticatorId: enrolled.authenticatorId,
    begunBy,
    code: codeOf(enrolled),
    ...(kind && { kind }),
  })
  expect(outcome.outcome).toBe('proved')
  seconds += 30
  return enrolled
}

describe('an enrolment', () => {
  test('counts for nothing before a right code, and for one factor after it', async () => {
    const enrolled = await begin()
    expect(enrolled.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(await factors.methodsOf(realm, accountId)).toEqual([])
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'expired' })
    const request = { accountId, begunBy, authenticatorId: enrolled.authenticatorId }
    expect(await factors.confirmEnrollment(realm, { ...request, code: wrongFor(enrolled) })).toEqual({
      outcome: 'wrong',
      attemptsLeft: 4,
    })
    expect(await factors.methodsOf(realm, accountId)).toEqual([])
    expect(await factors.confirmEnrollment(realm, { ...request, code: codeOf(enrolled) })).toEqual({
      outcome: 'proved',
      evidence: { amr: 'otp', at: clock() },
    })
    expect(await factors.methodsOf(realm, accountId)).toEqual([
      { id: enrolled.authenticatorId, method: 'totp', label: 'Phone', state: 'active' },
    ])
  })

  test('shows the same secret when the page is loaded again', async () => {
    const enrolled = await begin()
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy, ...names })).toEqual(enrolled)
  })

  test('is of the one who began it: another with the same password sees none and can confirm none', async () => {
    const enrolled = await begin()
    const other = 'uid of another sign-in'
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy: other, ...names })).toBeUndefined()
    const request = { accountId, authenticatorId: enrolled.authenticatorId, code: codeOf(enrolled) }
    expect(await factors.confirmEnrollment(realm, { ...request, begunBy: other })).toEqual({ outcome: 'expired' })
    const kept = await realm.authenticators.find(enrolled.authenticatorId)
    expect(kept).toMatchObject({ state: 'pending' })
    expect(JSON.stringify(kept)).not.toContain(begunBy)
    expect(await factors.confirmEnrollment(realm, { ...request, begunBy })).toMatchObject({ outcome: 'proved' })
  })

  test('that names nobody who began it is of nobody', async () => {
    const enrolled = await factors.beginEnrollment(realm, { accountId, method: 'totp', label: 'Phone', ...names })
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy: '', ...names })).toBeUndefined()
    const request = { accountId, authenticatorId: enrolled.authenticatorId, code: codeOf(enrolled) }
    expect(await factors.confirmEnrollment(realm, { ...request, begunBy: '' })).toEqual({ outcome: 'expired' })
  })

  test('that begins anew ends the one before', async () => {
    const first = await begin()
    const second = await begin()
    expect(second.secret).not.toBe(first.secret)
    const request = { accountId, begunBy, authenticatorId: first.authenticatorId, code: codeOf(first) }
    expect(await factors.confirmEnrollment(realm, request)).toEqual({ outcome: 'expired' })
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy, ...names })).toEqual(second)
  })

  test('is over after thirty minutes', async () => {
    const enrolled = await begin()
    seconds = 30 * 60 - 1
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy, ...names })).toEqual(enrolled)
    seconds = 30 * 60
    expect(await factors.pendingEnrollment(realm, { accountId, method: 'totp', begunBy, ...names })).toBeUndefined()
    const request = { accountId, begunBy, authenticatorId: enrolled.authenticatorId, code: codeOf(enrolled) }
    expect(await factors.confirmEnrollment(realm, request)).toEqual({ outcome: 'expired' })
  })

  test('of somebody else cannot be confirmed', async () => {
    const enrolled = await begin()
    const other = await newAccount()
    const request = { accountId: other, begunBy, authenticatorId: enrolled.authenticatorId, code: codeOf(enrolled) }
    expect(await factors.confirmEnrollment(realm, request)).toEqual({ outcome: 'expired' })
    expect(await factors.methodsOf(realm, other)).toEqual([])
  })

  test('uses up the code that confirms it', async () => {
    const enrolled = await begin()
    const code = codeOf(enrolled)
    await factors.confirmEnrollment(realm, { accountId, begunBy, authenticatorId: enrolled.authenticatorId, code })
    expect(await verify(code)).toMatchObject({ outcome: 'wrong' })
    seconds += 30
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
  })

  test('confirmed twice at once makes one factor', async () => {
    const enrolled = await begin()
    const request = { accountId, begunBy, authenticatorId: enrolled.authenticatorId, code: codeOf(enrolled) }
    const outcomes = await Promise.allSettled([
      factors.confirmEnrollment(realm, request),
      factors.confirmEnrollment(realm, request),
    ])
    expect(outcomes.filter((one) => one.status === 'fulfilled' && one.value.outcome === 'proved')).toHaveLength(1)
    expect(await factors.methodsOf(realm, accountId)).toHaveLength(1)
  })

  test('with a password alone is refused once there is a factor, also if it began before', async () => {
    const early = await begin()
    const further = await factors.beginEnrollment(realm, {
      accountId,
      method: 'totp',
      label: 'Tablet',
      begunBy,
      ...names,
      kind: 'further',
    })
    const proof = { accountId, begunBy, authenticatorId: further.authenticatorId, code: codeOf(further) }
    expect(await factors.confirmEnrollment(realm, { ...proof, kind: 'further' })).toMatchObject({ outcome: 'proved' })
    await expect(begin()).rejects.toMatchObject({ code: 'already_bound' })
    const late = await realm.authenticators.find(early.authenticatorId)
    expect(late).toBeUndefined()
  })

  test('that is still open when another one is confirmed is refused', async () => {
    const open = await begin()
    // As another process leaves it that confirmed its own meanwhile.
    await realm.authenticators.add({
      id: crypto.randomUUID() as typeof open.authenticatorId,
      accountId,
      method: 'sms',
      label: 'Other',
      secret: new Uint8Array(20),
      state: 'active',
      createdAt: clock(),
    })
    const request = { accountId, begunBy, authenticatorId: open.authenticatorId, code: codeOf(open) }
    await expect(factors.confirmEnrollment(realm, request)).rejects.toMatchObject({ code: 'already_bound' })
  })

  test('of a method that does not exist is a mistake in the program', async () => {
    const request = { accountId, method: 'carrier-pigeon', label: 'Bird', ...names }
    await expect(factors.beginEnrollment(realm, request)).rejects.toThrow(TypeError)
  })

  test('that fails often does not lock the factor that works', async () => {
    const enrolled = await enrol()
    const further = await begin('further')
    const request = { accountId, begunBy, authenticatorId: further.authenticatorId, kind: 'further' as const }
    for (let count = 0; count < 6; count++) await factors.confirmEnrollment(realm, { ...request, code: wrongFor(further) })
    expect(await factors.confirmEnrollment(realm, { ...request, code: codeOf(further) })).toMatchObject({ outcome: 'throttled' })
    expect(await verify(codeOf(enrolled))).toMatchObject({ outcome: 'proved' })
  })
})

describe('a code at sign-in', () => {
  test('proves with evidence of when', async () => {
    const enrolled = await enrol()
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'proved', evidence: { amr: 'otp', at: clock() } })
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
    seconds += 30
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
    const code = codeOf(enrolled)
    expect(await verify(code)).toEqual({ outcome: 'throttled', until: new Date(clock().getTime() + 30_000) })
    seconds += 30
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
    const enrolled = await enrol()
    for (let wrong = 0; wrong < 50; ) {
      const outcome = await verify(wrongFor(enrolled))
      if (outcome.outcome === 'throttled') seconds = Math.ceil((outcome.until.getTime() - start) / 1000)
      else wrong += 1
    }
    seconds += 365 * 24 * 3600
    expect(await verify(codeOf(enrolled))).toEqual({ outcome: 'disabled' })
    expect(await factors.methodsOf(realm, accountId)).toHaveLength(1)
    await expect(begin()).rejects.toMatchObject({ code: 'already_bound' })
    expect(await factors.reset(realm, accountId)).toBe(1)
    const anew = await enrol()
    expect(await verify(codeOf(anew))).toMatchObject({ outcome: 'proved' })
  })

  test('of an account without a factor finds nothing, and counts nothing', async () => {
    expect(await verify('123456')).toEqual({ outcome: 'expired' })
    expect(await realm.attempts.find({ subject: `account:${accountId}`, method: 'totp' })).toBeUndefined()
  })
})
