import type { AccountId } from '@postern/storage'
import { backends, sampleAccount } from '@postern/storage/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccessPasses } from './access-pass/access-pass.ts'
import { createApprovals } from './approval/approval.ts'
import { createRecoveryCodes } from './recovery-codes/recovery-codes.ts'
import { openWorkbench, type Workbench } from './testing/workbench.ts'

let bench: Workbench
let accountId: AccountId

const twenty = <T>(work: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: 20 }, (_, index) => work(index)))
const verify = (method: string, answer: string) => bench.factors.verify(bench.occasion(accountId), { method, answer })
const proved = (outcomes: readonly { outcome: string }[]) => outcomes.filter(({ outcome }) => outcome === 'proved')

describe.each(backends)('twenty at once on $name', (backend) => {
  beforeAll(async () => {
    bench = await openWorkbench(await backend.open(), sampleAccount)
  }, 120_000) // a PostgreSQL server may have to be set up first
  afterAll(() => bench.close())
  beforeEach(async () => {
    bench.seconds += 100_000
    bench.messages.length = 0
    accountId = await bench.newAccount()
  })

  test('load a page and send one code, which proves once', async () => {
    await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345678') })
    await twenty(() => bench.factors.begin(bench.occasion(accountId), { method: 'sms' }))
    expect(bench.messages).toHaveLength(1)
    const code = bench.codeSent()
    expect(proved(await twenty(() => verify('sms', code)))).toHaveLength(1)
  })

  test('of as many sign-ins send five codes to one number', async () => {
    await bench.bind(accountId, { method: 'sms', secret: new TextEncoder().encode('+4915112345678') })
    await twenty((index) => bench.factors.begin(bench.occasion(accountId, { attempt: `sign-in ${index}` }), { method: 'sms' }))
    expect(bench.messages).toHaveLength(5)
  })

  test('use one recovery code once (R117)', async () => {
    const recovery = createRecoveryCodes(bench)
    const [code = ''] = await recovery.replace(bench.realm, accountId)
    expect(proved(await twenty(() => verify('recovery-code', code)))).toHaveLength(1)
    expect(await recovery.left(bench.realm, accountId)).toMatchObject({ left: 9 })
  })

  test('use a pass for one use once', async () => {
    const asked = { accountId, uses: 'once', minutes: 60, createdBy: 'admin' } as const
    const { pass } = await createAccessPasses(bench).give(bench.realm, asked)
    expect(proved(await twenty(() => verify('access-pass', pass)))).toHaveLength(1)
  })

  test('answer one approval once, and it is used once', async () => {
    bench.signedIn.add(accountId)
    const approvals = createApprovals(bench)
    const prompt = await bench.factors.begin(bench.occasion(accountId), { method: 'approval' })
    if (prompt?.kind !== 'number') throw new TypeError('no number')
    const [{ id = '' } = {}] = await approvals.waiting(bench.realm, accountId)
    const { number } = prompt
    const answers = await twenty(() => approvals.answer(bench.realm, accountId, id, { number }))
    const decided = answers.filter((answer) => answer !== 'gone')
    expect(decided).toHaveLength(1)
    expect(proved(await twenty(() => verify('approval', '')))).toHaveLength(decided[0] === 'approved' ? 1 : 0)
  })
})
