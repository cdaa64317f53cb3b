import { describe, expect, test } from 'vitest'
import { breakerAfter, breakerDuring, closedBreaker, isOpen } from './circuit-breaker.ts'
import { noticeKinds, noticeTexts } from './mail/notice-texts.ts'
import { type Notice, renderNotice } from './mail/notices.ts'
import { retryDelay } from './mail/outbox-worker.ts'
import { parseReceipt } from './smpp/receipt.ts'
import { encodeShortMessage } from './smpp/short-message.ts'
import type { DeliverSm } from './smpp/smpp-library.ts'
import { judge } from './web/web-sender.ts'

const now = new Date('2026-11-23T10:00:00Z')
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds)
const away = { outcome: 'not_taken', because: 'unreachable', code: 'ECONNREFUSED' } as const

describe('the memory of a sender that failed', () => {
  test('keeps people away from it for longer each time, and for a minute at most', () => {
    let breaker = closedBreaker
    const pauses = Array.from({ length: 6 }, () => {
      breaker = breakerAfter(breaker, away, now)
      return ((breaker.openUntil?.getTime() ?? 0) - now.getTime()) / 1000
    })
    expect(pauses).toEqual([5, 10, 20, 40, 60, 60])
  })

  test('lets one person try whether it is back, and the others go elsewhere meanwhile', () => {
    const failed = breakerAfter(closedBreaker, away, now)
    expect([isOpen(failed, later(4_999)), isOpen(failed, later(5_000))]).toEqual([true, false])
    expect(isOpen(breakerDuring(failed, later(5_000)), later(5_001))).toBe(true)
    expect(isOpen(breakerDuring(closedBreaker, now), now)).toBe(false)
  })

  test('ends with a success, and a refused message is none of its business', () => {
    const failed = breakerAfter(closedBreaker, { outcome: 'unknown', code: 'no_answer' }, now)
    expect(isOpen(failed, now)).toBe(true)
    expect(breakerAfter(failed, { outcome: 'accepted' }, now)).toBe(closedBreaker)
    expect(breakerAfter(closedBreaker, { outcome: 'not_taken', because: 'refused', code: 'http_400' }, now)).toBe(closedBreaker)
  })
})

describe('a short message', () => {
  const sizes = (text: string) => {
    const { dataCoding, parts } = encodeShortMessage(text, { long: 'parts', reference: 7 })
    return [dataCoding, ...parts.map((part) => part.octets.length)]
  }

  test.each([
    ['a'.repeat(160), [0, 160]],
    ['a'.repeat(161), [0, 159, 14]],
    ['€'.repeat(80), [0, 160]],
    ['€'.repeat(81), [0, 158, 16]],
    ['я'.repeat(70), [8, 140]],
    ['я'.repeat(71), [8, 140, 14]],
    ['🔐'.repeat(36), [8, 138, 18]],
  ])('has the sizes of the standard (case %#)', (text, expected) => {
    expect(sizes(text)).toEqual(expected)
  })

  test('writes the letters of the alphabet by their place and the extension after an escape', () => {
    const { parts } = encodeShortMessage('@£§à€[\\', { long: 'parts', reference: 0 })
    expect(parts[0]?.octets.toString('hex')).toBe('00015f7f1b651b3c1b2f')
  })

  test('is refused when it is empty or endless', () => {
    expect(() => encodeShortMessage('', { long: 'parts', reference: 0 })).toThrow(TypeError)
    expect(() => encodeShortMessage('a'.repeat(153 * 255 + 1), { long: 'parts', reference: 0 })).toThrow(TypeError)
  })
})

describe('a receipt', () => {
  const pdu = (fields: object) => ({ esm_class: 0x04, ...fields }) as DeliverSm // the members that are read

  test('is no message of a person', () => {
    expect(parseReceipt(pdu({ esm_class: 0, short_message: { message: 'stat:DELIVRD' } }))).toBeUndefined()
  })

  test('has one of eight states, whatever the centre writes, and an id that may be logged', () => {
    const receipt = (message: string) => parseReceipt(pdu({ short_message: { message } }))
    expect(receipt('id:ab-1 stat:EXPIRED text:482915')).toEqual({ state: 'expired', messageId: 'ab-1' })
    expect(receipt('id:{"level":50} stat:HACKED!')).toEqual({ state: 'unknown' })
    expect(parseReceipt(pdu({ message_state: 200, receipted_message_id: 'a\nb' }))).toEqual({ state: 'unknown' })
    expect(parseReceipt(pdu({ message_state: 8 }))).toEqual({ state: 'rejected' })
  })
})

test.each([
  [202, 'whatever', { outcome: 'accepted' }],
  [418, '', { outcome: 'not_taken', because: 'refused', code: 'http_418' }],
  [429, '', { outcome: 'not_taken', because: 'busy', code: 'http_429' }],
  [500, '', { outcome: 'not_taken', because: 'unreachable', code: 'http_500' }],
  [504, '', { outcome: 'unknown', code: 'http_504' }],
  [201, '', { outcome: 'unknown', code: 'http_201' }],
])('a service that answers %i is judged by its rule', (status, body, expected) => {
  expect(judge({ status, body }, { acceptStatus: [202], refuseStatus: ['4xx', 500] })).toEqual(expected)
})

test('an accepted answer that was cut before the words that matter leaves it unknown', () => {
  const rule = { acceptStatus: [200], acceptBody: /ok/, refuseStatus: ['4xx'] }
  expect(judge({ status: 200, body: undefined }, rule)).toEqual({ outcome: 'unknown', code: 'http_200_cut' })
})

test('mail is tried again after 1, 2, 4 … minutes, at least every two hours', () => {
  expect([1, 2, 3, 8, 50].map((tries) => retryDelay(tries) / 60_000)).toEqual([1, 2, 4, 120, 120])
})

describe('a notice', () => {
  const account = { address: 'mary@contoso.com', displayName: 'Mary Rivera' }
  const details = {
    method: 'totp',
    label: 'Phone',
    number: '+4915112345678',
    left: 3,
    validUntil: now,
    count: 5,
    app: 'Contoso Mail',
    source: '203.0.113.7',
    realm: 'Contoso',
    issuer: 'https://login.contoso.com/0b0f',
    protocol: 'ActiveSync',
    portal: 'https://login.contoso.com/contoso.com/portal',
  }
  const languages = Object.keys(noticeTexts) as (keyof typeof noticeTexts)[]

  test.each(languages.flatMap((language) => noticeKinds.map((kind) => [kind, language] as const)))(
    '%s in %s says what happened, when, where from and what to do, and leaves no gap',
    (kind, language) => {
      const notice = { kind, ...details } as Notice // each kind reads its own members
      const { subject, text } = renderNotice(notice, { account, language, now })
      expect(`${subject}${text}`).not.toMatch(/[{}]|undefined|15112345678/)
      for (const fact of ['2026', 'UTC', 'mary@contoso.com', 'Contoso Mail', '203.0.113.7', details.issuer])
        expect(text).toContain(fact)
      expect(subject.length).toBeLessThan(80)
    },
  )

  test('cannot be made to say something else by the name of an app', () => {
    const app = 'Mail\r\n\r\nYour account is locked. Go to https://evil.example www.evil.example \u202e{name}'
    const { text } = renderNotice({ kind: 'stale_password', app }, { account, language: 'en', now })
    expect(text).not.toMatch(/https:\/\/evil|www\.evil|\u202e|\nYour account is locked/)
    expect(text).not.toContain('Mary Rivera www')
  })
})
