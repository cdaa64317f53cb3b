import { describe, expect, test } from 'vitest'
import { readAssertion } from './answer.ts'
import { type AssertionUse, verifyAssertion } from './assertion.ts'
import { bind, mary, party } from './testing/bound-credential.ts'
import { createSoftAuthenticator, flag, type Lies } from './testing/soft-authenticator.ts'

const origin = party.origins[0] ?? ''
const options = { rpId: party.id, challenge: 'd'.repeat(43) }
const all = flag.present | flag.verified

type Made = Omit<Parameters<typeof createSoftAuthenticator>[0], 'origin'>
async function use(how: AssertionUse, made: Made = {}, lies: Lies = {}) {
  const key = createSoftAuthenticator({ origin, ...made })
  const credential = await bind(key)
  const answer = readAssertion(key.get(options, lies))
  return answer === undefined ? { refused: 'malformed' } : verifyAssertion(answer, { party, credential, use: how })
}

describe('a signature', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)('with %s is right', async (algorithm) => {
    expect(await use('second-factor', { algorithm })).toEqual({
      amr: 'hwk',
      isUserVerified: true,
      counter: 2,
      detail: { backedUp: false, userVerified: true },
    })
  })

  test('of a key that may be synced says so', async () => {
    expect(await use('passkey', { isSyncable: true, counts: 0 })).toMatchObject({ amr: 'swk', counter: 0 })
  })

  test('as a second factor needs no PIN and no user handle', async () => {
    const made = { verifiesUser: false }
    expect(await use('second-factor', made, { userHandle: null })).toMatchObject({ isUserVerified: false })
  })

  const cases: readonly (readonly [what: string, lies: Lies, refused: string])[] = [
    ['the type of a registration', { type: 'webauthn.create' }, 'type_wrong'],
    ['an evil origin', { origin: 'https://evil.example' }, 'origin_wrong'],
    ['a sub-domain as origin', { origin: 'https://a.sts.contoso.com' }, 'origin_wrong'],
    ['another port', { origin: 'https://sts.contoso.com:8443' }, 'origin_wrong'],
    ['http', { origin: 'http://sts.contoso.com' }, 'origin_wrong'],
    ['a foreign frame', { crossOrigin: true }, 'embedded'],
    ['a top without a frame', { topOrigin: 'https://evil.example' }, 'embedded'],
    ['another relying party', { rpId: 'evil.example' }, 'invalid'],
    ['nobody present', { flags: flag.verified }, 'invalid'],
    ['a copy of what cannot be copied', { flags: all | flag.backedUp }, 'invalid'],
    ['a key that may be synced all of a sudden', { flags: all | flag.eligible }, 'backup_flag_changed'],
    ['the counter of before', { counter: 1 }, 'counter_went_back'],
    ['a counter that begins anew', { counter: 0 }, 'counter_went_back'],
    ['the handle of somebody else', { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'user_handle_wrong'],
    ['the id of another credential', { claimedId: new Uint8Array(32) }, 'credential_unknown'],
    ['bytes that are no signature', { signature: new Uint8Array(64) }, 'invalid'],
    ['a member that is none of its own', { beside: { admin: true } }, 'malformed'],
  ]
  test.each(cases)('with %s is refused, alone and beside a password', async (_what, lies, refused) => {
    expect(await use('second-factor', {}, lies)).toEqual({ refused })
    expect(await use('passkey', {}, lies)).toEqual({ refused })
  })

  test('of a key that could be synced and cannot any more is refused', async () => {
    expect(await use('second-factor', { isSyncable: true }, { flags: all })).toEqual({ refused: 'backup_flag_changed' })
  })

  test('of another key is refused', async () => {
    const credential = await bind(createSoftAuthenticator({ origin }))
    const thief = createSoftAuthenticator({ origin })
    const claimedId = new Uint8Array(Buffer.from(credential.credentialId ?? '', 'base64url'))
    const answer = readAssertion(thief.get(options, { claimedId }))
    if (answer === undefined) throw new TypeError('the answer is well formed')
    expect(await verifyAssertion(answer, { party, credential, use: 'second-factor' })).toEqual({ refused: 'signature_wrong' })
  })

  test('with a wrong counter looks cloned only to those who hold the key', async () => {
    const credential = { ...(await bind(createSoftAuthenticator({ origin }))), lastStep: 40 }
    const claimedId = new Uint8Array(Buffer.from(credential.credentialId ?? '', 'base64url'))
    const answer = readAssertion(createSoftAuthenticator({ origin }).get(options, { claimedId, counter: 3 }))
    if (answer === undefined) throw new TypeError('the answer is well formed')
    expect(await verifyAssertion(answer, { party, credential, use: 'second-factor' })).toEqual({ refused: 'signature_wrong' })
  })
})

describe('a passkey that stands alone', () => {
  test('says whose it is', async () => {
    expect(await use('passkey', {}, { userHandle: null })).toEqual({ refused: 'user_handle_wrong' })
  })

  test('has verified its owner now', async () => {
    expect(await use('passkey', {}, { flags: flag.present })).toEqual({ refused: 'user_not_verified' })
  })

  test('has verified its owner before: a found key with a new PIN is not enough', async () => {
    const key = createSoftAuthenticator({ origin, verifiesUser: false })
    const credential = await bind(key)
    const shown = readAssertion(key.get(options, { flags: all }))
    if (shown === undefined) throw new TypeError('the answer is well formed')
    expect(await verifyAssertion(shown, { party, credential, use: 'passkey' })).toEqual({ refused: 'user_not_verified' })
    // Beside a password it is believed, and kept.
    const verified = await verifyAssertion(shown, { party, credential, use: 'second-factor' })
    expect(verified).toMatchObject({ detail: { userVerified: true } })
  })
})

describe('the form of an answer', () => {
  const answer = (change: (outer: Record<string, unknown>, inner: Record<string, unknown>) => void): string => {
    const outer = JSON.parse(
      createSoftAuthenticator({ origin }).get(options, { userHandle: mary.replaceAll('-', '') }),
    ) as Record<string, unknown>
    change(outer, outer.response as Record<string, unknown>)
    return JSON.stringify(outer)
  }

  test('is read where it is right', () => {
    expect(readAssertion(answer(() => undefined))).toBeDefined()
  })

  test.each([
    ['base64 of the wrong alphabet', (_o: object, inner: Record<string, unknown>) => (inner.signature = 'ab+/')],
    ['padding', (_o: object, inner: Record<string, unknown>) => (inner.signature = 'YQ==')],
    ['a last character that is not canonical', (_o: object, inner: Record<string, unknown>) => (inner.signature = 'YR')],
    ['nothing', (_o: object, inner: Record<string, unknown>) => (inner.signature = '')],
    ['a number', (_o: object, inner: Record<string, unknown>) => (inner.authenticatorData = 5)],
    ['a member too many', (_o: object, inner: Record<string, unknown>) => (inner.publicKey = 'AAAA')],
    ['a signature that is too long', (_o: object, inner: Record<string, unknown>) => (inner.signature = 'A'.repeat(1_028))],
    ['a handle that is too long', (_o: object, inner: Record<string, unknown>) => (inner.userHandle = 'A'.repeat(92))],
    ['no response', (outer: Record<string, unknown>) => delete outer.response],
    ['an unknown attachment', (outer: Record<string, unknown>) => (outer.authenticatorAttachment = 'glued')],
  ])('is refused for %s', (_what, change) => {
    expect(readAssertion(answer(change as (outer: object, inner: object) => void))).toBeUndefined()
  })

  test.each(['', 'null', '[]', '{', '"text"', `{"id":"${'A'.repeat(13_000)}"}`])('is refused for %j', (text) => {
    expect(readAssertion(text)).toBeUndefined()
  })
})
