import { describe, expect, test } from 'vitest'
import { FOLDER } from '../activesync-tokens.ts'
import { element, encodeWbxml } from '../wbxml.ts'
import { explain } from './explain.ts'
import { createScreen } from './screen.ts'
import { createExchangeView } from './show-exchange.ts'
import { showToken } from './show-token.ts'
import { showWbxml } from './show-wbxml.ts'
import type { Exchange } from './trace.ts'

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const signature = 'c2lnbmF0dXJl'.repeat(20)
const tokenOf = (claims: object, header: object = { typ: 'JWT', alg: 'RS256' }, third = signature): string =>
  `${part(header)}.${part(claims)}.${third}`
const realm = '3f0c1f5e-6a5e-4b3a-9a3e-0d6a51a7c0de'
const actor = tokenOf({
  aud: `8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3/localhost@${realm}`,
  iss: `00000001-0000-0000-c000-000000000000@${realm}`,
  exp: '1795450800',
  trustedfordelegation: 'true',
})
const outer = tokenOf({ upn: 'mary@contoso.com', actortoken: actor })

const exchange = (wanted: Partial<Exchange> = {}): Exchange => ({
  method: 'POST',
  url: `http://localhost:8091/EWS/Exchange.asmx?${'long=parameter&'.repeat(20)}`,
  requestHeaders: { authorization: `Bearer ${outer}`, 'content-type': 'text/xml', cookie: 'secret=1', 'x-other': '1' },
  requestBody: `<s:Envelope><s:Body><a xmlns="urn:1"><b>${'x'.repeat(200)}</b><c></c></a></s:Body></s:Envelope>`,
  status: 401,
  responseHeaders: {
    'www-authenticate': `Bearer client_id="1", trusted_issuers="${'00000001-0000-0000-c000-000000000000@*,'.repeat(9)}"`,
  },
  responseBody: '',
  ...wanted,
})
const plain = createScreen({ columns: undefined, colours: false })

describe('an exchange on the screen', () => {
  const shown = (one: Exchange, screen = plain): string => {
    const view = createExchangeView(screen)
    return [...view.request(one), ...view.answer(one)].join('\n')
  }

  test('is never wider than 80 columns and has no colours where there is no terminal', () => {
    const json = {
      responseHeaders: { 'content-type': 'application/json' },
      responseBody: JSON.stringify({ a: 'y'.repeat(300), token: actor }),
    }
    for (const text of [shown(exchange()), shown(exchange(json))]) {
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
      expect(text).not.toContain('\u001b')
    }
    expect(shown(exchange(), createScreen({ columns: 80, colours: true }))).toContain('\u001b[')
  })

  test('holds no token that could be used, wherever it stood', () => {
    const answer = {
      responseHeaders: { 'content-type': 'application/json' },
      responseBody: JSON.stringify({ access_token: actor, refresh_token: outer }),
    }
    const form = {
      requestHeaders: { 'content-type': 'application/x-www-form-urlencoded' },
      requestBody: `assertion=${outer}&refresh_token=${actor}`,
    }
    for (const text of [shown(exchange(answer)), shown(exchange(form)), shown(exchange({ ...form, ...answer }))]) {
      expect(text.replace(/\s/g, '')).not.toContain(signature.slice(0, 40))
      expect(text).not.toMatch(/eyJ/)
    }
  })

  test('shows the headers that matter and no other', () => {
    const text = shown(exchange())
    expect(text).toContain('Authorization: Bearer [user token 1]')
    expect(text).toContain('WWW-Authenticate: Bearer client_id="1"')
    expect(text).not.toMatch(/secret|x-other/i)
  })

  test('takes a token apart once, with the one inside it', () => {
    const text = shown(exchange({ responseBody: outer, responseHeaders: { 'content-type': 'text/plain' } }))
    expect(text.match(/user token 1, decoded/g)).toHaveLength(1)
    expect(text).toMatch(/the actor token inside it[\s\S]*trustedfordelegation true/)
    expect(text).toContain('2026-11-23 16:20:00 UTC')
  })

  test('keeps what a claim says in one column, however long the names are', () => {
    const columnsIn = (claims: object, ...values: readonly string[]) => {
      const lines = shown(exchange({ requestHeaders: { authorization: `Bearer ${tokenOf(claims)}` } })).split('\n')
      return values.map((value) => lines.find((line) => line.includes(value))?.indexOf(value))
    }
    const usual = { iss: 'Anna', identityprovider: 'Zoe', trustedfordelegation: 'Cleo' }
    expect(columnsIn(usual, 'Anna', 'Zoe', 'Cleo', 'typ=JWT')).toEqual([26, 26, 26, 26])
    expect(columnsIn({ iss: 'Anna', sub: 'Zoe' }, 'Anna', 'Zoe')).toEqual([18, 18])
    // Names come from outside. A very long one stands out alone.
    expect(columnsIn({ ...usual, ['x'.repeat(40)]: 'Dora' }, 'Anna', 'Zoe', 'Dora')).toEqual([30, 30, 46])
  })

  test('is one line where it is known from before, by the names that the tokens were given', () => {
    const view = createExchangeView(plain)
    const url = 'http://localhost:8090/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId=1'
    const one = exchange({ url, requestHeaders: { authorization: `Bearer ${tokenOf({ sub: '1' })}` }, status: 200 })
    expect(view.tokensIn(tokenOf({ sub: '2' }))).toEqual(['access token 1'])
    expect(view.brief(one)).toEqual(['   FolderSync, with access token 2: 200 OK'])
    expect(view.brief({ ...one, url: 'http://localhost:8090/a', requestHeaders: {}, status: 401 })).toEqual([
      '   POST /a: 401 Unauthorized',
    ])
    const names = { from: 'in the cloud', to: 'on premises', tokensIn: view.tokensIn }
    expect(explain(one, names).title).toBe('ActiveSync with access token 2: FolderSync')
  })
})

test('a token without a signature is shown as what it is, and what is no token as none', () => {
  expect(showToken(tokenOf({ upn: 'a' }, { alg: 'none' }, ''))).toMatchObject({ header: { alg: 'none' }, signature: '(none)' })
  for (const text of ['', 'a.b.c', 'eyJ.eyJ.', `${part([1] as object)}.${part({})}.x`]) expect(showToken(text)).toBeUndefined()
})

test('binary XML is shown by its names, and what is none is not', () => {
  expect(showWbxml(encodeWbxml(element(FOLDER.FolderSync, element(FOLDER.SyncKey, '<0>'))))).toBe(
    '<FolderSync><SyncKey>&lt;0&gt;</SyncKey></FolderSync>',
  )
  expect(showWbxml(new Uint8Array([1, 2, 3]))).toBeUndefined()
})

test('every step of both walks has a sentence of its own', () => {
  const names = { from: 'on premises', to: 'the cloud', tokensIn: () => [] }
  const none = { authorization: 'Bearer' }
  const steps: readonly Partial<Exchange>[] = [
    { requestHeaders: { soapaction: '"x/GetFederationInformation"' }, status: 200 },
    { requestHeaders: { ...none, soapaction: '"x/GetUserSettings"' } },
    { url: 'http://localhost/r/metadata/json/1', requestHeaders: {}, status: 200 },
    { requestHeaders: {}, requestBody: 'assertion=a', status: 200 },
    { requestHeaders: {}, requestBody: 'assertion=a', status: 400 },
    { requestHeaders: { authorization: `Bearer ${actor}`, soapaction: '"x/GetUserSettings"' }, status: 200 },
    { status: 200 },
    { status: 401 },
    { requestHeaders: {}, requestBody: 'assertion=a&requested_token_use=on_behalf_of', status: 200 },
    { requestHeaders: {}, requestBody: 'grant_type=refresh_token', status: 200 },
    { requestHeaders: {}, requestBody: 'grant_type=refresh_token', status: 400 },
    { url: 'http://localhost/Microsoft-Server-ActiveSync?Cmd=FolderSync', requestHeaders: {}, status: 200 },
  ]
  const titles = steps.map((step) => explain(exchange(step), names).title)
  expect(new Set(titles).size).toBe(steps.length)
  expect(titles).not.toContain('An exchange')
})
