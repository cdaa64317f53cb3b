import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { AccountId, MailApp } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from './support/dovecot.ts'
import { signInByImap, signInBySasl } from './support/mail-clients.ts'
import { type MailWorld, startMailWorld } from './support/mail-world.ts'
import { type Nginx, startNginx } from './support/nginx.ts'

let world: MailWorld
let dovecot: Dovecot
let nginx: Nginx
/** What it was told last. */
let toldBehind: IncomingMessage['headersDistinct'] = {}
/** The mail server over HTTP behind nginx: says whom it takes the caller for. */
const behind = createServer((asked, answer) => {
  toldBehind = asked.headersDistinct
  answer.end(
    JSON.stringify({ user: asked.headers['x-postern-user'], authorization: asked.headers.authorization, url: asked.url }),
  )
})

beforeAll(async () => {
  world = await startMailWorld()
  const { issuer, mailServer, certificate } = world
  const parts = { issuer, ...mailServer, certificate, authorityFile: certificate.certificateFile }
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve))
  const { port } = behind.address() as AddressInfo // a TCP listener has an address with a port
  dovecot = await startDovecot({ ...parts, tokens: 'introspection', behindNginx: true })
  const upstreams = { imap: dovecot.imap, pop: dovecot.pop, smtp: dovecot.submission }
  await world.putMailServer(...Object.entries(upstreams).flatMap(([name, at]) => ['--upstream', `${name}=127.0.0.1:${at}`]))
  nginx = await startNginx({ ...parts, behind: port })
})
afterAll(async () => {
  await nginx?.stop()
  await dovecot?.stop()
  behind.close()
  await world?.close()
})

const everywhere = () =>
  [
    ['imap', nginx.imap],
    ['pop', nginx.pop],
    ['smtp', nginx.smtp],
  ] as const

test('the mail proxy lets an app password in by IMAP, POP and submission, and a wrong one nowhere', async () => {
  const { upn: user, account } = world.sts.mary
  const password = await world.appPassword(world.sts.mary)
  const signedIn = await signInByImap(nginx.imap, { user, password, secure: true })
  if (signedIn.outcome !== 'in') throw new TypeError(`${signedIn.text}\n${nginx.log()}`)
  expect((await signedIn.client.list()).map(({ path }) => path)).toContain('INBOX')
  await signedIn.client.logout()
  for (const [protocol, port] of everywhere()) {
    const right = await signInBySasl(protocol, port, { user, password, secure: true })
    await right.conversation.end()
    expect(right.isIn, `${protocol}: ${right.answer}\n${nginx.log()}`).toBe(true)
  }
  // nginx keeps each waiting for three seconds.
  const wrongs = everywhere().map(([protocol, port]) =>
    signInBySasl(protocol, port, { user, password: 'abcd-efgh-jkmn-pqrs-tvwx', secure: true }),
  )
  for (const wrong of await Promise.all(wrongs)) {
    await wrong.conversation.end()
    expect(wrong.answer).toMatch(
      /^(?:a NO \[AUTHENTICATIONFAILED\]|-ERR \[AUTH\]|535 5\.7\.3) The user name or the password is wrong/,
    )
  }
  expect((await world.sts.kept.mailApps.list(account.id)).map(({ state }) => state)).not.toContain('pending')
})

test('an app with the right password waits, is told where to activate it, comes in after that, and stays out once blocked', async () => {
  const { upn: user, password } = world.sts.joe
  const open = async () => {
    const { isIn, answer, conversation } = await signInBySasl('imap', nginx.imap, { user, password, secure: true })
    await conversation.end()
    return isIn ? 'in' : answer
  }
  expect(await open()).toContain(`a NO [AUTHENTICATIONFAILED] This mail app waits to be let in. Open ${world.issuer}/portal`)
  await world.decide(world.sts.joe, 'active')
  expect(await open()).toBe('in')
  await world.decide(world.sts.joe, 'blocked')
  expect(await open()).toContain('a NO [AUTHENTICATIONFAILED] This mail app is blocked')
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** A request of a mail app by https. */
async function ask(path: string, headers: Readonly<Record<string, string | string[]>> = {}, method = 'POST'): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: nginx.http, path, method, headers, rejectUnauthorized: false, agent: false }
    request(options, resolve).on('error', reject).end()
  })
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) }
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const sync = (device: string) => `/Microsoft-Server-ActiveSync?Cmd=Sync&User=joe&DeviceId=${device}&DeviceType=iPhone`

test('by HTTP whoever shows nothing learns both ways in, and a wrong password no more than that', async () => {
  for (const headers of [{}, basic('joe@contoso.com', 'no password of Joe')]) {
    const { status, headers: told } = await ask('/EWS/Exchange.asmx', headers)
    expect(status).toBe(401)
    const challenges = String(told['www-authenticate'])
    expect(challenges).toContain(
      `Bearer client_id="${world.mailServer.clientId}", authorization_uri="${world.issuer}/oauth2/authorize"`,
    )
    expect(challenges).toContain('Basic realm="Contoso"')
  }
})

test('by HTTP a phone waits with 403 and keeps its password, comes in once activated, and gets 403 once blocked', async () => {
  const { upn, password } = world.sts.joe
  const isPhone = ({ traits }: MailApp) => traits.deviceId !== undefined
  const waiting = await ask(sync('PHONE1'), basic(upn, password))
  expect(waiting).toMatchObject({ status: 403, text: expect.stringContaining(`${world.issuer}/portal`) })
  await world.decide(world.sts.joe, 'active', isPhone)
  const opened = await ask(sync('PHONE1'), { ...basic(upn, password), 'x-postern-user': 'mary@contoso.com' })
  expect(opened.status).toBe(200)
  expect(JSON.parse(opened.text)).toEqual({ user: upn, url: sync('PHONE1') })
  await world.decide(world.sts.joe, 'blocked', isPhone)
  expect(await ask(sync('PHONE1'), basic(upn, password))).toMatchObject({ status: 403, text: expect.stringContaining('blocked') })
})

test('by HTTP 456 with its header reaches an app that needs an app password, and the app password opens the mailbox', async () => {
  const person = await world.sts.addPerson({ name: 'crowded', factor: false })
  // As many wait as may wait.
  for (let at = 0; at < 20; at += 1) await addWaiting(person.account.id, `device:waits${at}`)
  const refused = await ask(sync('PHONE2'), basic(person.upn, person.password))
  expect(refused).toMatchObject({
    status: 456,
    headers: { 'x-autodiscovery-error': expect.stringMatching(/^LiveIdBasicAuth:AppPasswordRequired:<RequestId=[\w-]+>$/) },
    text: expect.stringContaining(`${world.issuer}/portal`),
  })
  const secret = await world.appPassword(person, { protocols: ['activesync'] })
  expect((await ask(sync('PHONE2'), basic(person.upn, secret))).status).toBe(200)
})

function addWaiting(accountId: AccountId, identity: string): Promise<unknown> {
  const now = new Date()
  return world.sts.kept.mailApps.add(
    {
      ...{ id: randomUUID(), accountId, identity, label: 'Phone', traits: {}, protocols: ['activesync'], state: 'pending' },
      ...{ firstTriedAt: now, lastTriedAt: now, tries: 1 },
    },
    { most: 20 },
  )
}

test('by HTTP a token opens what its scopes allow, and nothing once its sign-in has ended', async () => {
  const { audience } = world.sts.resource
  const { accessToken, refreshToken = '' } = await world.token({ scope: `openid offline_access ${audience}EWS.AccessAsUser.All` })
  const bearer = { authorization: `Bearer ${accessToken}` }
  const opened = await ask('/EWS/Exchange.asmx', bearer)
  expect(opened.status, opened.text).toBe(200)
  expect(JSON.parse(opened.text)).toEqual({ user: 'mary@contoso.com', url: '/EWS/Exchange.asmx' })
  await world.revoke(refreshToken)
  expect((await ask('/EWS/Exchange.asmx', bearer)).status).toBe(401)
})

test('a path of which nobody knows the protocol is closed, and so is one that hides another', async () => {
  const { mary } = world.sts
  const secret = await world.appPassword(mary, { protocols: ['ews'] })
  for (const path of ['/', '/owa', '/EWS/../owa', '/EWS/%2e%2e/owa', '//EWS/Exchange.asmx'])
    expect((await ask(path, basic(mary.upn, secret))).status, path).toBe(403)
})

test('an app that sends what nginx is to send gains nothing: not another protocol, address, secret, method or name', async () => {
  const { mary, joe } = world.sts
  const eve = await world.sts.addPerson({ name: 'eve', factor: false })
  const hers = basic(eve.upn, eve.password)
  const secretOfMary = await world.appPassword(mary, { protocols: ['ews'] })
  const ofMary = basic(mary.upn, secretOfMary).authorization
  const claims = {
    ...{
      'x-postern-protocol': 'autodiscover',
      'x-original-uri': '/autodiscover/autodiscover.xml',
      'x-original-method': 'OPTIONS',
    },
    ...{ 'x-postern-source': '198.51.100.7', 'x-postern-scheme': 'https', 'x-postern-authorization': ofMary },
    ...{ 'x-forwarded-for': '198.51.100.7', 'x-postern-user': joe.upn, 'x-postern-mailbox': joe.upn, 'x-postern-status': '200' },
    ...{ 'x-postern-account': joe.account.id, 'x-postern-app': 'app' },
    // The one thing of this that it may say of itself.
    'user-agent': 'Evolution/3.56',
  }
  const twice = Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, [value, value]]))
  const tiles = () => world.sts.kept.mailApps.list(eve.account.id)

  // Autodiscover lets her in with her password and makes no tile; nothing else may be taken for it.
  expect((await ask('/autodiscover/autodiscover.xml', hers)).status).toBe(200)
  expect(await tiles()).toEqual([])
  expect((await ask('/autodiscover/..;/ews/exchange.asmx', hers)).status).toBe(403)
  expect(await tiles()).toEqual([])
  for (const more of [claims, twice]) {
    expect((await ask('/EWS/Exchange.asmx', more)).status).toBe(401)
    expect((await ask('/EWS/Exchange.asmx', { ...more, ...hers })).status).toBe(403)
    expect((await ask('/Microsoft-Server-ActiveSync', { ...more, ...hers })).status).toBe(403)
    expect((await ask('/owa', { ...more, ...hers })).status).toBe(403)
  }
  expect((await tiles()).map(({ identity, state, lastSource }) => [identity, state, lastSource])).toEqual([
    ['agent:evolution|127.0.0.0/24', 'pending', '127.0.0.1'],
  ])

  // Who is let in is told by nginx, once, and by nobody else.
  for (const more of [claims, twice]) {
    expect((await ask('/EWS/Exchange.asmx', { ...more, authorization: ofMary })).status).toBe(200)
    const {
      'x-postern-user': user,
      'x-postern-account': account,
      'x-postern-mailbox': mailbox,
      'x-postern-app': app,
    } = toldBehind
    expect({ user, account, mailbox, app }).toEqual({ user: [mary.upn] })
  }
})
