import type { Resource } from '@postern/storage'
import { describe, expect, it } from 'vitest'
import { encode, findParameter, type Parameters, rewriteAuthorization, rewriteTokenRequest } from './request-rewriting.ts'

const mail = {
  id: '11111111-1111-4111-8111-111111111111',
  displayName: 'Mail',
  audience: 'https://mail.contoso.com/',
  names: ['https://mail.contoso.com/'],
  scopes: ['EAS.AccessAsUser.All'],
  algorithm: 'RS256',
  tokenType: 'at+jwt',
  status: 'active',
  createdAt: new Date(0),
  updatedAt: new Date(0),
} as unknown as Resource // the brand of the id has no runtime part
const resources = [mail]
const parse = (query: string): Parameters => [...new URLSearchParams(query)]

describe('rewriteAuthorization', () => {
  it('understands the request that an iPhone was recorded to send', () => {
    const recorded = parse(
      'response_type=code&client_id=f8d98a96-0999-43f5-8af3-69971c7bb423&redirect_uri=com.apple.Preferences%3A%2F%2Foauth-redirect&resource=https%3A%2F%2Fmail.contoso.com&display=ios&ui_locales=fr-fr&state=S&claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22%5D%7D%7D%7D&login_hint=mary%40contoso.com',
    )
    const rewritten = rewriteAuthorization(recorded, { resources, v1: true })
    expect(findParameter(rewritten, 'scope')).toBe('openid profile email offline_access https://mail.contoso.com/.default')
    expect(findParameter(rewritten, 'resource')).toBe('https://mail.contoso.com/')
    expect(findParameter(rewritten, 'claims')).toBeUndefined()
    expect(findParameter(rewritten, 'postern_offline')).toBe('1')
    expect(findParameter(rewritten, 'redirect_uri')).toBe('com.apple.Preferences://oauth-redirect')
    expect(findParameter(rewritten, 'state')).toBe('S')
  })

  it('keeps what else the claims parameter asks for, and leaves an ill-formed one to be refused', () => {
    const kept = rewriteAuthorization(parse('claims={"access_token":{"x":null},"id_token":{"acr":null}}'), {
      resources,
      v1: false,
    })
    expect(findParameter(kept, 'claims')).toBe('{"id_token":{"acr":null}}')
    const broken = rewriteAuthorization(parse('claims={oops'), { resources, v1: false })
    expect(findParameter(broken, 'claims')).toBe('{oops')
  })

  it('passes the challenge of a mail API on as an essential acr, and leaves out what is merely wished', () => {
    const challenge =
      '{"access_token":{"acrs":{"essential":true,"value":"urn:postern:acr:phishing-resistant"},"xms_cc":{"values":["cp1"]}}}'
    const asked = parse(new URLSearchParams({ claims: challenge, acr_values: 'urn:postern:acr:aal1' }).toString())
    const rewritten = rewriteAuthorization(asked, { resources, v1: false })
    expect(JSON.parse(findParameter(rewritten, 'claims') ?? '')).toEqual({
      id_token: { acr: { essential: true, value: 'urn:postern:acr:phishing-resistant' } },
    })
    expect(findParameter(rewritten, 'acr_values')).toBeUndefined()
  })

  it('takes no demand from a challenge that does not insist, nor replaces one that the ID token makes', () => {
    const mild = rewriteAuthorization(parse('acr_values=a&claims={"access_token":{"acrs":{"value":"b"}}}'), {
      resources,
      v1: false,
    })
    expect(findParameter(mild, 'claims')).toBeUndefined()
    expect(findParameter(mild, 'acr_values')).toBe('a')
    const own = '{"id_token":{"acr":{"essential":true,"value":"a"}},"access_token":{"acrs":{"essential":true,"value":"b"}}}'
    const kept = rewriteAuthorization(parse(`claims=${own}`), { resources, v1: false })
    expect(JSON.parse(findParameter(kept, 'claims') ?? '')).toEqual({ id_token: { acr: { essential: true, value: 'a' } } })
  })

  it('lets nobody bring a private parameter along', () => {
    const rewritten = rewriteAuthorization(parse('scope=openid&postern_offline=1&postern_v1=1'), { resources, v1: false })
    expect(encode(rewritten)).toBe('scope=openid')
  })

  it('does not touch a request by reference', () => {
    const query = 'client_id=x&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aabc'
    expect(encode(rewriteAuthorization(parse(query), { resources, v1: true }))).toBe(query)
  })

  it('keeps several resources apart and in order', () => {
    const rewritten = rewriteAuthorization(parse('resource=https://mail.contoso.com&resource=https://other.example'), {
      resources,
      v1: false,
    })
    expect(rewritten).toEqual([
      ['resource', 'https://mail.contoso.com/'],
      ['resource', 'https://other.example'],
    ])
  })
})

describe('rewriteTokenRequest', () => {
  it('reads the device code under the name that Microsoft-style clients use', () => {
    const grant = 'urn:ietf:params:oauth:grant-type:device_code'
    const rewritten = rewriteTokenRequest(
      [
        ['grant_type', grant],
        ['code', 'D'],
      ],
      { resources },
    )
    expect(rewritten).toEqual([
      ['grant_type', grant],
      ['device_code', 'D'],
    ])
    const both = rewriteTokenRequest(
      [
        ['grant_type', grant],
        ['code', 'C'],
        ['device_code', 'D'],
      ],
      { resources },
    )
    expect(findParameter(both, 'device_code')).toBe('D')
  })

  it('takes a resource without scopes as all that the client may have there', () => {
    const rewritten = rewriteTokenRequest(
      [
        ['grant_type', 'client_credentials'],
        ['resource', 'https://mail.contoso.com'],
      ],
      { resources },
    )
    expect(findParameter(rewritten, 'scope')).toBe('https://mail.contoso.com/.default')
    const chosen = rewriteTokenRequest(
      [
        ['grant_type', 'client_credentials'],
        ['resource', 'https://mail.contoso.com'],
        ['scope', 'x'],
      ],
      { resources },
    )
    expect(findParameter(chosen, 'scope')).toBe('x')
  })
})
