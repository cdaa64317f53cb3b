import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMailServer } from './mail-server.ts'
import { openByPassword } from './password-phone.ts'
import { type FakeIssuer, type Listening, listen, startFakeIssuer } from './testing/fake-issuer.ts'

const AUDIENCE = 'http://localhost:8090/'
const PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'

/** Each question that the gate was asked, and what it says next. */
const asked: Record<string, unknown>[] = []
let says: Record<string, unknown> = {}
let issuer: FakeIssuer
let mail: Listening
let withoutGate: Listening

beforeAll(async () => {
  issuer = await startFakeIssuer(AUDIENCE)
  const options = {
    issuer: issuer.issuer,
    audience: AUDIENCE,
    baseUrl: 'http://localhost:8090',
    principalId: PRINCIPAL,
    domain: 'contoso.com',
  }
  const throughGate: typeof fetch = async (url, init) => {
    if (!String(url).endsWith('/mailgate/decide')) return fetch(url, init)
    asked.push(JSON.parse(String(init?.body)) as Record<string, unknown>)
    return Response.json(says)
  }
  mail = await listen(createMailServer({ ...options, gate: { clientId: PRINCIPAL, clientSecret: 'secret' }, fetch: throughGate }))
  withoutGate = await listen(createMailServer(options))
})
afterAll(async () => {
  await Promise.all([mail.close(), withoutGate.close(), issuer.close()])
})

const allow = (name: string) => ({
  decision: 'allow',
  account: { id: '1', upn: `${name}@contoso.com`, mailbox: `${name}@contoso.com` },
})
const mary = `Basic ${Buffer.from('mary@contoso.com:Winter:2026').toString('base64')}`
const ask = (path: string, init: RequestInit = {}, to = mail): Promise<Response> =>
  fetch(`${to.url}${path}`, { ...init, headers: { authorization: mary, ...init.headers } })
const PHONE = '/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=mary&DeviceId=device1&DeviceType=iPhone'

test('ActiveSync, EWS and Autodiscover ask the gate by their protocols; mail in a browser does not', async () => {
  says = allow('mary')
  expect((await ask(PHONE, { method: 'OPTIONS' })).status).toBe(200)
  expect(await (await ask('/EWS/Exchange.asmx')).text()).toContain('mary@contoso.com')
  expect((await ask('/autodiscover/autodiscover.xml', { method: 'POST', body: '<x/>' })).status).toBe(200)
  expect(asked.map(({ protocol }) => protocol)).toEqual(['activesync', 'ews', 'autodiscover'])
  expect(asked[0]).toMatchObject({ app: { deviceId: 'device1', deviceType: 'iPhone' }, source: '127.0.0.1' })
  expect((await ask('/api/v1/me/messages')).status).toBe(401)
  expect(asked).toHaveLength(3)
})

test('the mailbox is that of the account which the gate names, not of the name that was typed', async () => {
  says = allow('joe')
  const joes = `Basic ${Buffer.from('CONTOSO\\joe:x').toString('base64')}`
  expect(await (await ask('/EWS/Exchange.asmx', { headers: { authorization: joes } })).text()).toContain('joe@contoso.com')
  const foreign = await ask(PHONE, { method: 'POST', headers: { authorization: joes }, body: new Uint8Array() })
  expect(foreign.status).toBe(403) // its query names mary
})

test('somebody without a mailbox here gets in nowhere', async () => {
  says = allow('eve')
  expect((await ask('/EWS/Exchange.asmx', { headers: { authorization: `Basic ${btoa('eve:x')}` } })).status).toBe(403)
})

test('a phone that waits is told where its owner lets it in', async () => {
  const text = 'This mail app waits to be let in. Open https://sts.example/portal'
  says = { decision: 'pending', reason: 'app_pending', text, refusal: { http: { status: 403, headers: {} } } }
  const waiting = await ask(PHONE.replace('device1', 'device2'), { method: 'POST' })
  expect([waiting.status, await waiting.text()]).toEqual([403, `${text}\n`])
})

test('a whole phone brings its letters once it is let in, and says what it was told before', async () => {
  const phone = { mailServer: mail.url, name: 'mary@contoso.com', password: 'x', deviceId: 'DEMOPHONE1' }
  const refusal = { http: { status: 403, headers: {} } }
  says = { decision: 'blocked', reason: 'app_blocked', text: 'This mail app is blocked.', refusal }
  await expect(openByPassword(phone)).rejects.toMatchObject({ status: 403, text: 'This mail app is blocked.' })
  says = allow('mary')
  expect(await openByPassword(phone)).toContain('Lunch on Thursday?')
})

test('without credentials for the gate, the server takes and offers no passwords', async () => {
  const refused = await ask(PHONE, { method: 'OPTIONS' }, withoutGate)
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.not.stringContaining('Basic')])
})
