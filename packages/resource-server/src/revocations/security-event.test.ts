import { makeSigningKey, type SigningKey, signText } from '@postern/conformance/hostile-tokens'
import { expect, test } from 'vitest'
import { createIssuerKeys } from '../issuer-keys.ts'
import { DocumentServer, FakeIssuer } from '../testing/fake-issuer.ts'
import { refusalLater } from '../testing/refusal.ts'
import { verifySecurityEvent } from './security-event.ts'

const now = 1_800_000_000
const realm = '5f0c2c1e-9f57-4f0e-8c39-0a6d3f2a7b11'
const issuer = `https://sts.example/${realm}`
const caep = 'https://schemas.openid.net/secevent/caep/event-type'
const key = makeSigningKey('feed')
const ecKey = makeSigningKey('ec', 'ES256')
const server = new DocumentServer()
const published = new FakeIssuer(server, issuer, [key, ecKey])
const keysOf = (algorithms: readonly ('RS256' | 'ES256')[] = ['RS256']) =>
  createIssuerKeys({
    issuer,
    jwksUri: `${issuer}/keys`,
    algorithms: new Set(algorithms),
    clock: () => new Date(now * 1000),
    fetch: server.fetch,
    allowInsecureLoopback: false,
    onProblem: () => undefined,
  })
const from = { keys: keysOf(), audience: 'mail', realm }

type Members = Readonly<Record<string, unknown>>
type Changes = { header?: Members; claims?: Members; event?: Members; type?: string; key?: SigningKey }
function sign({ header, claims, event, type = `${caep}/session-revoked`, key: by = key }: Changes = {}): string {
  const subject = { format: 'iss_sub', iss: issuer, sub: 'mary' }
  const payload = {
    iss: issuer,
    aud: 'mail',
    iat: now,
    jti: `${realm}:7`,
    sub_id: subject,
    events: { [type]: { event_timestamp: now - 5, kind: 'signed-out', ...event } },
    ...claims,
  }
  return signText(JSON.stringify({ alg: by.alg, typ: 'secevent+jwt', kid: by.kid, ...header }), JSON.stringify(payload), by)
}
const verified = (changes: Changes = {}) => verifySecurityEvent(sign(changes), from)
const said = (changes: Changes) => refusalLater(verified(changes))
const opaque = { sub_id: { format: 'opaque', id: 'x' } }

test('an event says its number, its kind, when and whom', async () => {
  const event = await verified()
  expect(event).toStrictEqual({
    number: 7,
    kind: 'signed-out',
    ended: { at: now - 5, ends: 'account', accountId: 'mary' },
  })
  expect(Object.isFrozen(event) && Object.isFrozen(event.ended)).toBe(true)
  expect(await verified({ type: `${caep}/credential-change` })).toStrictEqual(event)
  expect(await verified({ claims: { jti: `${realm}:999999999999999` } })).toMatchObject({ number: 999_999_999_999_999 })
})

test.for<readonly [string, Members, Members]>([
  ['account-disabled', {}, { ends: 'account' }],
  ['account-removed', {}, { ends: 'account' }],
  ['signed-out', {}, { ends: 'account' }],
  ['password-changed', {}, { ends: 'account' }],
  ['account-renamed', {}, { ends: 'account' }],
  ['session', { session_id: 's' }, { ends: 'session', id: 's' }],
  ['refresh-family', { family_id: 'f' }, { ends: 'family', id: 'f' }],
  ['client-disabled', { client_id: 'c' }, { ends: 'client', id: 'c' }],
  ['mail-app', { app_id: 'a' }, { ends: 'answers' }],
  ['app-password', {}, { ends: 'answers' }],
  ['of-tomorrow', {}, { ends: 'account' }],
])('%s ends what it names: %j', async ([kind, members, ended]) => {
  expect((await verified({ event: { kind, ...members } })).ended).toStrictEqual({ at: now - 5, accountId: 'mary', ...ended })
})

test('an event about no account names what it ends, and one that is not known takes the answers', async () => {
  const of = async (event: Members) => (await verified({ claims: opaque, event })).ended
  expect(await of({ kind: 'client-disabled', client_id: 'c' })).toStrictEqual({ at: now - 5, ends: 'client', id: 'c' })
  expect(await of({ kind: 'of-tomorrow' })).toStrictEqual({ at: now - 5, ends: 'answers' })
  expect(await of({ kind: undefined })).toStrictEqual({ at: now - 5, ends: 'answers' })
  expect((await verified({ event: { kind: undefined } })).kind).toBe('')
})

const session = `${caep}/session-revoked`
const text = (name: string) => `claim_invalid: ${name}`
test.for<readonly [Changes, string]>([
  [{ header: { typ: 'at+jwt' } }, 'type_mismatch: undefined'],
  [{ header: { typ: undefined } }, 'type_mismatch: undefined'],
  [{ header: { alg: 'PS256' } }, 'algorithm_not_allowed: undefined'],
  [{ key: makeSigningKey('stranger', 'ES256'), header: { alg: 'RS256' } }, 'key_unknown: undefined'],
  [{ key: ecKey, header: { alg: 'RS256' } }, 'key_unknown: undefined'],
  [{ claims: { iss: `${issuer}x` } }, 'issuer_mismatch: undefined'],
  [{ claims: { aud: 'other' } }, 'audience_mismatch: undefined'],
  [{ claims: { aud: ['mail'] } }, 'audience_mismatch: undefined'],
  [{ claims: { iat: undefined } }, text('iat: not seconds')],
  [{ claims: { iat: now + 0.5 } }, text('iat: not seconds')],
  [{ claims: { iat: 0 } }, text('iat: not seconds')],
  [{ claims: { iat: 1e11 } }, text('iat: not seconds')],
  [{ claims: { iat: String(now) } }, text('iat: not seconds')],
  [{ claims: { jti: undefined } }, text('jti: not a number of this realm')],
  [{ claims: { jti: 7 } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}7` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}:07` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}:0` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}:7x` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}:x7` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `${realm}:1000000000000000` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `other-realm-with-the-same-count-of-let:7` } }, text('jti: not a number of this realm')],
  [{ claims: { events: undefined } }, text('events: not an object')],
  [{ claims: { events: [] } }, text('events: not an object')],
  [{ claims: { events: null } }, text('events: not an object')],
  [{ claims: { events: 'x' } }, text('events: not an object')],
  [{ claims: { events: {} } }, text('events: not one known event')],
  [{ claims: { events: { [session]: {}, [`${caep}/credential-change`]: {} } } }, text('events: not one known event')],
  [{ type: `${session}x` }, text('events: not one known event')],
  [{ claims: { events: { [session]: 7 } } }, text('event: not an object')],
  [{ event: { event_timestamp: undefined } }, text('event_timestamp: not seconds')],
  [{ event: { event_timestamp: now * 1000 } }, text('event_timestamp: not seconds')],
  [{ event: { kind: 7 } }, text('kind: not a name')],
  [{ event: { kind: '' } }, text('kind: not a name')],
  [{ event: { kind: 'two words' } }, text('kind: not a name')],
  [{ event: { kind: 'x'.repeat(256) } }, text('kind: not a name')],
  [{ event: { kind: 'x ' } }, text('kind: not a name')],
  [{ event: { kind: ' x' } }, text('kind: not a name')],
  [{ claims: { sub_id: undefined } }, text('sub_id: not an object')],
  [{ claims: { sub_id: { format: 'email' } } }, text('sub_id: of an unknown format')],
  [{ claims: { sub_id: { format: 'iss_sub', iss: 'x', sub: 'mary' } } }, text('sub_id: of another issuer')],
  [{ claims: { sub_id: { format: 'iss_sub', iss: issuer } } }, text('sub_id: names nobody')],
  [{ claims: { sub_id: { format: 'iss_sub', iss: issuer, sub: 7 } } }, text('sub_id.sub: not a name')],
  [{ event: { kind: 'session' } }, text('session_id: missing')],
  [{ event: { kind: 'refresh-family', family_id: 7 } }, text('family_id: not a name')],
  [{ event: { kind: 'client-disabled' } }, text('client_id: missing')],
  [{ claims: opaque }, text('sub_id: names no account')],
  ...['account-disabled', 'account-removed', 'password-changed', 'account-renamed'].map(
    (kind) => [{ claims: opaque, event: { kind } }, text('sub_id: names no account')] as const,
  ),
  [{ claims: { jti: `${'r'.repeat(realm.length)}:7` } }, text('jti: not a number of this realm')],
  [{ claims: { jti: `x7` } }, text('jti: not a number of this realm')],
])('%j is refused: %s', async ([changes, expected]) => {
  expect(await said(changes)).toBe(expected)
})

test('the longest name and the last second of time are taken', async () => {
  expect((await verified({ event: { kind: 'x'.repeat(255) } })).kind.length).toBe(255)
  expect((await verified({ event: { event_timestamp: 1e11 - 1 } })).ended.at).toBe(1e11 - 1)
  expect((await verified({ event: { event_timestamp: 1 } })).ended.at).toBe(1)
})

test('nothing of an event is believed before its signature', async () => {
  const token = sign()
  const signature = token.slice(token.lastIndexOf('.'))
  const forged = sign({ claims: { iss: 'x' } })
  const swapped = `${forged.slice(0, forged.lastIndexOf('.'))}${signature}`
  expect(await refusalLater(verifySecurityEvent(swapped, from))).toBe('signature_invalid: undefined')
  expect(await refusalLater(verifySecurityEvent('x', from))).toMatch(/^token_malformed: /)
})

test('a key of another kind verifies no event, even where it is published for it', async () => {
  const both = { ...from, keys: keysOf(['RS256', 'ES256']) }
  expect(await refusalLater(verifySecurityEvent(sign({ key: ecKey, header: { alg: 'RS256' } }), both))).toBe(
    'algorithm_not_allowed: undefined',
  )
  expect(await refusalLater(verifySecurityEvent(sign({ key: ecKey }), both))).toBe('algorithm_not_allowed: undefined')
})

test('keys that cannot be had say nothing about the event', async () => {
  const { documents } = server
  documents.delete(`${issuer}/keys`)
  const refused = await refusalLater(verifySecurityEvent(sign(), { ...from, keys: keysOf() }))
  published.publish()
  expect(refused).toBe(`keys_unavailable: ${issuer}`)
})
