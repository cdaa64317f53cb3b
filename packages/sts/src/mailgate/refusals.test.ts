/** What each protocol is told of each refusal. */
import { describe, expect, it } from 'vitest'
import { type Refused, renderRefusal } from './refusals.ts'

const portal = 'https://id.contoso.com/realm/portal'
const refused = (reason: Refused['reason'], change: Partial<Refused> = {}) =>
  renderRefusal({
    ...{ reason, portal, realmName: 'Contoso', request: 'request-1', appPasswordHelps: false, modernHelps: false },
    ...change,
  })

describe('the status and the codes of each', () => {
  const challenge = 'Basic realm="Contoso", charset="UTF-8"'
  const credentials = [401, { 'WWW-Authenticate': challenge }, 'NO [AUTHENTICATIONFAILED]', '-ERR [AUTH]', '535 5.7.3'] as const
  const forbidden = [403, {}, 'NO [AUTHENTICATIONFAILED]', '-ERR [AUTH]', '535 5.7.3'] as const
  it.each([
    ['wrong_secret', ...credentials],
    ['throttled', ...credentials],
    ['token_refused', ...credentials],
    ['app_password_scope', ...credentials],
    ['app_password_expired', ...credentials],
    ['app_pending', ...forbidden],
    ['app_quarantined', ...forbidden],
    ['app_blocked', ...forbidden],
    ['access_rule', ...forbidden],
    ['access_default', ...forbidden],
    ['protocol_blocked', ...forbidden],
    ['gating_blocks_protocol', ...forbidden],
    ['app_password_required', ...forbidden],
    ['modern_blocked', ...forbidden],
    ['app_passwords_off', ...forbidden],
    ['conditional_access', ...forbidden],
    ['token_of_another_account', ...forbidden],
    ['too_many_apps', ...forbidden],
    ['protocol_not_served', ...forbidden],
    ['tls_required', 403, {}, 'NO [PRIVACYREQUIRED]', '-ERR [AUTH]', '538 5.7.11'],
    ['unavailable', 503, { 'Retry-After': '5' }, 'NO [UNAVAILABLE]', '-ERR [SYS/TEMP]', '454 4.7.0'],
  ] as const)('%s', (reason, status, headers, imap, pop, smtp) => {
    const { refusal, text } = refused(reason)
    expect(refusal.http).toEqual({ status, headers })
    expect([refusal.imap, refusal.pop, refusal.smtp]).toEqual([`${imap} ${text}`, `${pop} ${text}`, `${smtp} ${text}`])
    expect(refusal.sieve).toMatch(/^NO (?:\([A-Z-]+\) )?"[^"]+"$/)
  })
})

it.each(['protocol_blocked', 'app_password_required'] as const)(
  'asks for an app password where one would help, as phones know it from Exchange: %s',
  (reason) => {
    const { refusal, text } = refused(reason, { appPasswordHelps: true, modernHelps: true })
    expect(refusal.http).toEqual({
      status: 456,
      headers: { 'X-AutoDiscovery-Error': 'LiveIdBasicAuth:AppPasswordRequired:<RequestId=request-1>' },
    })
    expect(text).toContain(portal)
    for (const line of [refusal.imap, refusal.pop, refusal.smtp, refusal.sieve]) expect(line).toContain(portal)
  },
)

it('shows no Basic challenge where a token alone would do', () => {
  expect(refused('protocol_blocked', { modernHelps: true }).refusal.http).toEqual({ status: 401, headers: {} })
})

it('an app that waits keeps its password, whatever else would help', () => {
  expect(refused('app_pending', { appPasswordHelps: true, modernHelps: true }).refusal.http.status).toBe(403)
  expect(refused('app_pending').text).toContain(portal)
})

it('a source that tried too often is told to the letter what a wrong password is told', () => {
  expect(refused('throttled')).toEqual(refused('wrong_secret'))
})

it('the name of a realm ends no header', () => {
  const { http } = refused('wrong_secret', { realmName: 'Con"toso\r\nSet-Cookie: a=b\\ Straße' }).refusal
  expect(http.headers['WWW-Authenticate']).toBe('Basic realm="ContosoSet-Cookie: a=b Strae", charset="UTF-8"')
})
