import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'
import { type Postfix, startPostfix } from './support/postfix.ts'

let world: MailWorld
let dovecot: Dovecot
let postfix: Postfix

beforeAll(async () => {
  world = await startMailWorld()
  await world.putMailServer()
  const { issuer, mailServer, certificate } = world
  dovecot = await startDovecot({ issuer, ...mailServer, authorityFile: certificate.certificateFile, tokens: 'introspection' })
  postfix = await startPostfix({ saslSocket: dovecot.saslSocket, certificate })
})
afterAll(async () => {
  await postfix?.stop()
  await dovecot?.stop()
  await world?.close()
})

/** Sends a letter with nodemailer. `sent`, or what the server said. */
async function send(auth: { user: string; pass?: string; accessToken?: string }): Promise<string> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: postfix.submissions,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: auth.accessToken === undefined ? auth : { type: 'OAuth2', ...auth },
  })
  try {
    const { response } = await transport.sendMail({
      from: auth.user,
      to: 'somebody@fabrikam.com',
      subject: 'Hello',
      text: 'Hello',
    })
    return /^250 2\.0\.0 Ok: queued/.test(response) ? 'sent' : response
  } catch (error) {
    if (error instanceof Error && 'response' in error) return String(error.response)
    throw error
  } finally {
    transport.close()
  }
}

test('nodemailer sends a letter with a token and with an app password', async () => {
  const { mary } = world.sts
  const { accessToken } = await world.token()
  expect(await send({ user: mary.upn, accessToken }), `${postfix.log()}\n${dovecot.log()}`).toBe('sent')
  expect(await send({ user: mary.upn, pass: await world.appPassword(mary) })).toBe('sent')
})

test('nobody sends with a wrong password, with the token of another, or with an app that waits', async () => {
  const { mary, joe } = world.sts
  const { accessToken } = await world.token()
  expect(await send({ user: mary.upn, pass: 'abcd-efgh-jkmn-pqrs-tvwx' })).toMatch(/^535 5\.7\.8 /)
  expect(await send({ user: joe.upn, accessToken })).toMatch(/^535 5\.7\.8 /)
  const waiting = await signInBySasl('smtp', postfix.submissions, { user: joe.upn, password: joe.password, secure: true })
  await waiting.conversation.end()
  expect(waiting.answer).toMatch(/^535 5\.7\.8 /)
  expect((await world.sts.kept.mailApps.list(joe.account.id)).map(({ state }) => state)).toEqual(['pending'])
})
