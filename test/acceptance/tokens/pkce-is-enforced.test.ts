/** Proof of possession of the request (PKCE): R6, R7; RFC 7636; RFC 9700 section 2.1.1. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken } from '../../support/person-browser.ts'
import type { Browser } from '../support/browser.ts'
import { type Asked, answerOf, authorization, codeOf, signedIn, startWorld, verdict, type World } from '../support/world.ts'

let world: World
let browser: Browser

beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

const exchange = (code: Asked & { code: string }, verifier: string | undefined) =>
  askToken(world.token, {
    grant_type: 'authorization_code',
    code: code.code,
    redirect_uri: code.redirectUri,
    client_id: code.clientId,
    ...(verifier === undefined ? {} : { code_verifier: verifier }),
  })

describe('a public client', () => {
  it('gets no code without a challenge', async () => {
    const answer = await answerOf(
      browser,
      authorization(world, { change: { code_challenge: undefined, code_challenge_method: undefined } }),
    )
    expect(answer.get('error')).toBe('invalid_request')
    expect(answer.get('code')).toBeNull()
  })

  it.each([
    ['plain', { code_challenge_method: 'plain' }],
    ['no method, which would mean plain', { code_challenge_method: undefined }],
    ['s256 in small letters', { code_challenge_method: 's256' }],
    ['an empty challenge', { code_challenge: '' }],
    ['a challenge of 42 characters', { code_challenge: 'a'.repeat(42) }],
    ['a challenge of 129 characters', { code_challenge: 'a'.repeat(129) }],
    ['a challenge with a character that none has', { code_challenge: `${'a'.repeat(42)}!` }],
  ])('is refused %s', async (_name, change) => {
    const answer = await answerOf(browser, authorization(world, { change }))
    expect([answer.get('error'), answer.get('code')]).toEqual(['invalid_request', null])
  })

  it('gets tokens with the right verifier only', async () => {
    const code = await codeOf(browser, authorization(world))
    for (const wrong of [
      undefined,
      '',
      'a'.repeat(42),
      'a'.repeat(43),
      'a'.repeat(128),
      'a'.repeat(129),
      `${code.verifier}a`,
      code.verifier.slice(0, -1),
      challengeOf(code.verifier),
      code.verifier.toUpperCase(),
    ]) {
      const answer = await exchange(await codeOf(browser, authorization(world)), wrong)
      expect(verdict(answer), String(wrong)).toMatch(/^400 invalid_(grant|request)$/)
      expect(answer.body.access_token).toBeUndefined()
    }
    expect(verdict(await exchange(code, code.verifier))).toBe('200 ok')
  })

  it('is refused a verifier of 42 characters even where its challenge fits', async () => {
    const verifier = 'b'.repeat(42)
    const code = await codeOf(browser, authorization(world, { change: { code_challenge: challengeOf(verifier) } }))
    expect(verdict(await exchange(code, verifier))).toMatch(/^400 invalid_(grant|request)$/)
  })
})

describe('the recorded phone client, which is named as an exception', () => {
  it('gets tokens without a challenge', async () => {
    await world.changeClient(world.sts.clients.mail, { pkce: 'optional-recorded-phone-client' })
    const code = await codeOf(
      browser,
      authorization(world, { change: { code_challenge: undefined, code_challenge_method: undefined } }),
    )
    expect(verdict(await exchange(code, undefined))).toBe('200 ok')
  })

  it('must not send a verifier without a challenge', async () => {
    const code = await codeOf(
      browser,
      authorization(world, { change: { code_challenge: undefined, code_challenge_method: undefined } }),
    )
    expect(verdict(await exchange(code, 'a'.repeat(43)))).toBe('400 invalid_grant')
  })

  it('must send the verifier once it has sent a challenge', async () => {
    const code = await codeOf(browser, authorization(world))
    expect(verdict(await exchange(code, undefined))).toBe('400 invalid_grant')
    const other = await codeOf(browser, authorization(world))
    expect(verdict(await exchange(other, 'a'.repeat(43)))).toBe('400 invalid_grant')
    const third = await codeOf(browser, authorization(world))
    expect(verdict(await exchange(third, third.verifier))).toBe('200 ok')
  })

  it('may not fall back to plain either', async () => {
    const answer = await answerOf(browser, authorization(world, { change: { code_challenge_method: 'plain' } }))
    expect(answer.get('error')).toBe('invalid_request')
  })

  it('loses the exception with its registration, at the next request', async () => {
    await world.changeClient(world.sts.clients.mail, { pkce: 'required' })
    const answer = await answerOf(
      browser,
      authorization(world, { change: { code_challenge: undefined, code_challenge_method: undefined } }),
    )
    expect(answer.get('error')).toBe('invalid_request')
  })
})

it('is announced with S256 alone', async () => {
  const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as Record<string, unknown>
  expect(metadata.code_challenge_methods_supported).toEqual(['S256'])
})
