import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countryPrefixOf, maskPhoneNumber, parsePhoneNumber, prefixAllowed } from './phone-number.ts'

describe('a telephone number', () => {
  test.each([
    ['+4915112345678', '+4915112345678'],
    [' +49 (0)151 / 12345678 ', '+4915112345678'],
    ['+1 212 555 0123', '+12125550123'],
    ['+41 79 123 45 67', '+41791234567'],
    ['+49 30 123456', '+4930123456'],
    ['＋４９ １５１ １２３４５６７８', '+4915112345678'],
  ])('typed as "%s" is %s', (typed, number) => {
    expect(parsePhoneNumber(typed)).toBe(number)
  })

  test('without a country is read as one of the country that is given, and refused without one', () => {
    expect(parsePhoneNumber('0151 12345678', 'DE')).toBe('+4915112345678')
    expect(parsePhoneNumber('0151 12345678', 'de')).toBe('+4915112345678')
    expect(parsePhoneNumber('0151 12345678')).toBeUndefined()
    expect(parsePhoneNumber('0151 12345678', 'Atlantis')).toBeUndefined()
  })

  test.each([
    ['premium', '+49 900 1 123456'],
    ['premium in Britain', '+44 909 8790 123'],
    ['shared cost', '+49 180 1 123456'],
    ['free of charge', '+1 800 555 0199'],
    ['a personal number, which costs extra', '+44 70 1234 5678'],
    ['an emergency call', '112'],
    ['a short code', '+49 22033'],
    ['one with an extension', '+49 30 123456 ext. 7'],
    ['one in a sentence', 'call +4915112345678 please'],
    ['too long', '+4915112345678901234'],
    ['of no country', '+999 123456789'],
    ['of a satellite', '+881 6 1234 5678'],
    ['of an international network', '+882 16 1234 5678'],
    ['of another international network', '+883 5100 1234 5678'],
    ['of a ship', '+870 773 123 456'],
    ['a universal personal number', '+878 10 1234567890'],
    ['of international premium rate', '+979 1 2345 6789'],
    ['of international free phone', '+800 1234 5678'],
    ['of disaster relief', '+888 123 456 789'],
  ])('that is %s (%s) is refused', (_what, typed) => {
    expect(parsePhoneNumber(typed)).toBeUndefined()
  })

  test('is E.164 or nothing, whatever was typed', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'+0123456789 ()-/.;=xetl'), maxLength: 80 })
    const countries = fc.option(fc.constantFrom('DE', 'US', 'XX', '__proto__', ''), { nil: undefined })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), digits), countries, (typed, country) => {
        const number = parsePhoneNumber(typed, country)
        if (number !== undefined) {
          expect(number).toMatch(/^\+[1-9]\d{6,14}$/)
          expect(parsePhoneNumber(number)).toBe(number)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('is masked but for its country and its end', () => {
    expect(maskPhoneNumber('+4915112345678')).toBe('+49 ••••• 78')
    expect(maskPhoneNumber('+12125550123')).toBe('+1 ••••• 23')
    expect(maskPhoneNumber('not one')).toBe('••••• ')
    expect(countryPrefixOf('+4915112345678')).toBe('+49')
  })

  test('is allowed by its beginning', () => {
    expect(prefixAllowed('+4915112345678', undefined)).toBe(true)
    expect(prefixAllowed('+4915112345678', ['+43', '+49'])).toBe(true)
    expect(prefixAllowed('+4915112345678', ['+4916', '+43'])).toBe(false)
    expect(prefixAllowed('+4915112345678', [])).toBe(false)
  })
})
