import { describe, expect, test } from 'vitest'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { createGuard } from './guard.ts'
import { requireAssurance, requireRecentSignIn, requireScope, requireUser } from './scopes.ts'
import { Bench, type HostileToken, hostileTokens } from './testing/hostile-tokens.ts'
import { makeScene } from './testing/scene.ts'
import { createTokenValidator } from './validator.ts'

const { scene, server, options } = makeScene()
const validator = createTokenValidator(options)
const guard = createGuard({ validator, challenge: { clientId: 'mail' } })
await validator.prepare()
const askedAtStart = server.asked.length
const bench = new Bench(scene)
const cases = hostileTokens(scene)

/** Throws TokenError like a handler of this route would. */
async function present({ token, route }: Pick<HostileToken, 'token' | 'route'>): Promise<void> {
  const claims = await validator.validate(token)
  if (route === 'user') requireUser(claims)
  if (route === 'scope') requireScope(claims, 'Mail.Read')
  if (route === 'assurance') requireAssurance(claims, 'urn:postern:acr:aal2')
  if (route === 'recent-sign-in') requireRecentSignIn(claims, 3600, new Date(scene.now * 1000))
}

async function refusalOf(hostile: Pick<HostileToken, 'token' | 'route'>): Promise<TokenErrorCode | 'accepted'> {
  try {
    await present(hostile)
    return 'accepted'
  } catch (error) {
    if (error instanceof TokenError) return error.code
    throw error // anything else is a fault of ours
  }
}

test('the token that all of them are made from is accepted on every route', async () => {
  for (const route of [undefined, 'user', 'scope', 'assurance', 'recent-sign-in'] as const) {
    expect(await refusalOf({ token: bench.good, ...(route === undefined ? {} : { route }) })).toBe('accepted')
  }
  expect(await refusalOf({ token: bench.signed({ header: { alg: 'ES256', kid: scene.ec.kid }, key: scene.ec }) })).toBe(
    'accepted',
  )
  expect(await refusalOf({ token: bench.signed({ header: { x5t: 'thumbprint-of-rsa-1' } }) })).toBe('accepted')
})

describe('refuses', () => {
  test.for(cases.map((one) => [one.id, one.name, one] as const))('%s: %s', async ([, , hostile]) => {
    expect(await refusalOf(hostile)).toBe(hostile.expect)
    expect(server.asked.length).toBe(askedAtStart)
  })
})

test('the guard answers each of them with a challenge, and never throws', async () => {
  for (const { id, token, route } of cases) {
    if (route !== undefined || token === '') continue // good tokens, and the discovery trigger
    const judged = await guard.check(`Bearer ${token}`)
    if (judged.outcome !== 'refused' && token.trim() === bench.good) continue // m41, m42, m44: white space around a header value is nobody's
    expect(judged, id).toMatchObject({ outcome: 'refused' })
    if (judged.outcome === 'refused') expect([400, 401], id).toContain(judged.status)
  }
})

test('every class from m1 to m130 is covered, or named as not applicable to one server', () => {
  const covered = new Set(cases.map(({ id }) => Number(/^m(\d+)/.exec(id)?.[1])))
  const elsewhere = [36, 37, 81, 83, 124, 125]
  const open = Array.from({ length: 130 }, (_, index) => index + 1).filter(
    (number) => !covered.has(number) && !elsewhere.includes(number),
  )
  expect(open).toEqual([])
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
})
