import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { answersChallenge, readPlainCode } from './redeemed-facts.ts'

const now = 1_000_000
const told = {
  ...{ accountId: 'a', acr: 'aal2', amr: ['pwd', 'otp'], authTime: now - 5, codeChallenge: 'c', grantId: 'g', iat: now - 1 },
  ...{ nonce: 'n', redirectUri: 'https://app.contoso.com/', resource: 'https://mail.contoso.com/', scope: 'openid' },
  ...{ sessionUid: 'u', sid: 's' },
}
const stored = { ...told, exp: now + 1, jti: 'code', kind: 'AuthorizationCode', clientId: 'mail', codeChallengeMethod: 'S256' }
const read = (change: Record<string, unknown>) => {
  const changed = Object.entries({ ...stored, ...change }).filter(([, value]) => value !== undefined)
  return readPlainCode(Object.fromEntries(changed), 'code', { clientId: 'mail', now })
}

describe('a code', () => {
  it('is read as it is kept, with what need not be there or without', () => {
    expect(read({})).toEqual(told)
    const optional = {
      acr: undefined,
      amr: undefined,
      authTime: undefined,
      nonce: undefined,
      sessionUid: undefined,
      sid: undefined,
    }
    expect(read(optional)).toEqual({ ...told, ...optional })
  })

  it.each([
    { exp: now },
    { exp: undefined },
    { exp: `${now + 1}` },
    { kind: 'DeviceCode' },
    { jti: 'another' },
    { clientId: 'another' },
    { codeChallenge: undefined },
    { codeChallenge: '' },
    { codeChallengeMethod: 'plain' },
    { codeChallengeMethod: undefined },
    { resource: ['https://mail.contoso.com/', 'https://other.contoso.com/'] },
    { resource: undefined },
    { redirectUri: undefined },
    { grantId: undefined },
    { accountId: undefined },
    { scope: '' },
    { amr: 'pwd' },
    { amr: [1] },
    { authTime: '1' },
    { iat: undefined },
    { nonce: 1 },
    { dpopJkt: 'key' },
    { attestationJkt: 'key' },
    { claims: {} },
    { expiresWithSession: true },
    { rar: [] },
    { consumed: now },
  ])('with %o is not plain', (change) => {
    expect(read(change)).toBeUndefined()
  })
})

describe('a verifier', () => {
  const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

  it.each(['a'.repeat(43), 'Z9-._~'.repeat(20), 'a'.repeat(128)])('answers its own challenge and no other: %s', (verifier) => {
    expect(answersChallenge(verifier, challengeOf(verifier))).toBe(true)
    for (const other of ['', verifier, challengeOf(`${verifier}a`), `${challengeOf(verifier)}=`])
      expect(answersChallenge(verifier, other)).toBe(false)
  })

  it.each(['', 'a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(42)}!`, `${'a'.repeat(43)}\n`])('is none: %j', (verifier) => {
    expect(answersChallenge(verifier, challengeOf(verifier))).toBe(false)
  })
})
