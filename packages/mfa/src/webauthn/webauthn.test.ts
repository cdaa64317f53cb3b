import type { AccountId } from '@postern/storage'
import { type OpenBackend, pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Occasion } from '../method.ts'
import { party } from './testing/bound-credential.ts'
import { createSoftAuthenticator, flag, type SoftAuthenticator } from './testing/soft-authenticator.ts'
import { stageOf, type WebauthnStage } from './testing/webauthn-stage.ts'

const origin = party.origins[0] ?? ''

let opened: OpenBackend
let stage: WebauthnStage
let mary: AccountId
let occasion: Occasion
let key: SoftAuthenticator

beforeAll(async () => {
  opened = await pglite.open()
})
afterAll(() => opened.close())

beforeEach(async () => {
  stage = stageOf(await opened.newRealm(), sampleAccount)
  mary = await stage.addAccount()
  occasion = stage.occasionOf(mary)
  key = createSoftAuthenticator({ origin })
})

const proved = (...amr: string[]) => ({ outcome: 'proved', evidence: { amr, at: stage.clock() } })
const kept = async () => (await stage.realm.authenticators.list(mary)).at(-1)

describe('binding a key', () => {
  test('asks for what is wanted and for nothing that tells who it is', async () => {
    const { options } = await stage.beginEnrollment(occasion)
    expect(options).toMatchObject({
      rp: { id: party.id, name: 'Contoso' },
      user: { id: Buffer.from(mary.replaceAll('-', ''), 'hex').toString('base64url'), name: 'mary@contoso.com' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: [],
      timeout: 300_000,
    })
    expect(Buffer.from(String(options.challenge), 'base64url')).toHaveLength(32)
  })

  test('keeps it, and nothing before it has answered', async () => {
    await stage.beginEnrollment(occasion)
    expect(await kept()).toMatchObject({ state: 'pending', secret: new Uint8Array() })
    expect(await stage.enrol(occasion, key)).toEqual(proved('hwk'))
    expect(await kept()).toMatchObject({
      state: 'active',
      credentialId: Buffer.from(key.credentialId).toString('base64url'),
      lastStep: 1,
      detail: { backupEligible: false, backedUp: false, userVerified: true, transports: ['internal'] },
    })
  })

  test('shows those that are there, so that no device holds two', async () => {
    await stage.enrol(occasion, key)
    const { options } = await stage.beginEnrollment(occasion, 'further')
    const id = Buffer.from(key.credentialId).toString('base64url')
    expect(options.excludeCredentials).toEqual([{ id, type: 'public-key', transports: ['internal'] }])
  })

  test('is refused when somebody else has the same credential', async () => {
    await stage.enrol(occasion, key)
    const other = stage.occasionOf(await stage.addAccount())
    await expect(stage.enrol(other, key)).rejects.toMatchObject({ code: 'already_bound' })
    expect(await stage.factors.methodsOf(stage.realm, other.accountId)).toEqual([])
  })

  test('is refused with the challenge of a sign-in', async () => {
    await stage.enrol(occasion, key)
    const { authenticatorId } = await stage.beginEnrollment(occasion, 'further')
    const second = createSoftAuthenticator({ origin })
    const options = { ...(await stage.begin(occasion)), rp: { id: party.id }, user: { id: 'AAAA' } }
    const shown = { authenticatorId, answer: second.create(options), kind: 'further' } as const
    const refused = { outcome: 'wrong', because: 'challenge_unknown' }
    expect(await stage.factors.confirmEnrollment(occasion, shown)).toEqual(refused)
  })

  test('is good once, whatever became of the first answer', async () => {
    const { authenticatorId, options } = await stage.beginEnrollment(occasion)
    const confirm = (answer: string) => stage.factors.confirmEnrollment(occasion, { authenticatorId, answer, kind: 'first' })
    const elsewhere = key.create(options, { origin: 'https://evil.example' })
    expect(await confirm(elsewhere)).toEqual({ outcome: 'wrong', because: 'origin_wrong' })
    expect(await confirm(key.create(options))).toEqual({ outcome: 'wrong', because: 'challenge_unknown' })
    expect(await confirm('x')).toEqual({ outcome: 'wrong', because: 'malformed' })
    const again = await stage.factors.pendingEnrollment(occasion)
    if (again?.presentation.kind !== 'webauthn') throw new TypeError('the page shows a new challenge')
    expect(await confirm(key.create(again.presentation.options))).toEqual(proved('hwk'))
  })

  test('may be looked at twice: both pages work, and both only for five minutes', async () => {
    const { authenticatorId, options } = await stage.beginEnrollment(occasion)
    await stage.factors.pendingEnrollment(occasion)
    stage.pass(300)
    const confirm = (answer: string) => stage.factors.confirmEnrollment(occasion, { authenticatorId, answer, kind: 'first' })
    expect(await confirm(key.create(options))).toEqual({ outcome: 'wrong', because: 'challenge_unknown' })
    const late = await stage.beginEnrollment(occasion)
    stage.pass(299)
    await stage.factors.pendingEnrollment(occasion)
    const answer = key.create(late.options)
    const shown = { authenticatorId: late.authenticatorId, answer, kind: 'first' } as const
    expect(await stage.factors.confirmEnrollment(occasion, shown)).toEqual(proved('hwk'))
  })
})

describe('a key as a second factor', () => {
  beforeEach(async () => {
    await stage.enrol(occasion, key)
  })

  test('proves once, and says how', async () => {
    const options = await stage.begin(occasion)
    const id = Buffer.from(key.credentialId).toString('base64url')
    expect(options).toMatchObject({
      rpId: party.id,
      userVerification: 'preferred',
      allowCredentials: [{ id, type: 'public-key', transports: ['internal'] }],
    })
    const answer = key.get(options)
    expect(await stage.verify(occasion, answer)).toEqual(proved('hwk'))
    expect(await stage.verify(occasion, answer)).toEqual({ outcome: 'expired' })
    expect(await kept()).toMatchObject({ lastStep: 2, lastUsedAt: stage.clock() })
  })

  test('is asked anew after a wrong answer: that challenge is used up too', async () => {
    const options = await stage.begin(occasion)
    expect(await stage.verify(occasion, key.get(options, { rpId: 'evil.example' }))).toEqual({
      outcome: 'wrong',
      because: 'invalid',
    })
    expect(await stage.verify(occasion, key.get(options))).toEqual({ outcome: 'expired' })
  })

  test('of twenty answers at once lets one in', async () => {
    const answer = key.get(await stage.begin(occasion))
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => stage.verify(occasion, answer)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
  })

  test('and its copy, with one counter, are let in once', async () => {
    const lies = { counter: 9 }
    const answers = [key.get(await stage.begin(occasion), lies), key.get(await stage.begin(occasion), lies)]
    const outcomes = await Promise.all(answers.map((answer) => stage.verify(occasion, answer)))
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['proved', 'wrong'])
  })

  test('that never counts is let in again and again', async () => {
    const still = createSoftAuthenticator({ origin, counts: 0, isSyncable: true })
    await stage.enrol(occasion, still, {}, 'further')
    for (let use = 0; use < 3; use += 1) {
      expect(await stage.verify(occasion, still.get(await stage.begin(occasion)))).toEqual(proved('swk'))
    }
    expect(await stage.verify(occasion, still.get(await stage.begin(occasion), { counter: 4 }))).toEqual(proved('swk'))
    expect(await stage.verify(occasion, still.get(await stage.begin(occasion)))).toEqual({
      outcome: 'wrong',
      because: 'counter_went_back',
    })
  })

  test('is not locked by wrong answers, however many', async () => {
    for (let wrong = 0; wrong < 60; wrong += 1) await stage.verify(occasion, key.get(await stage.begin(occasion), { type: 'x' }))
    expect(await stage.verify(occasion, key.get(await stage.begin(occasion)))).toEqual(proved('hwk'))
  })

  test('of somebody else is refused, however right it is', async () => {
    const bob = stage.occasionOf(await stage.addAccount())
    const his = createSoftAuthenticator({ origin })
    await stage.enrol(bob, his)
    expect(await stage.verify(occasion, his.get(await stage.begin(occasion)))).toEqual({
      outcome: 'wrong',
      because: 'credential_unknown',
    })
    // Nor with a challenge of his own.
    expect(await stage.verify(occasion, his.get(await stage.begin(bob)))).toEqual({ outcome: 'expired' })
  })

  test('is of the sign-in that asked: another one finds no challenge', async () => {
    const options = await stage.begin(occasion)
    const elsewhere = stage.occasionOf(mary, 'another browser')
    expect(await stage.verify(elsewhere, key.get(options))).toEqual({ outcome: 'expired' })
    expect(await stage.verify(occasion, key.get(options))).toEqual(proved('hwk'))
  })

  test('is refused with the challenge of a passkey or of an enrolment', async () => {
    const { options } = await stage.beginEnrollment(occasion, 'further')
    for (const { challenge } of [options, await stage.beginPasskey()]) {
      expect(await stage.verify(occasion, key.get({ rpId: party.id, challenge }))).toEqual({ outcome: 'expired' })
    }
  })

  test('is refused after five minutes', async () => {
    const options = await stage.begin(occasion)
    stage.pass(300)
    expect(await stage.verify(occasion, key.get(options))).toEqual({ outcome: 'expired' })
  })

  test.each(['', 'x', '{}', '[]', '🔑'])('is not confused by %j', async (answer) => {
    expect(await stage.verify(occasion, answer)).toEqual({ outcome: 'wrong', because: 'malformed' })
  })
})

describe('a passkey alone', () => {
  beforeEach(async () => {
    await stage.enrol(occasion, key)
  })

  test('says whose it is, and that it checked its owner', async () => {
    const options = await stage.beginPasskey()
    expect(options.allowCredentials).toBeUndefined()
    expect(options).toMatchObject({ rpId: party.id, userVerification: 'required' })
    const answer = key.get(options)
    expect(await stage.verifyPasskey(answer)).toEqual({ ...proved('hwk', 'mfa'), accountId: mary })
    expect(await stage.verifyPasskey(answer)).toEqual({ outcome: 'expired' })
  })

  test('of twenty answers at once lets one in', async () => {
    const answer = key.get(await stage.beginPasskey())
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => stage.verifyPasskey(answer)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
  })

  test('is refused where it did not check its owner, and the answer is used up', async () => {
    const options = await stage.beginPasskey()
    const because = 'user_not_verified'
    const refused = { outcome: 'wrong', because, accountId: mary }
    expect(await stage.verifyPasskey(key.get(options, { flags: flag.present }))).toEqual(refused)
    expect(await stage.verifyPasskey(key.get(options))).toEqual({ outcome: 'expired' })
  })

  test('is refused where nobody knows it', async () => {
    const stranger = createSoftAuthenticator({ origin })
    stranger.create({ rp: { id: party.id }, user: { id: 'AAAA' }, challenge: 'x' })
    const refused = { outcome: 'wrong', because: 'credential_unknown' }
    expect(await stage.verifyPasskey(stranger.get(await stage.beginPasskey()))).toEqual(refused)
  })

  test('is refused with the challenge of another sign-in, or of a second factor', async () => {
    expect(await stage.verifyPasskey(key.get(await stage.beginPasskey('another browser')))).toEqual({ outcome: 'expired' })
    expect(await stage.verifyPasskey(key.get(await stage.begin(occasion)))).toEqual({ outcome: 'expired' })
  })

  test('is refused while its account may not sign in', async () => {
    const joe = stage.occasionOf(await stage.addAccount({ status: 'disabled' }))
    const his = createSoftAuthenticator({ origin })
    await stage.enrol(joe, his)
    const refused = { outcome: 'wrong', because: 'account_unusable', accountId: joe.accountId }
    expect(await stage.verifyPasskey(his.get(await stage.beginPasskey()))).toEqual(refused)
  })

  test('is refused once it was removed', async () => {
    const answer = key.get(await stage.beginPasskey())
    const bound = await kept()
    if (bound !== undefined) await stage.realm.authenticators.remove(bound.id)
    expect(await stage.verifyPasskey(answer)).toEqual({ outcome: 'wrong', because: 'credential_unknown' })
  })

  test('with a counter that went back is refused, and the trail can say so', async () => {
    await stage.verifyPasskey(key.get(await stage.beginPasskey(), { counter: 40 }))
    const refused = { outcome: 'wrong', because: 'counter_went_back', accountId: mary }
    expect(await stage.verifyPasskey(key.get(await stage.beginPasskey(), { counter: 39 }))).toEqual(refused)
    expect(await stage.verifyPasskey(key.get(await stage.beginPasskey(), { counter: 41 }))).toMatchObject({ outcome: 'proved' })
  })

  test('is neither offered nor taken where the realm has none', async () => {
    const off = { attempt: 'the sign-in of this browser', settings: { disabledMethods: ['webauthn'] } }
    const answer = key.get(await stage.beginPasskey())
    expect(await stage.passkeys.begin(stage.realm, off)).toBeUndefined()
    expect(await stage.passkeys.verify(stage.realm, { ...off, answer })).toEqual({ outcome: 'expired' })
  })
})
