import fc from 'fast-check'
import { generateSync } from 'otplib'
import { describe, expect, test } from 'vitest'
import { present, stepOf } from './totp.ts'

const secret = new TextEncoder().encode('12345678901234567890') // the secret of RFC 6238 appendix B
const second = (epoch: number) => new Date(epoch * 1000)
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
    expect(stepOf({ secret }, code, second(epoch))).toBe(Math.floor(epoch / 30))
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
    expect(stepOf({ secret }, codeAt(now + offset), second(now))).toBe(accepted ? step : undefined)
  })

  test('is accepted for 60 seconds from the beginning of its step and not a second longer', () => {
    const code = codeAt(now)
    expect(stepOf({ secret }, code, second(now + 59))).toBeDefined()
    expect(stepOf({ secret }, code, second(now + 60))).toBeUndefined()
  })

  test('of a step that was used, or of one before it, is refused', () => {
    const step = Math.floor(now / 30)
    expect(stepOf({ secret, lastStep: step }, codeAt(now), second(now))).toBeUndefined()
    expect(stepOf({ secret, lastStep: step }, codeAt(now - 30), second(now))).toBeUndefined()
    expect(stepOf({ secret, lastStep: step - 1 }, codeAt(now), second(now))).toBe(step)
    expect(stepOf({ secret, lastStep: step - 1 }, codeAt(now - 30), second(now))).toBeUndefined()
  })

  test('is refused, without a fault, while the clock is behind the last step', () => {
    const step = Math.floor(now / 30)
    expect(stepOf({ secret, lastStep: step + 1000 }, codeAt(now), second(now))).toBeUndefined()
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
    expect(stepOf({ secret }, typed(codeAt(now)), second(now))).toBe(Math.floor(now / 30))
  })

  test('of another secret is refused', () => {
    expect(stepOf({ secret: new Uint8Array(20).fill(9) }, codeAt(now), second(now))).toBeUndefined()
  })

  test('that is none is refused without a fault, whatever it is', () => {
    const others = fc.string({ unit: 'binary' }).filter((text) => !/\d{6}/.test(text.normalize('NFKC').replace(/[\s-]/g, '')))
    fc.assert(fc.property(others, (text) => stepOf({ secret }, text, second(now)) === undefined))
    for (const text of ['', '12345', '1234567', '12 34 5', '٣٤٥٦٧٨', '1e5000', '0x1234', '-12345', '9'.repeat(1_000_000)]) {
      expect(stepOf({ secret }, text, second(now))).toBeUndefined()
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
