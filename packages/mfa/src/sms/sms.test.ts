import type { AccountId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Occasion, Prompt } from '../method.ts'
import { openWorkbench, start, type Workbench } from '../testing/workbench.ts'

let bench: Workbench
let accountId: AccountId
let numbers = 0

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
})
afterAll(() => bench.close())
beforeEach(async () => {
  bench.seconds += 100_000 // so that the budgets of one test are not those of the next
  bench.messages.length = 0
  bench.told.length = 0
  bench.delivery = { outcome: 'accepted', sender: 'test' }
  accountId = await bench.newAccount()
})

/** A number that no other test has. */
const newNumber = () => {
  numbers += 1
  return `+4915112${String(340_000 + numbers)}`
}
const bind = (own: { number?: string; channel?: 'sms' | 'voice' } = {}) =>
  bench.bind(accountId, {
    method: 'sms',
    secret: new TextEncoder().encode(own.number ?? newNumber()),
    detail: { channel: own.channel ?? 'sms' },
  })
const begin = (own: Partial<Occasion> = {}, again = false) =>
  bench.factors.begin(bench.occasion(accountId, own), { method: 'sms', again })
const verify = (answer: string, own: Partial<Occasion> = {}) =>
  bench.factors.verify(bench.occasion(accountId, own), { method: 'sms', answer })
const inSeconds = (seconds: number) => new Date(bench.clock().getTime() + seconds * 1000)
const wrong = () => (bench.codeSent() === '000000' ? '000001' : '000000')

describe('a code by SMS', () => {
  test('is sent to the number, and its prompt tells how long it lives', async () => {
    const { secret } = await bind()
    const number = new TextDecoder().decode(secret)
    expect(await begin()).toEqual({
      kind: 'sent',
      to: `+49 ••••• ${number.slice(-2)}`,
      channel: 'sms',
      resendAt: inSeconds(30),
      expiresAt: inSeconds(600),
    })
    expect(bench.messages).toMatchObject([{ to: number, channel: 'sms', language: 'en' }])
    expect(bench.messages[0]?.text).toMatch(/^\d{6} is your code for Contoso\. Give it to nobody\.\n\n@sts\.contoso\.com #\d{6}$/)
  })

  test('proves once', async () => {
    const { id } = await bind()
    await begin()
    const code = bench.codeSent()
    expect(await verify(code)).toEqual({ outcome: 'proved', evidence: { amr: ['sms'], at: bench.clock() } })
    expect(await verify(code)).toEqual({ outcome: 'expired' })
    expect(await bench.realm.authenticators.find(id)).toMatchObject({ lastUsedAt: bench.clock() })
  })

  test('proves once, also when it comes twenty times at once', async () => {
    await bind()
    await begin()
    const code = bench.codeSent()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify(code)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toHaveLength(1)
  })

  test('of one sign-in is nothing in another one', async () => {
    await bind()
    await begin({ attempt: 'A' })
    const code = bench.codeSent()
    expect(await verify(code, { attempt: 'B' })).toEqual({ outcome: 'expired' })
    bench.seconds += 30
    await begin({ attempt: 'B' })
    expect(bench.codeSent()).not.toBe(code)
    expect(await verify(code, { attempt: 'B' })).toMatchObject({ outcome: 'wrong' })
    expect(await verify(code, { attempt: 'A' })).toMatchObject({ outcome: 'proved' })
  })

  test('of one account is nothing for another one', async () => {
    await bind()
    await begin()
    const code = bench.codeSent()
    accountId = await bench.newAccount()
    await bind()
    expect(await verify(code)).toEqual({ outcome: 'expired' })
  })

  test.each([
    [599, 'proved'],
    [600, 'expired'],
  ])('after %i seconds is %s', async (seconds, outcome) => {
    await bind()
    await begin()
    bench.seconds += seconds
    expect(await verify(bench.codeSent())).toMatchObject({ outcome })
  })

  test('typed with spaces or a dash is the same', async () => {
    await bind()
    await begin()
    const code = bench.codeSent()
    expect(await verify(` ${code.slice(0, 3)}-${code.slice(3)} `)).toMatchObject({ outcome: 'proved' })
  })

  test('is sent once by a page that is loaded twice, also at the same time', async () => {
    await bind()
    const prompts = await Promise.all(Array.from({ length: 5 }, () => begin()))
    expect(bench.messages).toHaveLength(1)
    expect(new Set(prompts.map((prompt) => JSON.stringify(prompt)))).toHaveLength(1)
    bench.seconds += 300
    expect(await begin()).toEqual(prompts[0])
    expect(bench.messages).toHaveLength(1)
  })

  test('is sent again after thirty seconds and not before, and the new one ends the old one', async () => {
    await bind()
    const prompt = await begin()
    bench.seconds += 29
    expect(await begin({}, true)).toEqual(prompt)
    expect(bench.messages).toHaveLength(1)
    bench.seconds += 1
    expect(await begin({}, true)).toMatchObject({ kind: 'sent', resendAt: inSeconds(30), expiresAt: inSeconds(600) })
    expect(bench.messages).toHaveLength(2)
    expect(await verify(bench.codeSent(2))).toMatchObject({ outcome: 'wrong' })
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('that is sent again does not make wrong answers forgotten (R94)', async () => {
    await bind()
    await begin()
    for (let count = 0; count < 4; count++) await verify(wrong())
    bench.seconds += 30
    await begin({}, true)
    expect(await verify(wrong())).toMatchObject({ outcome: 'wrong', attemptsLeft: 0, until: inSeconds(30) })
    expect(await verify(bench.codeSent())).toEqual({ outcome: 'throttled', until: inSeconds(30) })
  })

  test('is held against five answers, however long one waits in between', async () => {
    await bind()
    await begin()
    for (let count = 0; count < 5; count++) await verify(wrong())
    bench.seconds += 30
    expect(await verify(bench.codeSent())).toEqual({ outcome: 'expired' })
    bench.seconds += 60
    expect(await begin()).toMatchObject({ kind: 'sent', expiresAt: inSeconds(600) })
    expect(bench.messages).toHaveLength(2)
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('can be sent anew in the same sign-in after one was used', async () => {
    await bind()
    await begin()
    await verify(bench.codeSent())
    bench.seconds += 60
    await begin()
    expect(bench.messages).toHaveLength(2)
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('goes to the number that was chosen, or else to the default one', async () => {
    const first = await bind()
    const second = await bind()
    await bench.realm.authenticators.makeDefault(accountId, second.id)
    await begin()
    await bench.factors.begin(bench.occasion(accountId), { method: 'sms', authenticatorId: first.id })
    expect(bench.messages.map(({ to }) => to)).toEqual([second, first].map(({ secret }) => new TextDecoder().decode(secret)))
    expect(await verify(bench.codeSent(2))).toMatchObject({ outcome: 'proved' })
    expect(await verify(bench.codeSent(1))).toMatchObject({ outcome: 'proved' })
  })

  test('of a number that was taken away meanwhile proves nothing', async () => {
    const { id } = await bind()
    await begin()
    await bench.realm.authenticators.disable(id)
    expect(await verify(bench.codeSent())).toEqual({ outcome: 'disabled' })
  })

  test('read out is spoken digit by digit, and says so in its evidence', async () => {
    await bind({ channel: 'voice' })
    expect(await begin({ language: 'de-AT' })).toMatchObject({ kind: 'sent', channel: 'voice' })
    const [message] = bench.messages
    expect(message).toMatchObject({ channel: 'voice', language: 'de' })
    const spoken = message?.text.match(/(?:\d, ){5}\d/g) ?? []
    expect(spoken).toHaveLength(2)
    expect(message?.text).not.toContain('#')
    expect(await verify(spoken[0]?.replaceAll(', ', '') ?? '')).toMatchObject({ evidence: { amr: ['sms', 'tel'] } })
  })

  test('is offered as a way with the masked number', async () => {
    const { id, secret } = await bind()
    const hint = `+49 ••••• ${new TextDecoder().decode(secret).slice(-2)}`
    expect(await bench.factors.waysOf(bench.occasion(accountId))).toMatchObject([{ method: 'sms', authenticatorId: id, hint }])
  })
})

describe('when a message cannot be sent', () => {
  test('because no sender takes it, the person is told, no code is left, and the next try sends', async () => {
    const { secret } = await bind()
    bench.delivery = { outcome: 'undeliverable', because: 'unreachable' }
    const to = `+49 ••••• ${new TextDecoder().decode(secret).slice(-2)}`
    for (let count = 0; count < 12; count++) expect(await begin()).toEqual({ kind: 'undeliverable', to })
    expect(await verify(bench.codeSent())).toEqual({ outcome: 'expired' })
    bench.delivery = { outcome: 'accepted', sender: 'test' }
    expect(await begin()).toMatchObject({ kind: 'sent' })
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('for certain, as nobody knows whether it went, it counts as sent and is not sent again by itself', async () => {
    await bind()
    bench.delivery = { outcome: 'unknown', sender: 'test' }
    expect(await begin()).toMatchObject({ kind: 'sent' })
    await begin()
    expect(bench.messages).toHaveLength(1)
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
  })

  test('because numbers like it get none here, nothing is sent', async () => {
    await bind()
    expect(await begin({ settings: { smsPrefixes: ['+43', '+41'] } })).toEqual({ kind: 'limited' })
    expect(bench.messages).toEqual([])
    expect(await begin({ settings: { smsPrefixes: ['+43', '+49'] } })).toMatchObject({ kind: 'sent' })
  })

  test('because twenty were asked for, five go out in an hour, and the code that was sent last stays good (R106)', async () => {
    await bind()
    const began = bench.seconds
    const prompts: (Prompt | undefined)[] = []
    for (let count = 0; count < 20; count++) {
      prompts.push(await begin({}, true))
      bench.seconds += 30
    }
    expect(bench.messages).toHaveLength(5)
    expect(prompts.slice(5).every((prompt) => prompt?.kind === 'limited')).toBe(true)
    expect(prompts[5]).toEqual({ kind: 'limited', until: new Date(start + (began + 3600) * 1000) })
    expect(await verify(bench.codeSent())).toMatchObject({ outcome: 'proved' })
    bench.seconds = began + 3599
    expect(await begin()).toMatchObject({ kind: 'limited' })
    bench.seconds = began + 3600
    expect(await begin()).toMatchObject({ kind: 'sent' })
  })

  test('because the account had ten on a day, none goes out to a new number either', async () => {
    for (let count = 0; count < 10; count++) {
      const one = await bind()
      await begin({ attempt: `sign-in ${count}` })
      await bench.realm.authenticators.remove(one.id)
    }
    await bind()
    expect(await begin({ attempt: 'the last one' })).toEqual({ kind: 'limited', until: inSeconds(24 * 3600) })
    expect(bench.messages).toHaveLength(10)
  })

  test('because nothing is looked at for longer than a code lives, none is sent', async () => {
    await bind()
    const windowEnds = inSeconds(24 * 3600)
    let until = bench.clock()
    while (until < inSeconds(600)) {
      bench.seconds += Math.max(0, (until.getTime() - bench.clock().getTime()) / 1000)
      await begin()
      const outcome = await verify(wrong())
      if (outcome.outcome === 'throttled') until = outcome.until
    }
    expect(until).toEqual(windowEnds)
    bench.seconds += 600
    bench.messages.length = 0
    expect(await begin()).toEqual({ kind: 'limited', until })
    expect(bench.messages).toEqual([])
  })

  test('because one number had five, another account sends it none either', async () => {
    const number = newNumber()
    for (let count = 0; count < 6; count++) {
      accountId = await bench.newAccount()
      await bind({ number })
      await begin({ attempt: `sign-in ${count}` })
    }
    expect(bench.messages).toHaveLength(5)
  })

  test('because one network had twenty, another account there gets none, and one elsewhere does', async () => {
    for (let count = 0; count < 21; count++) {
      accountId = await bench.newAccount()
      await bind()
      await begin({ source: `2001:db8:1:2::${count + 1}` })
    }
    expect(bench.messages).toHaveLength(20)
    expect(await begin({ source: '2001:db8:1:3::1' })).toMatchObject({ kind: 'sent' })
  })
})

describe('a number', () => {
  const beginWith = (own: { phone?: string; channel?: 'sms' | 'voice'; proposedId?: string }, occasion: Partial<Occasion> = {}) =>
    bench.factors.beginEnrollment(bench.occasion(accountId, occasion), { method: 'sms', label: 'Phone', kind: 'first', ...own })
  const confirm = (authenticatorId: string, answer: string) =>
    bench.factors.confirmEnrollment(bench.occasion(accountId), { authenticatorId, answer, kind: 'first' })

  test('is bound by the code that was sent to it', async () => {
    const number = newNumber()
    const enrollment = await beginWith({ phone: number.replace('+49151', '+49 (0)151 / ') })
    if ('refused' in enrollment) throw new TypeError('refused')
    const to = `+49 ••••• ${number.slice(-2)}`
    expect(enrollment.presentation).toEqual({
      kind: 'message',
      prompt: { kind: 'sent', to, channel: 'sms', resendAt: inSeconds(30), expiresAt: inSeconds(600) },
    })
    expect(bench.messages).toMatchObject([{ to: number }])
    expect(await bench.factors.waysOf(bench.occasion(accountId))).toEqual([])
    expect(await confirm(enrollment.authenticatorId, wrong())).toMatchObject({ outcome: 'wrong' })
    const code = bench.codeSent()
    expect(await confirm(enrollment.authenticatorId, code)).toMatchObject({ outcome: 'proved', evidence: { amr: ['sms'] } })
    expect(await bench.factors.methodsOf(bench.realm, accountId)).toMatchObject([
      { method: 'sms', detail: { channel: 'sms', masked: to } },
    ])
    expect(await verify(code)).toEqual({ outcome: 'expired' })
  })

  test('that is being bound is sent its code once by a page that is loaded again, and again when it is asked for', async () => {
    const enrollment = await beginWith({ phone: newNumber() })
    const occasion = bench.occasion(accountId)
    expect(await bench.factors.pendingEnrollment(occasion)).toEqual(enrollment)
    expect(bench.messages).toHaveLength(1)
    bench.seconds += 30
    expect(await bench.factors.promptEnrollment(occasion, { method: 'sms' })).toMatchObject({ resendAt: inSeconds(30) })
    expect(bench.messages).toHaveLength(2)
    bench.seconds += 600
    expect(await bench.factors.pendingEnrollment(occasion)).toMatchObject({ presentation: { prompt: { kind: 'sent' } } })
  })

  test('that cannot be reached says so, also when the page is loaded again', async () => {
    bench.delivery = { outcome: 'undeliverable', because: 'no_sender' }
    expect(await beginWith({ phone: newNumber() })).toMatchObject({ presentation: { prompt: { kind: 'undeliverable' } } })
    expect(await bench.factors.pendingEnrollment(bench.occasion(accountId))).toMatchObject({
      presentation: { prompt: { kind: 'undeliverable' } },
    })
  })

  test.each(['0151 12345678', '+49 900 5 123456', '110', 'my number', ''])('such as "%s" is refused', async (phone) => {
    expect(await beginWith({ phone })).toEqual({ refused: 'phone_invalid' })
    expect(bench.messages).toEqual([])
  })

  test('that no message may go to is refused', async () => {
    const refused = await beginWith({ phone: newNumber() }, { settings: { smsPrefixes: ['+43'] } })
    expect(refused).toEqual({ refused: 'phone_not_allowed' })
  })

  test('that was proposed is confirmed without being typed, and the proposal is gone', async () => {
    const number = newNumber()
    const secret = new TextEncoder().encode(number)
    const proposed = await bench.bind(accountId, { method: 'sms', state: 'proposed', secret, detail: { channel: 'voice' } })
    const enrollment = await beginWith({ proposedId: proposed.id })
    if ('refused' in enrollment) throw new TypeError('refused')
    expect(bench.messages).toMatchObject([{ to: number, channel: 'voice' }])
    const code = bench.messages[0]?.text.match(/(?:\d, ){5}\d/)?.[0].replaceAll(', ', '') ?? ''
    expect(await confirm(enrollment.authenticatorId, code)).toMatchObject({ outcome: 'proved' })
    expect(await bench.realm.authenticators.list(accountId)).toMatchObject([{ state: 'active', detail: { channel: 'voice' } }])
  })

  test('that was proposed to somebody else, or is bound, is no proposal', async () => {
    const bound = await bind()
    expect(await beginFurther({ proposedId: bound.id })).toEqual({ refused: 'phone_invalid' })
    const secret = new TextEncoder().encode(newNumber())
    const other = await bench.bind(await bench.newAccount(), { method: 'sms', state: 'proposed', secret })
    expect(await beginFurther({ proposedId: other.id })).toEqual({ refused: 'phone_invalid' })
    expect(bench.messages).toEqual([])
  })
  const beginFurther = (own: { proposedId: string }) =>
    bench.factors.beginEnrollment(bench.occasion(accountId), { method: 'sms', label: 'Phone', kind: 'further', ...own })
})

describe('nobody but the telephone gets the code:', () => {
  test('no prompt, outcome, event or counter holds it, nor does the store in clear', async () => {
    const { id } = await bind()
    const returned = [
      await begin(),
      await verify(wrong()),
      await bench.factors.waysOf(bench.occasion(accountId)),
      await bench.factors.methodsOf(bench.realm, accountId),
      await bench.realm.attempts.find({ subject: `account:${accountId}`, method: 'sms-code' }),
      await bench.realm.artifacts.find('SmsCode', JSON.stringify(['sign-in', id, 'uid of one sign-in'])),
      bench.told,
    ]
    const code = bench.codeSent()
    expect(returned.every((one) => one !== undefined)).toBe(true)
    const all = JSON.stringify(returned)
    expect(all).toContain('"state":"sent"')
    expect(all).not.toContain(code)
    expect(bench.told).toEqual([
      { authenticatorId: id, purpose: 'sign-in', channel: 'sms', delivery: { outcome: 'accepted', sender: 'test' } },
    ])
  })
})
