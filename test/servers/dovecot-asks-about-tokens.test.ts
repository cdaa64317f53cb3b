import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap, signInBySasl } from './support/mail-clients.ts'
import { MAIL_SCOPES, type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot

beforeAll(async () => {
  world = await startMailWorld()
  dovecot = await startDovecot({
    issuer: world.issuer,
    ...world.mailServer,
    authorityFile: world.certificate.certificateFile,
    tokens: 'introspection',
  })
})
afterAll(async () => {
  await dovecot?.stop()
  await world?.close()
})

const mary = 'mary@contoso.com'

test('imapflow opens the mailbox with a token (OAUTHBEARER), and XOAUTH2 does it for IMAP, POP and submission', async () => {
  const { accessToken: token } = await world.token()
  console.log(token.length, JSON.stringify(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())))
  const signedIn = await signInByImap(dovecot.imap, { user: mary, token })
  expect(signedIn, dovecot.log()).toMatchObject({ outcome: 'in' })
  if (signedIn.outcome === 'in') {
    expect((await signedIn.client.list()).map(({ path }) => path)).toContain('INBOX')
    await signedIn.client.logout()
  }
  for (const protocol of ['imap', 'pop', 'smtp'] as const) {
    const port = { imap: dovecot.imap, pop: dovecot.pop, smtp: dovecot.submission }[protocol]
    const { isIn, answer, conversation } = await signInBySasl(protocol, port, { user: mary, token })
    await conversation.end()
    expect(isIn, `${protocol}: ${answer}`).toBe(true)
  }
})
