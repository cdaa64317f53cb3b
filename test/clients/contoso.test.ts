import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { walkToMailbox } from '@postern/example-contoso/mail-client'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { walkPages } from '@postern/example-contoso/sign-in'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createJumpingClock } from './service-under-test.ts'

const { clock, wait } = createJumpingClock()
let sts: TestSts
let mailUrl: string
const mail = createServer()

beforeAll(async () => {
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve))
  mailUrl = `http://127.0.0.1:${(mail.address() as AddressInfo).port}` // a TCP listener has an address with a port
  sts = await startSts({ clock, audience: `${mailUrl}/` })
  mail.on(
    'request',
    createMailServer({
      issuer: sts.issuer,
      audience: [`${mailUrl}/`, mailUrl],
      baseUrl: mailUrl,
      principalId: '00000002-0000-0ff1-ce00-000000000000',
      domain: 'contoso.com',
      webClient: {
        clientId: sts.clients.confidential.clientId,
        clientSecret: sts.clients.confidential.clientSecret ?? '',
        redirectUri: sts.clients.confidential.redirectUri,
      },
    }),
  )
})
afterAll(async () => {
  mail.closeAllConnections()
  await new Promise((resolve) => mail.close(resolve))
  await sts.close()
})

test('a mail client walks from the address to the mailbox, through a password and a second factor', async () => {
  const said: string[] = []
  const walk = await walkToMailbox({
    address: sts.mary.upn,
    autodetect: mailUrl,
    client: { clientId: sts.clients.mail.clientId },
    redirectUri: sts.clients.mail.redirectUri,
    issuerAllowed: (issuer) => issuer === sts.issuer,
    account: sts.mary,
    say: (line) => said.push(line),
  })
  expect(walk.activeSyncUrl).toBe(`${mailUrl}/Microsoft-Server-ActiveSync`)
  expect(walk.commands.split(',')).toContain('Sync')
  expect(walk.subjects).toContain('Lunch on Thursday?')
  expect(walk.tokens.refreshToken).toBeDefined()
  const text = said.join('\n')
  expect(text).toContain('typed code')
  for (const secret of [sts.mary.password, sts.mary.totpSecret ?? '', walk.tokens.accessToken]) expect(text).not.toContain(secret)
})

test('what nobody signed opens nothing', async () => {
  const response = await fetch(`${mailUrl}/api/v1/me/messages`, { headers: { authorization: 'Bearer a.b.c' } })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
})

test('a client that does not trust the issuer stops before anything is typed', async () => {
  const walk = walkToMailbox({
    address: sts.mary.upn,
    autodetect: mailUrl,
    client: { clientId: sts.clients.mail.clientId },
    redirectUri: sts.clients.mail.redirectUri,
    issuerAllowed: () => false,
    account: sts.mary,
    say: () => undefined,
  })
  await expect(walk).rejects.toMatchObject({ code: 'issuer_not_allowed' })
})

test('a browser gets from the mail server to the sign-in and back to the inbox, once and by itself only', async () => {
  const begun = await fetch(`${mailUrl}/signin`, { redirect: 'manual' })
  expect(begun.status).toBe(303)
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const { redirectUri, clientId } = sts.clients.confidential
  const answer = await walkPages(new URL(begun.headers.get('location') ?? ''), {
    issuer: sts.issuer,
    client: { clientId },
    account: sts.mary,
    redirectUri,
    clock,
    wait,
  })
  const back = `${mailUrl}/callback${answer.search}`
  expect((await fetch(back)).status).toBe(400)
  const inbox = await fetch(back, { headers: { cookie } })
  expect(inbox.status).toBe(200)
  expect(await inbox.text()).toContain('Lunch on Thursday?')
  expect((await fetch(back, { headers: { cookie } })).status).toBe(400)
})
