import { Bench } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { diagnostics, oauthNotAvailableDiagnostics } from './diagnostics.ts'
import { TokenError, type TokenErrorCode, tokenErrorCodes } from './errors.ts'
import { createGuard } from './guard.ts'
import { makeScene } from './testing/scene.ts'
import { createTokenValidator } from './validator.ts'

const { scene, options } = makeScene()
const { good } = new Bench(scene)
const validator = createTokenValidator(options)
const told: TokenError[] = []
const guard = createGuard({ validator, challenge: { clientId: 'mail', realm: 'r' }, onRefused: (error) => told.push(error) })
const noStore = ['Cache-Control', 'no-store'] as const
const asked = ['WWW-Authenticate', 'Bearer realm="r", client_id="mail"'] as const

test('a question is answered with the challenge alone, and nothing of it is kept anywhere', async () => {
  const answer = await guard.check(undefined)
  expect(answer).toStrictEqual({ outcome: 'refused', status: 401, headers: [asked, noStore], error: undefined })
  expect(Object.isFrozen(answer) && answer.outcome === 'refused' && Object.isFrozen(answer.headers)).toBe(true)
  for (const line of ['Basic x', 'xBearer y', 'Bearerx', 'Negotiate Bearer x', 'Basic a,b'])
    expect(await guard.check(line), line).toStrictEqual(answer)
  expect(told).toEqual([])
})

test('a token is accepted as it is, behind any white space', async () => {
  for (const line of [`Bearer ${good}`, `bearer\t ${good}`, `Bearer ${good} \t`]) {
    const accepted = await guard.check(line)
    expect(accepted).toMatchObject({ outcome: 'accepted', via: 'token', claims: { client_id: 'outlook' } })
    expect(Object.isFrozen(accepted)).toBe(true)
  }
})

test('a refused token is told once, and answered with why and with the question again', async () => {
  const answer = await guard.check('Bearer x')
  const [error] = told.splice(0)
  expect(error).toMatchObject({ code: 'token_malformed' })
  expect(answer).toStrictEqual({
    outcome: 'refused',
    status: 401,
    headers: [
      [
        'WWW-Authenticate',
        `${asked[1]}, error="invalid_token", error_description="The access token is not a well-formed signed token."`,
      ],
      ['x-ms-diagnostics', diagnostics('token_malformed')],
      noStore,
    ],
    error,
  })
})

test('several values at once are refused without looking at one', async () => {
  const answer = {
    outcome: 'refused',
    status: 400,
    headers: [
      ['WWW-Authenticate', `${asked[1]}, error="invalid_request", error_description="One Authorization header is expected."`],
      noStore,
    ],
    error: undefined,
  }
  for (const lines of [['a', 'b'], [`Bearer ${good}`, ''], 'Bearer a,b', `Bearer ${good},`])
    expect(await guard.check(lines)).toStrictEqual(answer)
  expect(told).toEqual([])
})

test('what a client can do about a refusal is in its status', () => {
  const answers = tokenErrorCodes.map((code) => {
    const { status, headers } = guard.refuse(new TokenError(code))
    return [code, status, headers.map(([name, value]) => /error="([a-z_]+)"/.exec(value)?.[1] ?? name)] as const
  })
  const others: Partial<Record<TokenErrorCode, readonly [number, string]>> = {
    keys_unavailable: [503, 'Retry-After'],
    insufficient_scope: [403, 'insufficient_scope'],
    user_required: [403, 'insufficient_scope'],
    assurance_insufficient: [401, 'insufficient_user_authentication'],
    authentication_too_old: [401, 'insufficient_user_authentication'],
  }
  for (const [code, status, [first, second]] of answers) {
    expect([code, status, first]).toEqual([code, ...(others[code] ?? [401, 'invalid_token'])])
    expect(second).toBe(code === 'keys_unavailable' ? 'Cache-Control' : 'x-ms-diagnostics')
  }
  expect(guard.refuse(new TokenError('keys_unavailable')).headers).toStrictEqual([['Retry-After', '30'], noStore])
})

test('scopes of the guard and of the route are asked for together, and only where one is missing', async () => {
  const strict = createGuard({ validator, challenge: { clientId: 'mail' }, scopes: ['Mail.Read'] })
  const lineOf = (error: TokenError, scopes?: readonly string[], of = strict) =>
    of.refuse(error, scopes === undefined ? undefined : { scopes }).headers[0]?.[1]
  const missing = new TokenError('insufficient_scope')
  expect(lineOf(missing, ['Mail.Send'])).toContain('scope="Mail.Read Mail.Send"')
  expect(lineOf(missing)).toContain('scope="Mail.Read"')
  expect(lineOf(missing, ['Mail.Send'], guard)).toContain('scope="Mail.Send"')
  expect(lineOf(missing, [], guard)).not.toContain('scope=')
  expect(lineOf(new TokenError('token_expired'), ['Mail.Send'])).not.toContain('scope=')
  expect(await strict.check(`Bearer ${good}`, { scopes: ['Mail.Send'] })).toMatchObject({ status: 403 })
  const other = createGuard({ validator, challenge: { clientId: 'mail' }, scopes: ['Mail.Send'] })
  expect(await other.check(`Bearer ${good}`)).toMatchObject({ status: 403, error: { code: 'insufficient_scope' } })
})

test('a demand changes the challenge of its refusal as well', () => {
  const { headers } = guard.refuse(new TokenError('token_expired'), { challenge: { realm: undefined, maxAge: 5 } })
  expect(headers[0]?.[1]).toMatch(/^Bearer client_id="mail", error="invalid_token".*max_age="5"$/)
})

test('clients of Exchange hear the numbers that they know', () => {
  const kinds = Map.groupBy(tokenErrorCodes, (code) => diagnostics(code).replace(/reason="[^"]*"/, '…'))
  expect(kinds.get('2000003;…;error_category="invalid_resource"')).toEqual(['audience_mismatch'])
  expect(kinds.get('2000005;…;error_category="invalid_user"')).toEqual(['user_required'])
  expect(kinds.get('4000000;…;error_category="oauth_not_available"')).toEqual(['keys_unavailable'])
  expect(kinds.get('2000008;…;error_category="invalid_grant"')).toEqual([
    'insufficient_scope',
    'assurance_insufficient',
    'authentication_too_old',
  ])
  expect(kinds.get('2000001;…;error_category="invalid_token"')?.length).toBe(tokenErrorCodes.length - 6)
  expect(diagnostics('token_expired')).toContain('reason="The access token has expired."')
  expect(oauthNotAvailableDiagnostics).toMatch(/^4000000;reason="[A-Z][^"]+\.";error_category="oauth_not_available"$/)
})
