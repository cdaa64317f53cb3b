import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap, signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot
let folder: string
/** The one that tells Dovecot. */
let service: StsProcess

beforeAll(async () => {
  // Its clock is that of the other process: events are told apart by when they happened.
  world = await startMailWorld({ behind: 0 })
  const { issuer, mailServer, certificate } = world
  dovecot = await startDovecot({ issuer, ...mailServer, authorityFile: certificate.certificateFile, tokens: 'introspection' })
  folder = await mkdtemp(join(tmpdir(), 'postern-doveadm-'))
  await writeFile(join(folder, 'key'), dovecot.doveadm.key)
  await world.putMailServer('--doveadm-url', dovecot.doveadm.url, '--doveadm-key', join(folder, 'key'))
  service = await startStsProcess(world.process)
  await untilFollowed()
})
afterAll(async () => {
  await service?.stop()
  await dovecot?.stop()
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

/** A Dovecot that was just set up is told of what ends from its first turn on. Ends things until one is heard of. */
async function untilFollowed(): Promise<void> {
  const { kept, joe } = world.sts
  const { client, ...signedIn } = {
    client: undefined,
    ...(await signInByImap(dovecot.imap, { user: joe.upn, password: await world.appPassword(joe) })),
  }
  if (client === undefined) throw new TypeError(JSON.stringify(signedIn))
  for (let tries = 0; client.usable && tries < 100; tries += 1) {
    await kept.appPasswords.removeAll(joe.account.id)
    await world.appPassword(joe)
    await wait(200)
  }
  if (client.usable) throw new TypeError(service.output())
}

/** How long the longest answer to a revocation may take, in seconds. */
const promised = 5

/** Opens the mailbox by IMAP and POP, does `end`, and resolves to the seconds from its beginning until both were gone. */
async function secondsUntilClosed(shown: { user: string; password?: string; token?: string }, end: () => Promise<unknown>) {
  const imap = await signInByImap(dovecot.imap, shown)
  if (imap.outcome !== 'in') throw new TypeError(imap.text)
  await imap.client.mailboxOpen('INBOX')
  const idle = imap.client.idle().catch(() => undefined)
  const imapClosed = new Promise<void>((resolve) => imap.client.once('close', resolve))
  const pop = await signInBySasl('pop', dovecot.pop, shown)
  if (!pop.isIn) throw new TypeError(pop.answer)
  const began = performance.now()
  await end()
  await Promise.all([imapClosed, pop.conversation.closed])
  await idle
  return (performance.now() - began) / 1000
}

/** An app that was let in with the account's password, and is blocked again. */
async function blockedWhileConnected(): Promise<number> {
  const { joe } = world.sts
  const shown = { user: joe.upn, password: joe.password }
  await signInByImap(dovecot.imap, shown)
  await (await signInBySasl('pop', dovecot.pop, shown)).conversation.end()
  await world.decide(joe, 'active')
  return secondsUntilClosed(shown, () => world.decide(joe, 'blocked'))
}

test('whoever is connected when his access ends is put out within five seconds', async () => {
  const { kept, mary } = world.sts
  const leaving = await world.sts.addPerson({ name: 'leaving', factor: false })
  const renamed = await world.sts.addPerson({ name: 'oldname', factor: false })
  const tokens = await world.token()
  const secret = await world.appPassword(mary)
  const figures = {
    'app password revoked': await secondsUntilClosed({ user: mary.upn, password: secret }, () =>
      kept.appPasswords.removeAll(mary.account.id),
    ),
    'sign-in given back': await secondsUntilClosed({ user: mary.upn, token: tokens.accessToken }, () =>
      world.revoke(tokens.refreshToken ?? ''),
    ),
    'mail app blocked': await blockedWhileConnected(),
    'account renamed': await secondsUntilClosed({ user: renamed.upn, password: await world.appPassword(renamed) }, () =>
      kept.accounts.replace({ ...renamed.account, upn: 'newname@contoso.com', address: 'newname@contoso.com' }),
    ),
    'account disabled': await secondsUntilClosed({ user: leaving.upn, password: await world.appPassword(leaving) }, () =>
      world.disable(leaving),
    ),
  }
  for (const [what, seconds] of Object.entries(figures))
    process.stdout.write(`Dovecot, ${what}: connection closed after ${seconds.toFixed(1)} s\n`)
  expect(Math.max(...Object.values(figures))).toBeLessThanOrEqual(promised)
})
