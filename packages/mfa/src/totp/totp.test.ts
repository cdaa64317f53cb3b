import type { Authenticator } from '@postern/storage'
import fc from 'fast-check'
import { generateSync } from 'otplib'
import { describe, expect, test } from 'vitest'
import type { Occasion } from '../method.ts'
import { createTotp, present, stepOf } from './totp.ts'

const secret = new TextEncoder().encode('12345678901234567890') // the secret of RFC 6238 appendix B
const at = (epoch: number, offsets?: readonly number[]) => ({ now: new Date(epoch * 1000), ...(offsets && { offsets }) })
const codeAt = (epoch: number) => generateSync({ secret, epoch })

describe('a code', () => {
  // The last six digits of the SHA-1 column of RFC 6238 appendix B.
  test.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('of second %i is the one of RFC 6238', (epoch, code) => {
    expect(stepOf({ secret }, code, at(epoch))).toBe(Math.floor(epoch / 30))
  })

  const now = 1_700_000_010 // the first second of a step
  test.each([
    ['two steps ago', -60, false],
    ['a second too long ago', -31, false],
    ['the step before', -30, true],
    ['the step before, its last second', -1, true],
    ['this step', 0, true],
    ['this step, its last second', 29, true],
    ['the step to come', 30, false],
    ['one after that', 60, false],
  ])('of %s (%i s) is accepted: %s', (_name, offset, accepted) => {
    const step = Math.floor((now + offset) / 30)
    expect(stepOf({ secret }, codeAt(now + offset), at(now))).toBe(accepted ? step : undefined)
  })

  test('is accepted for 60 seconds from the beginning of its step and not a second longer', () => {
    const code = codeAt(now)
    expect(stepOf({ secret }, code, at(now + 59))).toBeDefined()
    expect(stepOf({ secret }, code, at(now + 60))).toBeUndefined()
  })

  test('of a step that was used, or of one before it, is refused', () => {
    const step = Math.floor(now / 30)
    expect(stepOf({ secret, lastStep: step }, codeAt(now), at(now))).toBeUndefined()
    expect(stepOf({ secret, lastStep: step }, codeAt(now - 30), at(now))).toBeUndefined()
    expect(stepOf({ secret, lastStep: step - 1 }, codeAt(now), at(now))).toBe(step)
    expect(stepOf({ secret, lastStep: step - 1 }, codeAt(now - 30), at(now))).toBeUndefined()
  })

  test('is refused, without a fault, while the clock is behind the last step', () => {
    const step = Math.floor(now / 30)
    expect(stepOf({ secret, lastStep: step + 1000 }, codeAt(now), at(now))).toBeUndefined()
  })

  test.each([
    ['with a space', (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ['with spaces around', (code: string) => ` ${code}\t`],
    ['with a hard space', (code: string) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`],
    ['with a dash', (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
    [
      'in full-width digits',
      (code: string) => [...code].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join(''),
    ],
  ])('typed %s is the same', (_name, typed) => {
    expect(stepOf({ secret }, typed(codeAt(now)), at(now))).toBe(Math.floor(now / 30))
  })

  test('of another secret is refused', () => {
    expect(stepOf({ secret: new Uint8Array(20).fill(9) }, codeAt(now), at(now))).toBeUndefined()
  })

  test('that is none is refused without a fault, whatever it is', () => {
    const others = fc.string({ unit: 'binary' }).filter((text) => !/\d{6}/.test(text.normalize('NFKC').replace(/[\s-]/g, '')))
    fc.assert(fc.property(others, (text) => stepOf({ secret }, text, at(now)) === undefined))
    for (const text of ['', '12345', '1234567', '12 34 5', '٣٤٥٦٧٨', '1e5000', '0x1234', '-12345', '9'.repeat(1_000_000)]) {
      expect(stepOf({ secret }, text, at(now))).toBeUndefined()
    }
  })
})

describe('what is shown', () => {
  test('is the secret in base32, in groups, and as an otpauth URI with issuer and account', () => {
    expect(present(secret, { issuerName: 'Contoso & Söhne', accountName: 'mary@contoso.com' })).toEqual({
      kind: 'totp',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      secretInGroups: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
      uri: 'otpauth://totp/Contoso%20%26%20S%C3%B6hne:mary%40contoso.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Contoso%20%26%20S%C3%B6hne',
    })
  })

  test('keeps issuer and account apart, whatever they are called', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1 }),
        (issuerName, accountName) => {
          const uri = new URL(present(secret, { issuerName, accountName }).uri)
          expect(uri.pathname.split(':')).toHaveLength(2)
          expect([...uri.searchParams.keys()]).toEqual(['secret', 'issuer'])
          expect(uri.searchParams.get('issuer')).toBe(issuerName.toWellFormed().replaceAll(':', ' '))
        },
      ),
    )
  })
})

describe('a phone whose clock is off', () => {
  const now = new Date(1_700_000_010_000)
  const codeOf = (offset: number) => codeAt(now.getTime() / 1000 + offset * 30)
  const accepted: { step: number; at: Date }[] = []
  const realm = {
    authenticators: { acceptStep: async (_id: string, proof: { step: number; at: Date }) => accepted.push(proof) > 0 },
  }
  const occasion = { realm } as unknown as Occasion // of an occasion, matching reads the store alone
  const authenticator = (detail: Authenticator['detail']) =>
    ({ id: 'a', secret, state: 'active', detail }) as unknown as Authenticator
  const totp = createTotp({ random: () => secret })

  test.each([
    [1, { drift: 1 }],
    [-2, { drift: -2 }],
    [0, {}],
    [-1, {}],
  ])('by %i steps when it is bound is remembered as %o', async (offset, detail) => {
    const matched = await totp.enrollment?.match(occasion, authenticator({}), codeOf(offset), now)
    expect(matched).toEqual(expect.objectContaining({ proof: expect.objectContaining({ detail }) }))
  })

  test('further than a step ahead or two behind binds nothing', async () => {
    for (const offset of [2, -3]) {
      expect(await totp.enrollment?.match(occasion, authenticator({}), codeOf(offset), now)).toBeUndefined()
    }
  })

  test('is met where it was, and at the right time too when it is set right', async () => {
    const ahead = [authenticator({ drift: 1 })]
    for (const offset of [1, 0, -1]) {
      const matched = await totp.match(occasion, ahead, codeOf(offset), now)
      expect(matched, String(offset)).toMatchObject({ amr: ['otp'] })
    }
    expect(await totp.match(occasion, ahead, codeOf(-2), now)).toBeUndefined()
  })

  test('gives nobody else a third step', async () => {
    for (const offset of [1, -2]) {
      expect(await totp.match(occasion, [authenticator({})], codeOf(offset), now)).toBeUndefined()
      expect(await totp.match(occasion, [authenticator({ drift: 5 })], codeOf(offset), now)).toBeUndefined()
    }
  })
})
