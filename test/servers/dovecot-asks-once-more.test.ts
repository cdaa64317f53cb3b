import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/sts-process.ts'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot

beforeAll(async () => {
  world = await startMailWorld()
  await world.putMailServer()
  dovecot = await start(world.issuer)
})
afterAll(async () => {
  await dovecot?.stop()
  await world?.close()
})

const start = (issuer: string): Promise<Dovecot> =>
  startDovecot({
    issuer,
    ...world.mailServer,
    authorityFile: world.certificate.certificateFile,
    tokens: 'introspection',
    policy: true,
  })

/** `in`, or what the server said. */
async function open(shown: { user: string; password?: string; token?: string }): Promise<string> {
  const signedIn = await signInByImap(dovecot.imap, { ...shown, name: 'Thunderbird' })
  if (signedIn.outcome === 'refused') return `${signedIn.code} ${signedIn.text}`
  await signedIn.client.logout()
  return 'in'
}

test('whoever may come in does, with an app password and with a token', async () => {
  const { mary } = world.sts
  expect(await open({ user: mary.upn, password: await world.appPassword(mary) }), dovecot.log()).toBe('in')
  expect(await open({ user: mary.upn, token: (await world.token()).accessToken })).toBe('in')
})

test('an app that no rule lets in is turned away with a token that is good, and nothing wrong is told apart', async () => {
  const { joe, mary } = world.sts
  const secret = await world.appPassword(joe)
  const { accessToken: token } = await world.token()
  await world.disable(joe)
  const refused = await Promise.all([
    open({ user: joe.upn, password: secret }),
    open({ user: mary.upn, password: 'wrong' }),
    open({ user: 'nobody@contoso.com', password: secret }),
  ])
  expect(new Set(refused).size, refused.join('\n')).toBe(1)
  expect(refused[0]).toMatch(/^AUTHENTICATIONFAILED /)
  await world.postern('mailapp', 'rule-put', 'No Thunderbird', '--access', 'block', '--user-agent', 'Thunderbird*')
  expect(await open({ user: mary.upn, token })).toBe('ALERT Not let in.')
  expect(dovecot.log()).toContain('Authentication failure due to policy server refusal')
})

test('where Postern cannot be asked nobody comes in, and apps are told to try later', async () => {
  const away = await start(world.issuer.replace(/:\d+/, `:${await freePort()}`))
  try {
    const { mary } = world.sts
    for (const shown of [{ password: await world.appPassword(mary) }, { token: (await world.token()).accessToken }])
      expect(await signInByImap(away.imap, { user: mary.upn, ...shown })).toMatchObject({
        outcome: 'refused',
        code: 'UNAVAILABLE',
      })
  } finally {
    await away.stop()
  }
})
