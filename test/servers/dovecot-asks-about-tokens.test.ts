import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap, signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot
const mary = 'mary@contoso.com'

beforeAll(async () => {
  world = await startMailWorld()
  const { issuer, mailServer, certificate } = world
  dovecot = await startDovecot({ issuer, ...mailServer, authorityFile: certificate.certificateFile, tokens: 'introspection' })
})
afterAll(async () => {
  await dovecot?.stop()
  await world?.close()
})

test('imapflow opens the mailbox with a token (OAUTHBEARER), and XOAUTH2 does it for IMAP, POP and submission', async () => {
  const { accessToken: token } = await world.token()
  const signedIn = await signInByImap(dovecot.imap, { user: mary, token })
  if (signedIn.outcome !== 'in') throw new TypeError(`${signedIn.text}\n${dovecot.log()}`)
  expect((await signedIn.client.list()).map(({ path }) => path)).toContain('INBOX')
  await signedIn.client.logout()
  for (const [protocol, port] of [
    ['imap', dovecot.imap],
    ['pop', dovecot.pop],
    ['smtp', dovecot.submission],
  ] as const) {
    const { isIn, answer, conversation } = await signInBySasl(protocol, port, { user: mary, token })
    await conversation.end()
    expect(isIn, `${protocol}: ${answer}`).toBe(true)
  }
})

test('whoever is refused learns from the challenge where tokens come from (RFC 7628 section 3.2.2)', async () => {
  const refused = await signInByImap(dovecot.imap, { user: mary, token: 'no-token-at-all' })
  expect(refused).toMatchObject({
    outcome: 'refused',
    code: 'AUTHENTICATIONFAILED',
    oauth: { status: 'invalid_token', 'openid-configuration': `${world.issuer}/.well-known/openid-configuration` },
  })
})

test('a token opens no other mailbox than that of its owner, whoever the app says it is', async () => {
  const { accessToken: token } = await world.token()
  expect(await signInByImap(dovecot.imap, { user: 'joe@contoso.com', token })).toMatchObject({ outcome: 'refused' })
  const other = await signInBySasl('imap', dovecot.imap, { user: 'joe@contoso.com', token })
  expect(other).toMatchObject({ isIn: false, answer: expect.stringContaining('[AUTHENTICATIONFAILED]') })
  await other.conversation.end()
})

test('a token of another issuer, for another server, without a mail scope, or one that has ended, is refused', async () => {
  const calendar = await world.addResource({ audience: 'https://calendar.contoso.com/' })
  const { accessToken: forAnother } = await world.token({ resource: calendar.audience })
  const { accessToken: withoutScope } = await world.token({ scope: `openid ${world.sts.resource.audience}EWS.AccessAsUser.All` })
  const ended = await world.token()
  const ofAnother = world.forge(ended.accessToken, { iss: 'https://login.fabrikam.com/realm' })
  await world.revoke(ended.refreshToken ?? '')
  const tokens = { forAnother, withoutScope, ofAnother, ended: ended.accessToken, made: `${randomUUID()}.${randomUUID()}.x` }
  for (const [name, token] of Object.entries(tokens))
    expect(await signInByImap(dovecot.imap, { user: mary, token }), name).toMatchObject({ outcome: 'refused' })
})

test('a token that has expired is refused', async () => {
  const { accessToken: token } = await world.token()
  const early = await signInByImap(dovecot.imap, { user: mary, token })
  expect(early.outcome).toBe('in')
  if (early.outcome === 'in') await early.client.logout()
  world.pass(3601)
  expect(await signInByImap(dovecot.imap, { user: mary, token })).toMatchObject({ outcome: 'refused' })
})
