import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { walkToMailbox } from '@postern/example-contoso/mail-client'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let sts: TestSts
let mailUrl: string
const mail = createServer()

beforeAll(async () => {
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve))
  mailUrl = `http://127.0.0.1:${(mail.address() as AddressInfo).port}` // a TCP listener has an address with a port
  sts = await startSts({ audience: `${mailUrl}/` })
  mail.on(
    'request',
    createMailServer({
      issuer: sts.issuer,
      audience: [`${mailUrl}/`, mailUrl],
      baseUrl: mailUrl,
      principalId: '00000002-0000-0ff1-ce00-000000000000',
      domain: 'contoso.com',
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
