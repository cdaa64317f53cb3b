import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap, signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'

let world: MailWorld
let dovecot: Dovecot
let expired: string
const mary = 'mary@contoso.com'

beforeAll(async () => {
  world = await startMailWorld({ behind: 3 * 3600 })
  const { issuer, mailServer, certificate } = world
  await world.postern('resource', 'change', world.sts.resource.audience, '--token-type', 'JWT')
  expired = (await world.token()).accessToken
  world.pass(2.5 * 3600)
  dovecot = await startDovecot({ issuer, ...mailServer, authorityFile: certificate.certificateFile, tokens: 'local' })
  await world.postern('key', 'export', '--dovecot', dovecot.keys)
})
afterAll(async () => {
  await dovecot?.stop()
  await world?.close()
})

const isIn = async (token: string, user = mary): Promise<boolean> => {
  const signedIn = await signInByImap(dovecot.imap, { user, token })
  if (signedIn.outcome === 'in') await signedIn.client.logout()
  return signedIn.outcome === 'in'
}

test('with the keys in its folder Dovecot lets tokens in for IMAP, POP and submission, and asks nobody', async () => {
  const { accessToken: token } = await world.token()
  expect(await isIn(token), dovecot.log()).toBe(true)
  for (const [protocol, port] of [
    ['imap', dovecot.imap],
    ['pop', dovecot.pop],
    ['smtp', dovecot.submission],
  ] as const) {
    const signedIn = await signInBySasl(protocol, port, { user: mary, token })
    await signedIn.conversation.end()
    expect(signedIn.isIn, `${protocol}: ${signedIn.answer}`).toBe(true)
  }
})

test('a token that expired, of somebody else, of another issuer, of another type or an ID token is refused', async () => {
  const { accessToken: token, idToken = '' } = await world.token()
  expect(await isIn(token, 'joe@contoso.com')).toBe(false)
  expect(await isIn(expired)).toBe(false)
  expect(await isIn(idToken)).toBe(false)
  const other = await world.addResource({ audience: 'https://calendar.contoso.com/' })
  expect(await isIn((await world.token({ resource: other.audience })).accessToken)).toBe(false)
  for (const change of [{}, { iss: 'https://login.fabrikam.com/realm' }, { azp: randomUUID() }])
    expect(await isIn(world.forge(token, change))).toBe(false)
})

test('what it cannot see: a sign-in that ended opens the mailbox until its token expires', async () => {
  const { accessToken: token, refreshToken = '' } = await world.token()
  await world.revoke(refreshToken)
  expect(await isIn(token)).toBe(true)
})

test('the export is repeatable, leaves alone what is right, and brings back what was damaged', async () => {
  const again = await world.postern('key', 'export', '--dovecot', dovecot.keys)
  expect(again).toContain('0 written')
  const [client = ''] = (await readdir(dovecot.keys)).filter((name) => name === world.sts.clients.mail.clientId)
  const [kid = ''] = await readdir(join(dovecot.keys, client, 'RS256'))
  const file = join(dovecot.keys, client, 'RS256', kid)
  const text = await readFile(file, 'utf8')
  expect((await stat(file)).mode & 0o777).toBe(0o644)
  await writeFile(file, 'damaged')
  await writeFile(join(dovecot.keys, client, 'RS256', 'of-long-ago'), text)
  expect(await world.postern('key', 'export', '--dovecot', dovecot.keys)).toContain('1 written')
  expect(await readFile(file, 'utf8')).toBe(text)
  expect(await readdir(join(dovecot.keys, client, 'RS256'))).toEqual([kid])
})

test('a folder that somebody else uses is not touched', async () => {
  const folder = join(dovecot.keys, '..', randomUUID())
  await mkdir(folder)
  await writeFile(join(folder, 'precious'), 'yes')
  await expect(world.postern('key', 'export', '--dovecot', folder)).rejects.toMatchObject({
    stderr: expect.stringContaining('was not made for the keys of this realm'),
  })
  expect(await readdir(folder)).toEqual(['precious'])
  await rm(folder, { recursive: true })
})

test('keys rotate: the next one is there before it signs, and a withdrawn one goes and is forgotten at a reload', async () => {
  const { accessToken: old } = await world.token()
  const folder = join(dovecot.keys, world.sts.clients.mail.clientId, 'RS256')
  const before = await readdir(folder)
  await world.postern('key', 'rotate', '--announce-seconds', '0')
  await world.postern('key', 'export', '--dovecot', dovecot.keys)
  expect(await readdir(folder)).toHaveLength(2)
  world.catchUp()
  const { accessToken: next } = await world.token()
  expect(headerOf(next).kid).not.toBe(headerOf(old).kid)
  expect([await isIn(old), await isIn(next)]).toEqual([true, true])

  await world.postern('key', 'withdraw', String(headerOf(old).kid))
  const said = await world.postern('key', 'export', '--dovecot', dovecot.keys)
  expect(said).toContain('doveadm reload')
  expect(await readdir(folder)).not.toEqual(expect.arrayContaining(before))
  await dovecot.reload()
  expect([await isIn(old), await isIn(next)]).toEqual([false, true])
})

test('a client that was switched off has no keys there any more, so its tokens open nothing', async () => {
  const { accessToken: token } = await world.token()
  await world.postern('client', 'disable', world.sts.clients.mail.clientId)
  await world.postern('key', 'export', '--dovecot', dovecot.keys)
  await dovecot.reload()
  expect(await isIn(token)).toBe(false)
})

const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
