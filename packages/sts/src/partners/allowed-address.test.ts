import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAllowedAddress } from './allowed-address.ts'
import { claimedPrincipal } from './claimed-principal.ts'

describe('an address of metadata', () => {
  const hosts = ['mail.contoso.com', 'cloud.contoso.com:8443', '10.1.2.3']

  test.each([
    'https://mail.contoso.com/autodiscover/metadata/json/1',
    'https://mail.contoso.com:443/x',
    'https://MAIL.contoso.com/x',
    'https://cloud.contoso.com:8443/x?realm=contoso.com',
    'https://10.1.2.3/x',
    // The same address, written in another way: the name that is asked is compared, not its letters.
    'https://0x0a.1.2.3/x',
  ])('%s may be asked', (address) => {
    expect(isAllowedAddress(address, hosts)).toBe(true)
  })

  test.each([
    'https://mail.contoso.com.evil.test/x',
    'https://evil.test/mail.contoso.com',
    'https://mail.contoso.com:8443/x',
    'https://cloud.contoso.com/x',
    'https://sub.mail.contoso.com/x',
    'https://contoso.com/x',
    'https://mail.contoso.com@evil.test/x',
    'https://user:password@mail.contoso.com/x',
    'https://mail.contoso.com./x',
    'ftp://mail.contoso.com/x',
    'file:///etc/passwd',
    'mail.contoso.com',
    '',
  ])('%s may not', (address) => {
    expect(isAllowedAddress(address, hosts)).toBe(false)
  })

  test('is refused when no host is listed', () => {
    expect(isAllowedAddress('https://mail.contoso.com/x', [])).toBe(false)
  })
})

describe('the principal that an assertion claims', () => {
  const part = (members: unknown) => Buffer.from(JSON.stringify(members)).toString('base64url')
  const assertion = (claims: unknown, header: unknown = {}) => `${part(header)}.${part(claims)}.c2ln`

  test('is the client id of its iss, with the certificate that the header names', () => {
    expect(claimedPrincipal(assertion({ iss: 'client@contoso.com' }))).toEqual({ clientId: 'client' })
    expect(claimedPrincipal(assertion({ iss: 'client@contoso.com' }, { x5t: 'abc=' }))).toEqual({
      clientId: 'client',
      x5t: 'abc',
    })
    for (const header of [{ x5t: 7 }, null, 'x5t', ['x5t'], { __proto__: { x5t: 'abc' } }])
      expect(claimedPrincipal(assertion({ iss: 'client@contoso.com' }, header))).toEqual({ clientId: 'client' })
  })

  test.each([[{ iss: 'a@b@c' }], [{ iss: 7 }], [{}], [null], ['text'], [['iss']]])('is none in %j', (claims) => {
    expect(claimedPrincipal(assertion(claims))).toBeUndefined()
  })

  test('is none in anything else, and nothing makes it fail', () => {
    expect(claimedPrincipal(`e30.${'A'.repeat(60_000)}.`)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => claimedPrincipal(text) === undefined))
  })
})
