/** `/readyz` is red when the service could not do its work: no key that signs, or a clock that is off (R99). */
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

let sts: TestSts
let ahead = 0
beforeAll(async () => {
  sts = await startSts({ clock: () => new Date(Date.now() + ahead) })
})
afterAll(() => sts.close())

async function readiness(): Promise<{ status: number; checks: Record<string, string> }> {
  const response = await fetch(`${sts.baseUrl}/readyz`)
  const { checks } = (await response.json()) as { checks: Record<string, string> }
  return { status: response.status, checks }
}

it('is green when everything is there', async () => {
  expect(await readiness()).toEqual({ status: 200, checks: { database: 'ok', clock: 'ok', keys: 'ok' } })
})

it('is red when our clock and the database’s are half a minute apart', async () => {
  for (const seconds of [40, -40]) {
    ahead = seconds * 1000
    const { status, checks } = await readiness()
    expect([status, checks.database, checks.clock]).toEqual([503, 'ok', expect.stringContaining('differs from the database')])
  }
  ahead = 0
  expect((await readiness()).status).toBe(200)
})

it('is red within seconds when a realm has no key that signs', async () => {
  const now = new Date()
  for (const { kid } of await sts.kept.signingKeys.list(now))
    await sts.kept.signingKeys.retire(kid, { retiresAt: now, removedAt: new Date(now.getTime() + 86_400_000) })
  ahead += 6_000
  const { status, checks } = await readiness()
  expect([status, checks.keys]).toEqual([503, 'active realms without a key that signs now: 1'])
  expect((await fetch(`${sts.baseUrl}/healthz`)).status).toBe(200)
})
