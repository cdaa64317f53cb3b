import type { AuditRow, RealmStore } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import { type AuditEvent, createAudit, events } from './audit.ts'

const at = new Date('2026-03-01T12:00:00Z')
const audit = createAudit({ clock: () => at, newId: () => 'row-1' })

/** A realm of which only the audit trail is ever touched. */
function trail(append: (row: AuditRow) => Promise<void> = async () => undefined) {
  const rows: AuditRow[] = []
  const realm = {
    audit: {
      append: async (row: AuditRow) => {
        await append(row)
        rows.push(row)
      },
    },
  } as unknown as RealmStore // the other ports are not there, so touching one fails the test
  return { rows, realm }
}
const record = async (event: AuditEvent): Promise<AuditRow> => {
  const { rows, realm } = trail()
  await audit.record(realm, event)
  const [row] = rows
  if (row === undefined) throw new TypeError('nothing was written')
  return row
}
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
const opaque = 'dGhpc0lzQW5PcGFxdWVTZWNyZXRPZjI1NkJpdHM0MzQz'

describe('a row', () => {
  test('tells when, what, who and how it ended', async () => {
    const row = await record({
      event: 'token.issued',
      reference: 'ref-1',
      accountId: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
      clientId: 'mail',
      source: '2001:db8::1',
      detail: {
        grantType: 'authorization_code',
        scope: 'openid https://mail.contoso.com/EAS.AccessAsUser.All',
        refresh: true,
        jti: opaque,
      },
    })
    expect(row).toEqual({
      id: 'row-1',
      at,
      event: 'token.issued',
      outcome: 'allowed',
      reference: 'ref-1',
      accountId: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
      clientId: 'mail',
      source: '2001:db8::1',
      detail: {
        grantType: 'authorization_code',
        scope: 'openid https://mail.contoso.com/EAS.AccessAsUser.All',
        refresh: true,
        jti: opaque,
      },
    })
  })

  test('keeps a time as text and leaves out what is not known', async () => {
    const row = await record({ event: 'signin.throttled', reference: 'r', detail: { method: 'totp', until: at } })
    expect(row).toMatchObject({ outcome: 'refused', detail: { method: 'totp', until: '2026-03-01T12:00:00.000Z' } })
    const other = await record({
      event: 'signin.throttled',
      reference: 'r',
      accountId: undefined,
      detail: { method: 'totp', until: undefined },
    })
    expect(Object.keys(other)).not.toContain('accountId')
    expect(other.detail).toEqual({ method: 'totp' })
  })
})

describe('no secret gets in', () => {
  const smuggle = async (detail: Record<string, unknown>, event = 'token.refused', more = {}) => {
    const { rows, realm } = trail()
    const attempt = { event, reference: 'r', detail, ...more } as unknown as AuditEvent // what the types refuse, at run time
    await audit.record(realm, attempt).catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error
    })
    return JSON.stringify(rows)
  }

  test.each([
    ['a member that the event does not have', { error: 'x', password: 'hunter2-canary' }, 'hunter2-canary'],
    ['a token in a text', { error: 'x', reason: `bad token ${jwt}` }, jwt],
    ['half a token in a text', { error: 'x', reason: jwt.slice(0, 40) }, jwt.slice(0, 40)],
    ['an opaque token in a text', { error: 'x', reason: `no such code: ${opaque}` }, opaque],
    ['a token as a word', { error: jwt }, jwt],
    ['an opaque token as a word', { error: 'x', grantType: opaque }, opaque],
    ['anything odd as a word', { error: 'x', grantType: 'my password is canary' }, 'canary'],
    ['an object as a text', { error: 'x', reason: { password: 'canary' } }, 'canary'],
  ])('as %s', async (_name, detail, canary) => {
    expect(await smuggle(detail)).not.toContain(canary)
  })

  test('as an identifier that is a token', async () => {
    expect(await smuggle({ familyId: jwt }, 'refresh.reused')).toBe('[]')
    expect(await smuggle({ familyId: 'f' }, 'refresh.reused', { accountId: jwt })).toBe('[]')
    expect(await smuggle({ familyId: 'f' }, 'refresh.reused', { clientId: jwt })).not.toContain(jwt)
  })

  test('and an honest text stays readable', async () => {
    const reason =
      'grant 6f9619ff-8b86-4d01-b42d-00cf4fc964ff was revoked, see https://example.com/some/rather/long/path/that/goes/on/and/on'
    const { detail } = await record({ event: 'token.refused', reference: 'r', detail: { error: 'invalid_grant', reason } })
    expect(detail.reason).toBe(reason)
  })

  test('nor a second line', async () => {
    const { detail } = await record({
      event: 'token.refused',
      reference: 'r',
      detail: { error: 'x', reason: 'one\r\ntwo\u2028three' },
    })
    expect(detail.reason).toBe('one two three')
  })

  test('nor a book', async () => {
    const { detail } = await record({
      event: 'token.refused',
      reference: 'r',
      detail: { error: 'x', reason: 'word '.repeat(100_000) },
    })
    expect(detail.reason).toHaveLength(500)
  })
})

describe('recording fails loudly', () => {
  test('when the row cannot be written', async () => {
    const fault = new RangeError('the disk is full')
    const { realm } = trail(() => Promise.reject(fault))
    await expect(audit.record(realm, { event: 'refresh.reused', reference: 'r', detail: { familyId: 'f' } })).rejects.toBe(fault)
  })

  test.each([
    ['an unknown event', { event: 'token.invented', detail: {} }],
    ['an inherited name as event', { event: 'constructor', detail: {} }],
    ['a member that the event does not have', { event: 'signin.failed', detail: { method: 'totp', code: '123456' } }],
    ['a missing member', { event: 'refresh.reused', detail: {} }],
    ['a member of the wrong kind', { event: 'signin.failed', detail: { method: 'totp', attemptsLeft: '4' } }],
    ['an invalid time', { event: 'signin.throttled', detail: { method: 'totp', until: 'tomorrow' } }],
  ])('for %s', async (_name, event) => {
    const { rows, realm } = trail()
    const wrong = { reference: 'r', ...event } as unknown as AuditEvent // what the types refuse, at run time
    await expect(audit.record(realm, wrong)).rejects.toThrow(TypeError)
    expect(rows).toEqual([])
  })
})

test('every event says what it tells, and has a name of the form noun.verb', () => {
  for (const [name, { tells }] of Object.entries(events)) {
    expect(name).toMatch(/^[a-z_]+\.[a-z_]+$/)
    expect(tells).toMatch(/^[A-Z].*\.$/)
  }
})
