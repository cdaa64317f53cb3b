import { Bench } from '@postern/conformance/hostile-tokens'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges } from './challenge-parser.ts'
import { diagnostics } from './diagnostics.ts'
import { TokenError, tokenErrorCodes } from './errors.ts'
import { type Accepted, createGuard, type Refused } from './guard.ts'
import { requireAnyScope, requireScope, requireUser } from './scopes.ts'
import { makeScene } from './testing/scene.ts'
import { createTokenValidator } from './validator.ts'

const { scene, server, options } = makeScene()
const bench = new Bench(scene)
const validator = createTokenValidator(options)
const challenge = {
  clientId: 'mail',
  authorizationUri: 'https://sts.example/contoso/oauth2/authorize',
  resourceMetadata: 'https://mail.contoso.com/.well-known/oauth-protected-resource',
}
const guard = createGuard({ validator, challenge })

function refusal(judged: Accepted | Refused): {
  status: number
  error: string | undefined
  headers: ReadonlyMap<string, string>
} {
  if (judged.outcome !== 'refused') throw new TypeError('accepted')
  const headers = new Map(judged.headers.map(([name, value]) => [name.toLowerCase(), value]))
  const [first] = parseChallenges(headers.get('www-authenticate') ?? '')
  return { status: judged.status, error: first?.parameters.get('error'), headers }
}

test.for([undefined, [], '', 'Bearer', 'Bearer ', 'bearer', 'BEARER \t ', 'Basic bWFyeTpwdw==', 'Bearerx', ['Bearer']])(
  '%j is a question: 401, a challenge without error, no diagnostics',
  async (authorization) => {
    const { status, error, headers } = refusal(await guard.check(authorization))
    expect([status, error]).toEqual([401, undefined])
    expect(headers.get('www-authenticate')).toContain('authorization_uri=')
    expect(headers.has('x-ms-diagnostics')).toBe(false)
  },
)

test('a good token is accepted, with any spelling of the scheme', async () => {
  for (const scheme of ['Bearer ', 'bearer ', 'BEARER   ']) {
    expect(await guard.check(`${scheme}${bench.good}`)).toMatchObject({ outcome: 'accepted', claims: { client_id: 'outlook' } })
  }
})

test('a bad token: 401 invalid_token with diagnostics, and the whole challenge again', async () => {
  const { status, error, headers } = refusal(await guard.check(`Bearer ${bench.good.slice(0, -8)}AAAAAAAA`))
  expect([status, error]).toEqual([401, 'invalid_token'])
  expect(headers.get('x-ms-diagnostics')).toMatch(/^\d+;reason="[^"]+";error_category="[a-z_]+"$/)
  expect(headers.get('www-authenticate')).toContain('resource_metadata=')
})

test('a missing scope: 403 and the scope to ask for', async () => {
  const strict = createGuard({ validator, challenge, scopes: ['Mail.Read'] })
  expect((await strict.check(`Bearer ${bench.good}`)).outcome).toBe('accepted')
  const { status, error, headers } = refusal(await strict.check(`Bearer ${bench.good}`, { scopes: ['Mail.Send'] }))
  expect([status, error]).toEqual([403, 'insufficient_scope'])
  expect(headers.get('www-authenticate')).toContain('scope="Mail.Read Mail.Send"')
})

test('several Authorization values, in several lines or joined by a proxy: 400', async () => {
  for (const lines of [
    [`Bearer ${bench.good}`, `Bearer ${bench.good}`],
    ['Basic x', `Bearer ${bench.good}`],
    [`Bearer ${bench.good}, Bearer x`],
  ]) {
    expect(refusal(await guard.check(lines))).toMatchObject({ status: 400, error: 'invalid_request' })
  }
})

test('keys that cannot be had: 503 with Retry-After and no word against the token', async () => {
  const lost = createGuard({
    validator: createTokenValidator({ ...options, fetch: async () => Promise.reject(new TypeError('unplugged')) }),
    challenge,
  })
  const { status, headers } = refusal(await lost.check(`Bearer ${bench.good}`))
  expect(status).toBe(503)
  expect(headers.get('retry-after')).toMatch(/^\d+$/)
  expect(headers.has('www-authenticate')).toBe(false)
})

test('a demand of one request changes its challenge alone', async () => {
  const without = refusal(await guard.check('Bearer', { challenge: { authorizationUri: undefined } }))
  expect(without.headers.get('www-authenticate')).not.toContain('authorization_uri')
  expect(refusal(await guard.check('Bearer')).headers.get('www-authenticate')).toContain('authorization_uri')
})

test('a token for another server is told with the text that clients of Exchange know', () => {
  expect(diagnostics('audience_mismatch')).toBe(
    '2000003;reason="The audience claim value is invalid \'aud\'.";error_category="invalid_resource"',
  )
})

test('every code has a refusal, its public text in ASCII, and diagnostics that fit the grammar', () => {
  for (const code of tokenErrorCodes) {
    const { status, headers } = refusal(guard.refuse(new TokenError(code, { detail: 'SECRET' })))
    expect([400, 401, 403, 503]).toContain(status)
    expect(JSON.stringify([...headers])).not.toContain('SECRET')
    expect(diagnostics(code), code).toMatch(/^\d{7};reason="[ !#-[\]-~]+";error_category="[a-z_]+"$/)
  }
})

test('no refusal repeats a part of the token', async () => {
  const judged = await guard.check(`Bearer ${bench.signed({ payload: { aud: 'https://canary.example/', sub: 'canary' } })}`)
  expect(JSON.stringify(refusal(judged).headers.get('www-authenticate'))).not.toContain('canary')
})

test('a fault in the validator is not turned into a refusal', async () => {
  const broken = createGuard({ validator: { validate: () => Promise.reject(new RangeError('fault')) }, challenge })
  await expect(broken.check('Bearer x')).rejects.toThrow(RangeError)
})

test('a challenge that no header can carry shows when the guard is made', () => {
  expect(() => createGuard({ validator, challenge: { clientId: 'a\r\nb' } })).toThrow(TypeError)
})

test('mutations of a good token are refused or leave it as it was, and nothing else is thrown', async () => {
  await validator.prepare()
  const asked = server.asked.length
  const { good } = bench
  const mutation = fc.record({
    at: fc.nat(good.length - 1),
    remove: fc.nat(3),
    insert: fc.string({ unit: 'binary', maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(mutation, async ({ at, remove, insert }) => {
      const mutant = good.slice(0, at) + insert + good.slice(at + remove)
      try {
        await validator.validate(mutant)
        return mutant === good
      } catch (error) {
        return error instanceof TokenError && mutant !== good
      }
    }),
    { numRuns: 2000 },
  )
  expect(server.asked.length).toBe(asked)
})

test('scopes are told apart by letter case', async () => {
  const claims = await validator.validate(bench.good)
  expect(() => requireScope(claims, 'Mail.Read')).not.toThrow()
  expect(() => requireScope(claims, 'mail.read')).toThrow(expect.objectContaining({ code: 'insufficient_scope' }))
})

test('a token of a program is not taken for a person, by its subject or by idtyp', async () => {
  const claimsOf = (payload: Record<string, unknown>) => validator.validate(bench.signed({ payload }))
  const person = await claimsOf({ idtyp: 'user' })
  expect(() => requireUser(person)).not.toThrow()
  for (const payload of [{ sub: 'outlook' }, { idtyp: 'app' }]) {
    const claims = await claimsOf(payload)
    expect(() => requireUser(claims)).toThrow(expect.objectContaining({ code: 'user_required' }))
  }
})

test('one scope of several is enough where a route says so', async () => {
  const claims = await validator.validate(bench.good)
  expect(() => requireAnyScope(claims, 'EAS', 'Mail.Read')).not.toThrow()
  expect(() => requireAnyScope(claims, 'EAS', 'EWS')).toThrow(expect.objectContaining({ code: 'insufficient_scope' }))
})
