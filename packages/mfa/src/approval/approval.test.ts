import type { AccountId } from '@postern/storage'
import { pglite, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Occasion, Prompt } from '../method.ts'
import { openWorkbench, type Workbench } from '../testing/workbench.ts'
import { type Approvals, createApprovals } from './approval.ts'

let bench: Workbench
let approvals: Approvals
let accountId: AccountId

beforeAll(async () => {
  bench = await openWorkbench(await pglite.open(), sampleAccount)
  approvals = createApprovals(bench)
})
afterAll(() => bench.close())
beforeEach(async () => {
  accountId = await bench.newAccount()
  bench.signedIn.add(accountId)
})

const ask = async (attempt = 'A', again = false): Promise<Extract<Prompt, { kind: 'number' }>> => {
  const prompt = await begin({ attempt }, again)
  if (prompt?.kind !== 'number') throw new TypeError('no number')
  return prompt
}
const begin = (own: Partial<Occasion> = {}, again = false) =>
  bench.factors.begin(bench.occasion(accountId, own), { method: 'approval', again })
const verify = (attempt = 'A') => bench.factors.verify(bench.occasion(accountId, { attempt }), { method: 'approval', answer: '' })
const waiting = () => approvals.waiting(bench.realm, accountId)
const answer = async (said: { number: string } | 'not_me', id?: string) =>
  approvals.answer(bench.realm, accountId, id ?? (await waiting())[0]?.id ?? '', said)
const other = ({ number }: { number: string }) => (number === '10' ? '11' : '10')
const inSeconds = (seconds: number) => new Date(bench.clock().getTime() + seconds * 1000)

describe('a sign-in that waits for its owner', () => {
  test('shows two digits, the same ones whenever it is asked, for five minutes', async () => {
    const prompt = await ask()
    expect(prompt).toEqual({
      kind: 'number',
      number: expect.stringMatching(/^[1-9]\d$/),
      state: 'waiting',
      expiresAt: inSeconds(300),
    })
    expect(await ask()).toEqual(prompt)
    expect(await ask('A', true)).toEqual(prompt)
    bench.seconds += 300
    expect(await ask()).toEqual({ ...prompt, state: 'expired' })
    expect(await waiting()).toEqual([])
    expect(await verify()).toEqual({ outcome: 'expired' })
    expect(await ask('A', true)).toMatchObject({ state: 'waiting', expiresAt: inSeconds(300) })
  })

  test('tells its owner what it is and never the number', async () => {
    const about = { appName: 'Mail', source: '203.0.113.9', browser: 'Firefox' }
    await begin(about)
    const all = await waiting()
    expect(all).toEqual([{ id: expect.any(String), about, createdAt: bench.clock(), expiresAt: inSeconds(300) }])
    expect(Object.keys(all[0] ?? {})).not.toContain('number')
  })

  test('goes on, once, when its number is typed', async () => {
    const { number } = await ask()
    expect(await verify()).toEqual({ outcome: 'wrong' })
    expect(await answer({ number: ` ${number} ` })).toBe('approved')
    expect(await ask()).toMatchObject({ state: 'approved' })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verify()))
    expect(outcomes.filter(({ outcome }) => outcome === 'proved')).toEqual([
      { outcome: 'proved', evidence: { amr: ['mca'], at: bench.clock() } },
    ])
    expect(await verify()).toEqual({ outcome: 'expired' })
    expect(await ask()).toMatchObject({ state: 'used' })
    expect(await ask('A', true)).toMatchObject({ state: 'waiting' })
  })

  test('that was used is over when its time is', async () => {
    const { number } = await ask()
    expect(await answer({ number })).toBe('approved')
    expect(await verify()).toMatchObject({ outcome: 'proved' })
    bench.seconds += 299
    expect(await ask()).toMatchObject({ state: 'used' })
    bench.seconds += 1
    expect(await ask()).toMatchObject({ state: 'expired' })
  })

  test('is not let in by the approval of another one', async () => {
    const first = await ask('A')
    const [{ id = '' } = {}] = await waiting()
    await ask('B')
    expect(await answer({ number: first.number }, id)).toBe('approved')
    expect(await verify('B')).toEqual({ outcome: 'wrong' })
    expect(await verify('A')).toMatchObject({ outcome: 'proved' })
  })

  test('is denied by a wrong number at once, and the right one comes too late', async () => {
    const prompt = await ask()
    const [{ id = '' } = {}] = await waiting()
    expect(await answer({ number: other(prompt) }, id)).toBe('wrong_number')
    expect(await answer({ number: prompt.number }, id)).toBe('gone')
    expect(await ask('A', true)).toMatchObject({ state: 'denied' })
    expect(await verify()).toEqual({ outcome: 'expired' })
  })

  test('is answered once, also when right and wrong come at the same time', async () => {
    const prompt = await ask()
    const [{ id = '' } = {}] = await waiting()
    const said = Array.from({ length: 10 }, (_, count) => ({ number: count % 2 === 0 ? other(prompt) : prompt.number }))
    const answers = await Promise.all(said.map((one) => answer(one, id)))
    expect(answers.filter((one) => one !== 'gone')).toHaveLength(1)
  })

  test('is denied by "not me", and nobody is asked for an hour', async () => {
    await ask()
    expect(await answer('not_me')).toBe('denied')
    expect(await ask('A', true)).toMatchObject({ state: 'denied' })
    const asked = bench.clock()
    expect(await begin({ attempt: 'B' })).toEqual({ kind: 'limited', until: inSeconds(3600) })
    bench.seconds += 3599
    expect(await begin({ attempt: 'B' })).toEqual({ kind: 'limited', until: new Date(asked.getTime() + 3_600_000) })
    bench.seconds += 1
    expect(await ask('B')).toMatchObject({ state: 'waiting' })
  })

  test('of somebody else cannot be answered', async () => {
    const { number } = await ask()
    const [{ id = '' } = {}] = await waiting()
    accountId = await bench.newAccount()
    expect(await answer({ number }, id)).toBe('gone')
    expect(await answer('not_me', id)).toBe('gone')
    expect(await waiting()).toEqual([])
  })

  test('cannot be let in after five minutes', async () => {
    const { number } = await ask()
    const [{ id = '' } = {}] = await waiting()
    bench.seconds += 300
    expect(await answer({ number }, id)).toBe('gone')
    expect(await answer('not_me', id)).toBe('gone')
  })

  test('is the fifth in an hour and the last', async () => {
    const numbers = new Set<string>()
    for (const attempt of ['A', 'B', 'C', 'D', 'E']) numbers.add((await ask(attempt)).number)
    expect(numbers.size).toBe(5)
    expect(await begin({ attempt: 'F' })).toEqual({ kind: 'limited', until: inSeconds(3600) })
    expect(await waiting()).toHaveLength(5)
  })

  test('is not asked for after too many wrong numbers, and the right one denies it', async () => {
    for (let wrong = 0; wrong < 4; wrong++) {
      const prompt = await ask(`sign-in ${wrong}`)
      expect(await answer({ number: other(prompt) })).toBe('wrong_number')
    }
    bench.seconds += 3600
    const fifth = await ask('the fifth one')
    bench.seconds += 1
    const right = await ask('the right one')
    const ids = (await waiting()).map(({ id }) => id)
    expect(await answer({ number: other(fifth) }, ids[1])).toBe('wrong_number')
    expect(await answer({ number: right.number }, ids[0])).toBe('denied')
    expect(await verify('the right one')).toEqual({ outcome: 'expired' })
    expect(await begin({ attempt: 'another' })).toEqual({ kind: 'limited', until: inSeconds(30) })
  })

  test('is offered to whoever is signed in elsewhere, and to nobody else', async () => {
    expect(await bench.factors.waysOf(bench.occasion(accountId))).toMatchObject([
      { method: 'approval', strength: 'second-factor' },
    ])
    bench.signedIn.delete(accountId)
    expect(await bench.factors.waysOf(bench.occasion(accountId))).toEqual([])
    expect(await begin()).toBeUndefined()
    expect(await verify()).toEqual({ outcome: 'expired' })
  })

  test('is offered to nobody where the realm has switched it off', async () => {
    expect(await begin({ settings: { disabledMethods: ['approval'] } })).toBeUndefined()
  })
})
