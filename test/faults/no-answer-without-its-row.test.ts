/** Where the row of the trail cannot be written nobody gets a token, by whichever way, and nothing is used up (R133, I7). */
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askToken, type PersonBrowser, redeem, refreshTokenOf, signInOnce, type TokenAnswer } from '../support/person-browser.ts'
import { whileTrailIsRefused } from './lab/refused-trail.ts'

let sts: TestSts
let browser: PersonBrowser
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = await (await startPostgres()).createDatabase()
  sts = await startSts({ databaseUrl })
  browser = await signInOnce(sts)
}, 120_000)

afterAll(() => sts?.close())

const endpoint = () => `${sts.issuer}/oauth2/v2.0/token`
const ask = (form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) => askToken(endpoint(), form, headers)
/** What nobody knows makes a request go the long way. */
const notPlain = { unknown_to_everybody: '1' }

async function exchange(extra: Readonly<Record<string, string>>): Promise<() => Promise<TokenAnswer>> {
  const { code, redirectUri, clientId, verifier } = await browser.code()
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: clientId, code_verifier: verifier }
  return () => ask({ ...form, ...extra })
}

async function rotation(extra: Readonly<Record<string, string>>): Promise<() => Promise<TokenAnswer>> {
  const token = refreshTokenOf(await redeem(endpoint(), await browser.code()))
  return () => ask({ grant_type: 'refresh_token', refresh_token: token, client_id: sts.clients.mail.clientId, ...extra })
}

async function program(extra: Readonly<Record<string, string>>): Promise<() => Promise<TokenAnswer>> {
  const { clientId, clientSecret } = sts.clients.confidential
  const headers = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` }
  return () => ask({ grant_type: 'client_credentials', scope: 'https://mail.contoso.com/.default', ...extra }, headers)
}

it.each([
  ['a plain code exchange', exchange, {}],
  ['a code exchange', exchange, notPlain],
  ['a plain refresh', rotation, {}],
  ['a refresh', rotation, notPlain],
  ['a plain token of a program', program, {}],
  ['a token of a program', program, notPlain],
] as const)('%s gives nothing while its row is refused, and works afterwards', async (_what, prepare, extra) => {
  const request = await prepare(extra)
  const before = await sts.kept.audit.list({ event: 'token.issued', limit: 1000 })
  for (let time = 0; time < 2; time += 1) {
    const refused = await whileTrailIsRefused(databaseUrl, request)
    expect([refused.status, 'access_token' in refused.body], refused.text).toEqual([503, false])
  }
  expect(await request()).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
  expect(await sts.kept.audit.list({ event: 'token.issued', limit: 1000 })).toHaveLength(before.length + 1)
})

it('a refusal is not told either while its row is refused', async () => {
  const request = () =>
    ask({ grant_type: 'refresh_token', refresh_token: 'nobody gave it', client_id: sts.clients.mail.clientId })
  expect((await whileTrailIsRefused(databaseUrl, request)).status).toBe(503)
  expect((await request()).status).toBe(400)
})
