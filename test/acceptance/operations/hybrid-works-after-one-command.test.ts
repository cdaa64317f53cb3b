/**
 * An administrator lets two mail servers work together by the real command, while the service runs on the same database: after it
 * each gets tokens for the other and acts for people there, and after the undo neither does.
 */
import { execFile } from 'node:child_process'
import { createPrivateKey, randomUUID } from 'node:crypto'
import { access, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  ActorTokenError,
  type ActorTokenUser,
  type ActorTokenValidator,
  actorDiagnostics,
  challenge,
  createActorTokenValidator,
} from '@postern/resource-server'
import { createIssuerConnection, createServerClient, type IssuerConnection } from '@postern/resource-server/client'
import type { ClientId } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { askToken, redeem, signInOnce } from '../../support/person-browser.ts'
import { exchangeDocument, METADATA_PATH, type PublishingServer, startPublishing } from '../server-to-server/partner-stage.ts'

const CLI = fileURLToPath(new URL('../../../packages/sts/bin/postern.js', import.meta.url))
const STS = '00000001-0000-0000-c000-000000000000'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** An Exchange-like server: its metadata, and one address at which it lets the other side in, for people alone. */
interface Side {
  readonly principal: TestPrincipal
  readonly web: PublishingServer
  readonly base: string
  readonly validator: ActorTokenValidator<ActorTokenUser>
  readonly connection: IssuerConnection
  /** What its metadata document shows; normally its own. */
  shown: TestPrincipal
}

let directory: string
let postgres: Awaited<ReturnType<typeof startPostgres>>
let databaseUrl: string
let sts: TestSts
let house: Side
let cloud: Side

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-hybrid-story-'))
  postgres = await startPostgres()
  databaseUrl = await postgres.createDatabase()
  const [atHouse, atCloud] = [await startPublishing(), await startPublishing()]
  sts = await startSts({ databaseUrl, audience: `http://${atHouse.host}/` })
  // One server is known already, with its key and its resource; the other has never been heard of.
  const [known, unheard] = [await sts.addPrincipal({ access: [] }), await sts.addPrincipal()]
  await sts.kept.resources.replace({ ...sts.resource, principalId: known.clientId })
  await sts.kept.clients.remove(unheard.clientId as ClientId) // a brand has no runtime part
  house = openSide(known, { web: atHouse, other: { principal: unheard, host: atCloud.host } })
  cloud = openSide(unheard, { web: atCloud, other: { principal: known, host: atHouse.host } })
})
beforeEach(() => {
  house.shown = house.principal
  cloud.shown = cloud.principal
})
afterAll(async () => {
  await Promise.all([house, cloud].map((side) => side?.connection.close()))
  await Promise.all([house, cloud].map((side) => side?.web.close()))
  await sts?.close()
  await postgres?.stop()
  await rm(directory, { recursive: true })
})

function openSide(
  principal: TestPrincipal,
  { web, other }: { web: PublishingServer; other: { principal: TestPrincipal; host: string } },
): Side {
  const realm = sts.realm.id
  const { clientId, certificate, privateKey } = principal
  const own = { clientId, certificate, privateKey, allowInsecureLoopback: true }
  const connection = createIssuerConnection({ issuer: sts.issuer, ...own })
  const validator = createActorTokenValidator<ActorTokenUser>({
    audience: `${clientId}/localhost@${realm}`,
    issuers: [{ realm, issuer: sts.issuer }],
    partners: [{ clientId: other.principal.clientId, metadataUrl: `http://${other.host}${METADATA_PATH}`, actAs: {} }],
    metadataHosts: [other.host],
    findUser: ({ upn }) => (upn === sts.mary.upn ? [{ id: sts.mary.account.id, realm, active: true }] : []),
    status: connection.status,
    allowInsecureLoopback: true,
  })
  const side: Side = { principal, web, base: `http://${web.host}/`, validator, connection, shown: principal }
  web.answer = (request, response) => {
    answer(side, request, response).catch(() => response.destroy())
  }
  return side
}

async function answer(side: Side, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { clientId, realm } = side.principal
  if (request.url === METADATA_PATH) return void response.end(JSON.stringify(exchangeDocument({ clientId, realm }, [side.shown])))
  const offered = { clientId, trustedIssuers: [`${STS}@${realm}`] }
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return void response.writeHead(401, { 'www-authenticate': challenge(offered) }).end()
  try {
    const accepted = await side.validator.validate(token)
    response.end(accepted.kind === 'user' ? `${accepted.form} ${accepted.user.id} by ${accepted.actor.clientId}` : accepted.kind)
  } catch (error) {
    if (!(error instanceof ActorTokenError)) throw error
    const line = challenge({ ...offered, error: 'invalid_token' })
    response.writeHead(401, { 'www-authenticate': line, 'x-ms-diagnostics': actorDiagnostics(error.code) }).end()
  }
}

/** The command, on the database of the service that runs. */
const postern = (...words: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POSTERN_BASE_URL: sts.baseUrl,
      POSTERN_DEVELOPMENT: 'true',
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(sts.masterKey).toString('base64'),
    }
    execFile(process.execPath, [CLI, ...words], { cwd: directory, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
const setUp = (...more: readonly string[]) =>
  postern('hybrid', 'setup', '--on-premises', house.base, '--cloud', cloud.base, ...more)

/** `from` as it calls others, without anything remembered. */
const callerOf = ({ principal: { clientId, realm, certificate, privateKey } }: Side) =>
  createServerClient({
    clientId,
    realm,
    certificate,
    privateKey,
    issuers: [{ realm, issuer: sts.issuer }],
    allowInsecureLoopback: true,
  })
const actorToken = async (from: Side, to: Side) =>
  (await callerOf(from).actorToken(`${to.principal.clientId}/localhost@${sts.realm.id}`)).token

const asMary = async (from: Side, to: Side) =>
  (await callerOf(from).actAs({ upn: sts.mary.upn }).fetch(`${to.base}ews/exchange.asmx`)).text()

/** The server in the house hands in the token that Mary's phone brought, and asks for one for the cloud. */
async function onBehalfOfMary(phone: string) {
  const { clientId, privateKey } = house.principal
  const now = Math.floor(Date.now() / 1000)
  const proof = await new SignJWT({ iss: clientId, sub: clientId, aud: sts.issuer, jti: randomUUID(), iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: 'RS256', typ: 'client-authentication+jwt' })
    .sign(createPrivateKey(privateKey))
  return askToken(`${sts.issuer}/oauth2/v2.0/token`, {
    grant_type: JWT_BEARER,
    requested_token_use: 'on_behalf_of',
    assertion: phone,
    scope: `${cloud.base}EAS.AccessAsUser.All offline_access`,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: proof,
  })
}

const ways = (): readonly (readonly [Side, Side])[] => [
  [house, cloud],
  [cloud, house],
]

/** Everything that a hybrid is for, over HTTP. Returns the actor tokens of both. */
async function expectToWork(phone: string): Promise<readonly string[]> {
  const tokens: string[] = []
  for (const [from, to] of ways()) {
    const token = await actorToken(from, to)
    expect(decodeJwt(token)).toMatchObject({
      aud: `${to.principal.clientId}/localhost@${sts.realm.id}`,
      nameid: `${from.principal.clientId}@${sts.realm.id}`,
      trustedfordelegation: 'true',
    })
    expect(await to.connection.status.check(token)).toBe('active')
    expect(await asMary(from, to)).toBe(`signed ${sts.mary.account.id} by ${from.principal.clientId}`)
    tokens.push(token)
  }
  const { status, body } = await onBehalfOfMary(phone)
  expect({ status, body }).toMatchObject({ status: 200, body: { refresh_token: expect.any(String) } })
  const keys = createRemoteJWKSet(new URL(`${sts.issuer}/discovery/v2.0/keys`))
  const { payload } = await jwtVerify(String(body.access_token), keys, { audience: cloud.base })
  expect(payload).toMatchObject({ upn: sts.mary.upn, scp: 'EAS.AccessAsUser.All', act: { sub: house.principal.clientId } })
  return tokens
}

const holdings = async () => ({
  clients: (await sts.kept.clients.list({ limit: 100 })).map(({ id, access: may, grantTypes }) => ({ id, may, grantTypes })),
  resources: (await sts.kept.resources.list()).map(({ audience, names, scopes }) => ({ audience, names, scopes })),
  delegations: await sts.kept.delegations.list(),
})

it('works after one command, ends with the undo at once, and works again after another, where the old tokens stay dead', async () => {
  const scope = `openid offline_access ${house.base}EAS.AccessAsUser.All`
  const browser = await signInOnce(sts, sts.mary, { scope })
  const signedIn = await redeem(`${sts.issuer}/oauth2/v2.0/token`, await browser.code({ scope }))
  const phone = String(signedIn.body.access_token)
  const before = await holdings()
  await expect(actorToken(house, cloud)).rejects.toMatchObject({ oauthError: 'invalid_resource' })
  await expect(actorToken(cloud, house)).rejects.toMatchObject({ oauthError: 'invalid_client' })

  const done = await setUp()
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toContain(`  done           ${cloud.principal.clientId} may act for people at ${house.base}`)
  expect(done.out).toContain(`  present        certificate ${house.principal.x5t} of ${house.principal.clientId}`)
  expect(done.out).toContain(`and trusts ${sts.issuer}`)
  const first = await expectToWork(phone)

  // Somebody takes one right away. The command says so, and makes it good again.
  const [lost] = (await sts.kept.delegations.list()).filter(({ clientId }) => clientId === house.principal.clientId)
  if (lost === undefined) throw new TypeError('there is no delegation')
  await sts.kept.delegations.revoke(lost.clientId, lost.resourceId)
  expect(decodeJwt(await actorToken(house, cloud))).not.toHaveProperty('trustedfordelegation')
  expect((await onBehalfOfMary(phone)).status).toBe(400)
  expect(await postern('hybrid', 'status')).toMatchObject({
    code: 1,
    out: expect.stringContaining(`missing        ${house.principal.clientId} may act for people at ${cloud.base}`),
  })
  expect(JSON.parse((await setUp('--json')).out)).toMatchObject({ changed: 1 })
  const second = await expectToWork(phone)

  const undone = await postern('hybrid', 'undo')
  expect(undone).toMatchObject({ code: 0, out: expect.stringContaining('were taken back.') })
  expect(await holdings()).toEqual(before)
  // The server in the house was there before and may still ask. For the cloud's it is the end, whoever asks.
  for (const token of [first[0], second[0]]) expect(await cloud.connection.status.check(token ?? '')).toBe('unavailable')
  // Tokens know whole seconds. Until the one of the undo is over they are asked about again and again.
  const secondOfUndo = secondNow()
  do {
    for (const token of [first[1], second[1]]) expect(await house.connection.status.check(token ?? '')).toBe('inactive')
  } while (secondNow() === secondOfUndo)
  await expect(actorToken(house, cloud)).rejects.toMatchObject({ oauthError: 'invalid_resource' })
  await expect(actorToken(cloud, house)).rejects.toMatchObject({ oauthError: 'invalid_client' })
  expect((await onBehalfOfMary(phone)).status).toBe(400)

  expect(JSON.parse((await setUp('--json')).out)).toMatchObject({ changed: countOf(undone.out) })
  await expectToWork(phone)
  for (const token of [first[1], second[1]]) expect(await house.connection.status.check(token ?? '')).toBe('inactive')
  for (const token of [first[0], second[0]]) expect(await cloud.connection.status.check(token ?? '')).toBe('inactive')
}, 180_000)

const secondNow = (): number => Math.floor(Date.now() / 1000)

/** How much an undo says that it took back. */
const countOf = (out: string): number => Number(/^(\d+) of \d+ were taken back/m.exec(out)?.[1])

it('refuses two servers that show one certificate, in words that say what to do', async () => {
  const before = await holdings()
  cloud.shown = house.principal
  const refused = await setUp('--name', 'shared')
  expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('CVE-2025-53786') })
  expect(refused.err).toContain('--make-certificates')
  expect(await holdings()).toEqual(before)
})

it('makes keys for servers that have none, readable by their owner alone, and only when it is meant', async () => {
  const keys = join(directory, 'keys')
  const ids = ['--on-premises-client-id', randomUUID(), '--cloud-client-id', randomUUID()]
  const servers = ['--on-premises', 'https://mail.contoso.com', '--cloud', 'https://outlook.contoso.test']
  const words = ['hybrid', 'setup', '--name', 'made', ...servers, ...ids, '--make-certificates', keys]
  const dry = await postern(...words, '--dry-run')
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('This was a dry run: nothing was changed.') })
  await expect(access(keys)).rejects.toThrow('ENOENT')

  const done = await postern(...words)
  expect(done).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Take each key to its server, and to no other:') })
  expect((await readdir(keys)).toSorted()).toEqual([
    'cloud.cert.pem',
    'cloud.key.pem',
    'on-premises.cert.pem',
    'on-premises.key.pem',
  ])
  for (const name of ['cloud', 'on-premises']) {
    expect((await stat(join(keys, `${name}.key.pem`))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(keys, `${name}.key.pem`), 'utf8')).toContain('PRIVATE KEY')
    expect(done.out).toContain(join(keys, `${name}.key.pem`))
  }
  expect(done.out).not.toContain('PRIVATE KEY')
}, 120_000)
