/** The demo's mail server, which the library guards, beside the real service: a phone that knows only a password, from the first try to the last. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { createRevocationFeed, type RevocationFeed, type RevokedAccess } from '@postern/resource-server'
import type { TestPerson } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAIL, mailTokens, signedIn } from '../support/world.ts'
import { type Gate, startGate } from './gate-stage.ts'

let gate: Gate
let feed: RevocationFeed
let server: Server
let origin: string
let mary: TestPerson
const problems: string[] = []
const listeners = new Set<(event: RevokedAccess) => void>()

beforeAll(async () => {
  gate = await startGate()
  const { sts, issuer } = gate.world
  mary = sts.mary
  const { clientId, clientSecret = '' } = sts.clients.server
  feed = createRevocationFeed({
    issuer,
    clientId,
    clientSecret,
    allowInsecureLoopback: true,
    onProblem: (problem) => problems.push(problem),
    onRevoked(event) {
      for (const tell of listeners) tell(event)
    },
  })
  await feed.start()
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP listener has one
  origin = `http://127.0.0.1:${port}`
  const contoso = createMailServer({
    issuer,
    audience: [MAIL, MAIL.slice(0, -1)],
    baseUrl: origin,
    principalId: clientId,
    domain: 'contoso.com',
    gate: { clientId, clientSecret },
    revocations: feed.revocations,
    log: (line) => line.includes('token service') && problems.push(line),
  })
  server.on('request', (request, response) => void contoso(request, response))
})
afterAll(async () => {
  await feed.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await gate.world.close()
})

const basicOf = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`

/** An ActiveSync phone. FolderSync with the key 0, as WBXML: what a phone asks first. */
const folderSync = Uint8Array.from([0x03, 0x01, 0x6a, 0x00, 0x00, 0x07, 0x56, 0x52, 0x03, 0x30, 0x00, 0x01, 0x01])
const phone = (authorization: string, device = 'APPL123', method = 'POST'): Promise<Response> =>
  fetch(`${origin}/Microsoft-Server-ActiveSync?Cmd=FolderSync&User=mary&DeviceId=${device}&DeviceType=iPhone`, {
    method,
    headers: { authorization, 'user-agent': 'Apple-iPhone15C4/2401.539000006', 'ms-asprotocolversion': '14.1' },
    ...(method === 'POST' ? { body: folderSync } : {}),
  })

/** Resolves when the feed has told of an event for which `isIt` holds. */
const told = (isIt: (event: RevokedAccess) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const listener = (event: RevokedAccess): void => {
      if (!isIt(event)) return
      listeners.delete(listener)
      resolve()
    }
    listeners.add(listener)
  })

const tileOf = async (device: string) => (await gate.tiles(mary)).find(({ traits }) => traits.deviceId === device)

test('a phone waits, is let in at its next try, and is out again as soon as its owner blocks it', async () => {
  const authorization = basicOf(mary.upn, mary.password)
  const first = await phone(authorization)
  expect([first.status, first.headers.get('www-authenticate')]).toEqual([403, null])
  expect(await first.text()).toContain(`${gate.world.issuer}/portal`)
  expect(await tileOf('APPL123')).toMatchObject({ state: 'pending', protocols: ['activesync'], traits: { deviceType: 'iPhone' } })

  await gate.decide(await tileOf('APPL123'), 'active')
  const second = await phone(authorization)
  expect([second.status, second.headers.get('content-type')]).toEqual([200, 'application/vnd.ms-sync.wbxml'])
  expect((await phone(authorization, 'APPL123', 'OPTIONS')).status).toBe(200)

  const blocked = told(({ kind }) => kind === 'mail-app')
  await gate.decide(await tileOf('APPL123'), 'blocked')
  await blocked
  const third = await phone(authorization)
  expect([third.status, await third.text()]).toEqual([403, expect.stringContaining('blocked')])
})

test('a wrong password is asked for again, beside the way with a token', async () => {
  const refused = await phone(basicOf(mary.upn, 'wrong'), 'OTHER1')
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer client_id=".*", Basic realm="Mail", charset="UTF-8"$/)
  expect(await tileOf('OTHER1')).toBeUndefined()
})

test('an app password opens the mailbox at once, and where a policy takes no passwords, none is asked for', async () => {
  const secret = await gate.appPassword(mary)
  expect((await phone(basicOf(mary.upn, secret), 'APPPASS1')).status).toBe(200)
  await gate.putPolicy({ password: { ews: 'block' } }, { accountId: mary.account.id })
  const ews = await fetch(`${origin}/EWS/Exchange.asmx`, { headers: { authorization: basicOf(mary.upn, mary.password) } })
  expect([ews.status, ews.headers.get('www-authenticate')]).toEqual([401, expect.not.stringContaining('Basic')])
})

test('the account’s own password is no use in the app that an app password let in, and the phone is told what is', async () => {
  const own = await phone(basicOf(mary.upn, mary.password), 'APPPASS1')
  expect([own.status, own.headers.get('x-autodiscovery-error')]).toEqual([
    456,
    expect.stringMatching(/^LiveIdBasicAuth:AppPasswordRequired:<RequestId=.+>$/),
  ])
  await gate.decide(await tileOf('APPPASS1'), 'active')
  expect((await phone(basicOf(mary.upn, mary.password), 'APPPASS1')).status).toBe(200)
})

test('Autodiscover takes the password and names the ActiveSync server, and opens nothing else', async () => {
  const schema = 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync'
  const body = `<Autodiscover xmlns="${schema}/requestschema/2006"><Request><EMailAddress>${mary.upn}</EMailAddress><AcceptableResponseSchema>${schema}/responseschema/2006</AcceptableResponseSchema></Request></Autodiscover>`
  const headers = { authorization: basicOf(mary.upn, mary.password), 'content-type': 'text/xml' }
  const answer = await fetch(`${origin}/autodiscover/autodiscover.xml`, { method: 'POST', headers, body })
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(`${origin}/Microsoft-Server-ActiveSync`)])
  expect((await fetch(`${origin}/api/v1/me/messages`, { headers })).status).toBe(401)
})

test('a token works until its person is signed out everywhere, and not a second longer than the feed takes', async () => {
  const { access } = await mailTokens(gate.world, await signedIn(gate.world))
  const open = () => phone(`Bearer ${access}`)
  expect((await open()).status).toBe(200)
  const signedOut = told(({ kind, accountId }) => kind === 'signed-out' && accountId === mary.account.id)
  await gate.world.sts.kept.accounts.signOut(mary.account.id, new Date())
  await signedOut
  const refused = await open()
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('withdrawn')])
})

test('a session that ends takes its own tokens, and leaves those of another session', async () => {
  gate.world.pass(60)
  const [one, other] = [
    await mailTokens(gate.world, await signedIn(gate.world)),
    await mailTokens(gate.world, await signedIn(gate.world)),
  ]
  const sid = (JSON.parse(Buffer.from(one.access.split('.')[1] ?? '', 'base64url').toString()) as { sid?: string }).sid
  expect(sid).toBeDefined()
  const ended = told(({ kind, id }) => kind === 'session' && id === sid)
  await gate.world.sts.kept.revocations.append({
    at: new Date(),
    kind: 'session',
    accountId: mary.account.id,
    ...(sid === undefined ? {} : { sessionId: sid }),
  })
  await ended
  expect((await phone(`Bearer ${one.access}`)).status).toBe(401)
  expect((await phone(`Bearer ${other.access}`)).status).toBe(200)
  expect(problems).toEqual([])
})
