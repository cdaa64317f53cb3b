import { describe, expect, test } from 'vitest'
import { answerAutodiscover } from './autodiscover.ts'

const options = { domain: 'contoso.com', baseUrl: 'https://mail.contoso.com' }
const ask = (pathAndQuery: string) => answerAutodiscover(new URL(pathAndQuery, 'http://localhost:8090'), options)

describe('Autodiscover V2', () => {
  test('answers both URL forms alike', () => {
    const found = { status: 200, body: { Protocol: 'ActiveSync', Url: 'https://mail.contoso.com/Microsoft-Server-ActiveSync' } }
    expect(ask('/autodiscover/autodiscover.json?Email=mary%40contoso.com&Protocol=activesync&RedirectCount=3')).toEqual(found)
    expect(ask('/autodiscover/autodiscover.json/v1.0/mary@contoso.com?Protocol=ActiveSync')).toEqual(found)
    expect(ask('/Autodiscover/Autodiscover.json/v1.0/mary%40contoso.com?protocol=ACTIVESYNC')).toEqual(found)
  })

  test('knows the EWS address too', () => {
    expect(ask('/autodiscover/autodiscover.json?Email=a@contoso.com&Protocol=Ews').body.Url).toBe(
      'https://mail.contoso.com/EWS/Exchange.asmx',
    )
  })

  test('answers every address of the domain alike, whether it exists or not', () => {
    const one = ask('/autodiscover/autodiscover.json?Email=mary@contoso.com&Protocol=Ews')
    expect(ask('/autodiscover/autodiscover.json?Email=no-such-person@contoso.com&Protocol=Ews')).toEqual(one)
  })

  test('refuses an unknown protocol in the words that clients know', () => {
    expect(ask('/autodiscover/autodiscover.json?Email=mary@contoso.com&Protocol=x')).toEqual({
      status: 400,
      body: {
        ErrorCode: 'ProtocolNotSupported',
        ErrorMessage: "Protocol: The protocol 'x' is not supported. Supported protocols are: 'ActiveSync,Ews'.",
      },
    })
  })

  test('refuses a missing protocol', () => {
    for (const query of ['Email=mary@contoso.com', 'Email=mary@contoso.com&Protocol=']) {
      expect(ask(`/autodiscover/autodiscover.json?${query}`).body).toEqual({
        ErrorCode: 'MissingProtocol',
        ErrorMessage: "A valid value must be provided for the query parameter 'Protocol'.",
      })
    }
  })

  test.each([
    ['no address', '?Protocol=Ews'],
    ['no mail address', '?Email=mary&Protocol=Ews'],
    ['two addresses', '?Email=a@contoso.com&email=b@contoso.com&Protocol=Ews'],
    ['two at signs', '?Email=a@b@contoso.com&Protocol=Ews'],
    ['a redirect count that is none', '?Email=a@contoso.com&Protocol=Ews&RedirectCount=x'],
    ['too many redirects', '?Email=a@contoso.com&Protocol=Ews&RedirectCount=11'],
    ['a broken percent sequence', '/v1.0/%ZZ@contoso.com?Protocol=Ews'],
    ['another version', '/v2.0/a@contoso.com?Protocol=Ews'],
    ['an address in both places', '/v1.0/a@contoso.com?Protocol=Ews&Email=a@contoso.com'],
  ])('refuses %s', (_, rest) => {
    expect(ask(`/autodiscover/autodiscover.json${rest}`)).toEqual({
      status: 400,
      body: { ErrorCode: 'MandatoryParameterMissing', ErrorMessage: 'The get request sent does not match the valid format.' },
    })
  })

  test('does not serve other domains', () => {
    expect(ask('/autodiscover/autodiscover.json?Email=a@fabrikam.com&Protocol=Ews').status).toBe(404)
  })
})
