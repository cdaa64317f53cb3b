import { Bench, type HostileToken, hostileTokens, notPresentable } from '@postern/conformance/hostile-tokens'
import { describe, expect, test } from 'vitest'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { createGuard } from './guard.ts'
import { requireAssurance, requireRecentSignIn, requireScope, requireUser } from './scopes.ts'
import { tokenRefusals } from './testing/hostile-token-codes.ts'
import { makeScene } from './testing/scene.ts'
import { createTokenValidator } from './validator.ts'

const { scene, server, options } = makeScene()
const validator = createTokenValidator(options)
const guard = createGuard({ validator, challenge: { clientId: 'mail' } })
await validator.prepare()
const askedAtStart = server.asked.length
const bench = new Bench(scene)
const tokens = hostileTokens(scene)
const cases = tokens.filter(({ expects }) => expects === 'refused')

/** Throws TokenError like a handler of this route would. */
async function present({ make, demand }: Pick<HostileToken, 'make' | 'demand'>): Promise<void> {
  const claims = await validator.validate(make())
  if (demand === 'user') requireUser(claims)
  if (demand === 'scope') requireScope(claims, 'Mail.Read')
  if (demand === 'assurance') requireAssurance(claims, 'urn:postern:acr:aal2')
  if (demand === 'recent-sign-in') requireRecentSignIn(claims, 3600, new Date(scene.now * 1000))
}

async function refusalOf(hostile: Pick<HostileToken, 'make' | 'demand'>): Promise<TokenErrorCode | 'accepted'> {
  try {
    await present(hostile)
    return 'accepted'
  } catch (error) {
    if (error instanceof TokenError) return error.code
    throw error // anything else is a fault of ours
  }
}

test('what is good in the list is accepted, and its token on every route', async () => {
  const good = tokens.filter(({ expects }) => expects === 'accepted')
  expect(good.map(({ id }) => id)).toEqual(['good', 'good-es256', 'good-typ-case', 'good-typ-prefix'])
  for (const one of good) expect([one.id, await refusalOf(one)]).toEqual([one.id, 'accepted'])
  for (const demand of ['user', 'scope', 'assurance', 'recent-sign-in'] as const)
    expect(await refusalOf({ make: () => bench.good, demand })).toBe('accepted')
  expect(await refusalOf({ make: () => bench.signed({ header: { x5t: 'thumbprint-of-rsa-1' } }) })).toBe('accepted')
})

describe('refuses', () => {
  test.for(cases.map((one) => [one.id, one.title, one] as const))('%s: %s', async ([, , hostile]) => {
    expect(await refusalOf(hostile)).toBe(tokenRefusals.get(hostile.id))
    expect(server.asked.length).toBe(askedAtStart)
  })
})

test('the guard answers each of them with a challenge, and never throws', async () => {
  for (const { id, make, demand } of cases) {
    const token = make()
    if (demand !== undefined || token === '') continue // good tokens, and the discovery trigger
    const judged = await guard.check(`Bearer ${token}`)
    if (judged.outcome !== 'refused' && token.trim() === bench.good) continue // m41, m42, m44: white space around a header value is nobody's
    expect(judged, id).toMatchObject({ outcome: 'refused' })
    if (judged.outcome === 'refused') expect([400, 401], id).toContain(judged.status)
  }
})

test('every class from m1 to m130 is covered, or named as not applicable to one server', () => {
  const covered = new Set(cases.map(({ id }) => Number(/^m(\d+)/.exec(id)?.[1])))
  const open = Array.from({ length: 130 }, (_, index) => index + 1).filter(
    (number) => !covered.has(number) && !notPresentable.has(`m${number}`),
  )
  expect(open).toEqual([])
  expect(cases.map(({ id }) => id).toSorted()).toEqual([...tokenRefusals.keys()].toSorted())
})
