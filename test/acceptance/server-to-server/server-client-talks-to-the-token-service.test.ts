import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  ActorTokenError,
  type ActorTokenUser,
  type ActorTokenValidator,
  actorDiagnostics,
  challenge,
  createActorTokenValidator,
} from '@postern/resource-server'
import {
  createIssuerConnection,
  createServerClient,
  type IssuerConnection,
  type ServerClient,
  type ServerClientOptions,
} from '@postern/resource-server/client'
import type { Resource, ResourceId } from '@postern/storage'
import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

const STS = '00000001-0000-0000-c000-000000000000'
const SCOPES = ['EWS.AccessAsUser.All']

let ahead = 0
const clock = (): Date => new Date(Date.now() + ahead)

let sts: TestSts
let cloud: TestPrincipal
let onPrem: TestPrincipal
let resource: Resource
let mail: MailServer
let client: ServerClient

/** An Exchange-like server that believes actor tokens of our realm, asks whether they hold, and reports what it did. */
interface MailServer {
  readonly url: string
  readonly validator: ActorTokenValidator<ActorTokenUser>
  readonly connection: IssuerConnection
  readonly problems: string[]
  /** The principal that its challenge names. */
  principal: string
  close(): Promise<void>
}

async function startMailServer(): Promise<MailServer> {
  const problems: string[] = []
  const connection = createIssuerConnection({
    issuer: sts.issuer,
    clientId: onPrem.clientId,
    certificate: onPrem.certificate,
    privateKey: onPrem.privateKey,
    allowInsecureLoopback: true,
    clock,
    onProblem: (problem) => problems.push(problem),
  })
  const realm = sts.realm.id
  const validator = createActorTokenValidator<ActorTokenUser>({
    audience: `${onPrem.clientId}/localhost@${realm}`,
    issuers: [{ realm, issuer: sts.issuer }],
    partners: [
      { clientId: cloud.clientId, certificates: [cloud.certificate], actAs: { operations: ['availability'] }, appOnly: true },
    ],
    findUser: async ({ upn }) => (upn === sts.mary.upn ? [{ id: sts.mary.account.id, realm, active: true }] : []),
    status: connection.status,
    onUse: connection.report,
    clock,
    allowInsecureLoopback: true,
  })
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    for await (const _ of req); // the body is read, whatever comes of it
    const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1]
    const offered = { clientId: started.principal, trustedIssuers: [`${STS}@*`] }
    try {
      if (token === undefined) return refuse(res, challenge(offered))
      const accepted = await validator.validate(token, { operation: 'availability' })
      res.end(accepted.kind === 'app' ? `app ${accepted.actor.clientId}` : `${accepted.form} ${accepted.user.id}`)
    } catch (error) {
      if (!(error instanceof ActorTokenError)) throw error
      refuse(res, challenge({ ...offered, error: 'invalid_token' }), actorDiagnostics(error.code))
    }
  }
  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy())
  })
  const started: MailServer = {
    url: `${await listen(server)}/ews/exchange.asmx`,
    validator,
    connection,
    problems,
    principal: onPrem.clientId,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await connection.close()
    },
  }
  return started
}

function refuse(res: ServerResponse, line: string, diagnostics?: string): void {
  res.statusCode = 401
  res.setHeader('WWW-Authenticate', line)
  if (diagnostics !== undefined) res.setHeader('x-ms-diagnostics', diagnostics)
  res.end()
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}` // a TCP server has no other kind of address
}

const connect = (as: TestPrincipal, options: Partial<ServerClientOptions> = {}): ServerClient =>
  createServerClient({
    clientId: as.clientId,
    realm: sts.realm.id,
    certificate: as.certificate,
    privateKey: as.privateKey,
    issuers: [{ realm: sts.realm.id, issuer: sts.issuer }],
    allowInsecureLoopback: true,
    clock,
    ...options,
  })

const delegate = () =>
  sts.kept.delegations.grant({
    clientId: cloud.clientId as never, // a brand has no runtime part
    resourceId: resource.id,
    scopes: SCOPES,
    exceptGroups: [],
    createdAt: clock(),
  })

beforeAll(async () => {
  sts = await startSts({ clock })
})
afterAll(() => sts.close())

beforeEach(async () => {
  ahead = 0
  onPrem = await sts.addPrincipal({ access: [] })
  resource = {
    ...sts.resource,
    id: randomUUID() as string as ResourceId, // a brand has no runtime part
    displayName: 'On premises',
    audience: `https://${onPrem.clientId}.test/`,
    names: [`https://${onPrem.clientId}.test/`, `${onPrem.clientId}/localhost`],
    principalId: onPrem.clientId as never, // a brand has no runtime part
    scopes: SCOPES,
  }
  expect(await sts.kept.resources.add(resource)).toBe('added')
  cloud = await sts.addPrincipal({ access: [{ resourceId: resource.id, scopes: SCOPES }] })
  await delegate()
  mail = await startMailServer()
  client = connect(cloud)
})
afterEach(() => mail.close())

const trail = async (event: string) =>
  (await sts.kept.audit.list({ limit: 1000, event })).filter((row) => row.clientId === cloud.clientId)

test('one server calls another: from the empty Bearer to the answer, with nothing agreed beforehand but the issuer', async () => {
  const answer = await client.fetch(mail.url, { method: 'POST', body: '<soap/>' })
  expect([answer.status, await answer.text()]).toEqual([200, `app ${cloud.clientId}`])
})

test('it acts for Mary, and issue and use stand in the trail under the same number', async () => {
  const answer = await client.actAs({ upn: 'Mary@Contoso.com' }).fetch(mail.url)
  expect([answer.status, await answer.text()]).toEqual([200, `signed ${sts.mary.account.id}`])
  await mail.connection.flush()
  const { token } = await client.actorToken(`${onPrem.clientId}/localhost@${sts.realm.id}`)
  const { jti } = decodeJwt(token)
  expect(await trail('actor_token.issued')).toMatchObject([{ detail: { jti } }])
  expect(await trail('actor_token.used')).toMatchObject([
    {
      accountId: sts.mary.account.id,
      actor: cloud.clientId,
      detail: { jti, user: sts.mary.upn, reporter: onPrem.clientId, realm: sts.realm.id, form: 'signed' },
    },
  ])
  expect(mail.problems).toEqual([])
})

test('twenty calls at once are one token in the trail', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.actAs({ upn: sts.mary.upn }).fetch(mail.url)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(await trail('actor_token.issued')).toHaveLength(1)
})

test('a person whom the other side does not know is refused with the diagnostics of it, and the refusal is reported', async () => {
  await expect(client.actAs({ upn: 'nobody@contoso.com' }).fetch(mail.url)).rejects.toMatchObject({
    code: 'token_refused',
    status: 401,
    diagnostics: expect.stringMatching(/^2000005;/),
  })
  await mail.connection.flush()
  expect(await trail('actor_token.use_refused')).toMatchObject([{ detail: { user: 'nobody@contoso.com' } }])
})

test('the original unsigned form is refused where nobody switched it on', async () => {
  const unsigned = connect(cloud, { userTokens: 'unsigned' })
  await expect(unsigned.actAs({ upn: sts.mary.upn }).fetch(mail.url)).rejects.toMatchObject({ code: 'token_refused' })
})

test('a server that names a principal which is not registered for its host gets no token', async () => {
  mail.principal = sts.resource.principalId ?? ''
  await expect(client.fetch(mail.url)).rejects.toMatchObject({
    code: 'token_request_refused',
    oauthError: 'invalid_resource',
    status: 400,
  })
})

test('a partner that is disabled is stopped within a minute, without anything restarted', async () => {
  expect((await client.fetch(mail.url)).status).toBe(200)
  const kept = await sts.kept.clients.find(cloud.clientId as never)
  if (kept) await sts.kept.clients.replace({ ...kept, status: 'disabled' })
  ahead = 60_000
  await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_request_refused', oauthError: 'invalid_client' })
})

test('a delegation that ended stops acting for people within a minute, and a new one starts it again', async () => {
  const asMary = client.actAs({ upn: sts.mary.upn })
  expect((await asMary.fetch(mail.url)).status).toBe(200)
  await sts.kept.delegations.revoke(cloud.clientId as never, resource.id)
  ahead = 60_000
  await expect(asMary.fetch(mail.url)).rejects.toMatchObject({ code: 'token_refused' })
  expect(await (await client.fetch(mail.url)).text()).toBe(`app ${cloud.clientId}`)
  await delegate()
  ahead = 120_000
  expect((await asMary.fetch(mail.url)).status).toBe(200)
})

test('a certificate of another principal proves nothing', async () => {
  const thief = connect(cloud, { certificate: onPrem.certificate, privateKey: onPrem.privateKey })
  await expect(thief.fetch(mail.url)).rejects.toMatchObject({ code: 'token_request_refused', oauthError: 'invalid_client' })
})

test.each(['/tokens/OAuth/2', '/oauth2/token', '/oauth2/v2.0/token'])(
  '%s serves as well as the endpoint of the metadata',
  async (path) => {
    const direct = connect(cloud, {
      issuers: [{ realm: sts.realm.id, issuer: sts.issuer, tokenEndpoint: `${sts.issuer}${path}` }],
    })
    expect((await direct.fetch(mail.url)).status).toBe(200)
  },
)

test('a server whose clock is two hours off gets its tokens by the clock of the service, and acts for people with them', async () => {
  for (const off of [-7_200_000, 7_200_000]) {
    const wrong = connect(cloud, { clock: () => new Date(Date.now() + off) })
    expect((await wrong.actAs({ upn: sts.mary.upn }).fetch(mail.url)).status).toBe(200)
  }
})

test('while the token service does not say whether a token holds, it does not', async () => {
  const lonely = createIssuerConnection({
    issuer: sts.issuer,
    clientId: onPrem.clientId,
    certificate: cloud.certificate, // not the one that is registered for it
    privateKey: cloud.privateKey,
    allowInsecureLoopback: true,
    clock,
  })
  const { token } = await client.actorToken(`${onPrem.clientId}/localhost@${sts.realm.id}`)
  expect(await lonely.status.check(token)).toBe('unavailable')
  expect(await mail.connection.status.check(token)).toBe('active')
  await lonely.close()
})
