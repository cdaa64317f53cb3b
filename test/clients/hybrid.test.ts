import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { calendarOfJoe, calendarsOnPremises } from '@postern/example-contoso/calendars'
import { askOwnServer, workingDayAfter } from '@postern/example-contoso/free-busy-question'
import { createMailServer } from '@postern/example-contoso/mail-server'
import { demoPeople } from '@postern/example-contoso/people'
import { signIn } from '@postern/example-contoso/sign-in'
import { parseMetadataDocument } from '@postern/resource-server'
import { createIssuerConnection, createServerClient, type IssuerConnection } from '@postern/resource-server/client'
import { startSts, type TestPerson, type TestPrincipal, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createJumpingClock } from './service-under-test.ts'

/** One side of the organisation: its server, and what it proves itself with. */
type Side = { url: string; server: Server; principal: TestPrincipal; connection: IssuerConnection }

const DOMAIN = 'contoso.com'
const CLOUD_DOMAIN = 'contoso.onmicrosoft.test'
const EWS = '/EWS/Exchange.asmx'
const AUTODISCOVER = '/autodiscover/autodiscover.svc'
const { clock, wait } = createJumpingClock()
const people = demoPeople({ onPremises: DOMAIN, cloud: CLOUD_DOMAIN })
const said: string[] = []
let sts: TestSts
let onPremises: Side
let cloud: Side
let ann: TestPerson
const tokens = new Map<string, string>()

beforeAll(async () => {
  const [near, far] = [await listen(), await listen()]
  sts = await startSts({ clock, audience: `${near.url}/` })
  await sts.store.realms.addDomain(sts.realm.id, CLOUD_DOMAIN)
  const [nearId, farId] = [randomUUID(), randomUUID()]
  const resource = { ...sts.resource, principalId: nearId, names: [`${near.url}/`, `${nearId}/127.0.0.1`] }
  await sts.kept.resources.replace(resource)
  const cloudResource = {
    ...sts.resource,
    id: randomUUID() as unknown as typeof resource.id, // a brand has no runtime part
    audience: `${far.url}/`,
    principalId: farId,
    names: [`${far.url}/`, `${farId}/127.0.0.1`],
  }
  await sts.kept.resources.add(cloudResource)
  const acting = (to: typeof resource, scopes: string[]) => ({
    access: [{ resourceId: to.id, scopes }],
    delegations: [{ resourceId: to.id, scopes }],
  })
  const nearPrincipal = await sts.addPrincipal({ clientId: nearId, ...acting(cloudResource, ['EWS.AccessAsUser.All']) })
  const farPrincipal = await sts.addPrincipal({ clientId: farId, ...acting(resource, ['EAS.AccessAsUser.All']) })
  const mail = await sts.kept.clients.find(sts.clients.mail.clientId as never)
  if (mail === undefined) throw new TypeError('the mail client is there')
  const scopes = ['EAS.AccessAsUser.All']
  await sts.kept.clients.replace({ ...mail, access: [...mail.access, { resourceId: cloudResource.id, scopes }] })
  ann = await sts.addPerson({ name: 'ann', factor: true })

  const serve = (
    own: typeof near,
    principal: TestPrincipal,
    other: typeof near,
    otherId: string,
    domains: [string, string],
  ): Side => {
    const { certificate, privateKey, clientId } = principal
    const connection = createIssuerConnection({
      issuer: sts.issuer,
      clientId,
      certificate,
      privateKey,
      clock,
      allowInsecureLoopback: true,
      onProblem: (problem) => said.push(problem),
    })
    const handle = createMailServer({
      issuer: sts.issuer,
      audience: `${own.url}/`,
      baseUrl: own.url,
      principalId: clientId,
      domain: domains[0],
      clock,
      log: (line) => said.push(line),
      hybrid: {
        certificate,
        privateKey,
        neighbour: { clientId: otherId, domain: domains[1], baseUrl: other.url, resource: `${other.url}/` },
        people,
        calendars: domains[0] === DOMAIN ? calendarsOnPremises(DOMAIN) : [calendarOfJoe(DOMAIN)],
        status: connection.status,
        onUse: connection.report,
      },
    })
    own.server.on('request', handle)
    return { ...own, principal, connection }
  }
  onPremises = serve(near, nearPrincipal, far, farId, [DOMAIN, CLOUD_DOMAIN])
  cloud = serve(far, farPrincipal, near, nearId, [CLOUD_DOMAIN, DOMAIN])
})
afterAll(async () => {
  for (const { server, connection } of [onPremises, cloud]) {
    await connection.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await sts.close()
})
beforeEach(() => {
  said.length = 0
})

async function listen(): Promise<{ server: Server; url: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } // a TCP listener has an address with a port
}

/** An access token of the person for the server, by a real sign-in; one a person and server is enough. */
async function tokenOf(person: TestPerson, at: Side, scope = 'EWS.AccessAsUser.All'): Promise<string> {
  const key = `${person.upn} ${at.url} ${scope}`
  const known = tokens.get(key)
  if (known !== undefined) return known
  const { clientId, redirectUri } = sts.clients.mail
  const resource = `${at.url}/`
  const request = { issuer: sts.issuer, client: { clientId }, account: person, redirectUri, resource, clock, wait }
  const { accessToken } = await signIn({ ...request, scope: `openid ${resource}${scope}` })
  tokens.set(key, accessToken)
  return accessToken
}

const query = () => workingDayAfter(clock(), `joe@${CLOUD_DOMAIN}`)

/** What the person's own server says about Joe's day. */
async function freeBusyFor(person: TestPerson) {
  const accessToken = await tokenOf(person, onPremises)
  const { answer } = await askOwnServer(query(), { baseUrl: onPremises.url, accessToken, requestId: randomUUID() })
  return answer
}

const clientOf = ({ principal }: Side, userTokens: 'signed' | 'unsigned' = 'signed') =>
  createServerClient({
    clientId: principal.clientId,
    realm: sts.realm.id,
    certificate: principal.certificate,
    privateKey: principal.privateKey,
    issuers: [{ realm: sts.realm.id, issuer: sts.issuer }],
    userTokens,
    allowInsecureLoopback: true,
    clock,
  })

const soap = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'text/xml' },
  body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`,
})
const autodiscover = (name: string, request: string): RequestInit =>
  soap(
    `<${name}RequestMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Request>${request}</Request></${name}RequestMessage>`,
  )
const settingsOfJoe = autodiscover(
  'GetUserSettings',
  `<Users><User><Mailbox>joe@${CLOUD_DOMAIN}</Mailbox></User></Users><RequestedSettings><Setting>ExternalEwsUrl</Setting></RequestedSettings>`,
)

/** The outcome of a call that a refusal of the other side ends: status and diagnostics. */
async function refusalOf(call: Promise<Response>): Promise<{ status: number | undefined; diagnostics: string | undefined }> {
  try {
    const response = await call
    await response.body?.cancel()
    return { status: response.status, diagnostics: response.headers.get('x-ms-diagnostics') ?? undefined }
  } catch (error) {
    if (!(error instanceof Error && 'diagnostics' in error && 'status' in error)) throw error
    return { status: Number(error.status), diagnostics: String(error.diagnostics) }
  }
}

describe('free/busy across the hybrid', () => {
  test('Mary sees what Joe does and where, but for what is private; Ann only sees when', async () => {
    const subjects = async (person: TestPerson) => {
      const answer = await freeBusyFor(person)
      if (answer?.outcome !== 'seen') throw new TypeError(`refused: ${JSON.stringify(answer)} ${said.join('\n')}`)
      return [answer.freeBusy.view, answer.freeBusy.merged, answer.freeBusy.events?.map(({ details }) => details?.subject)]
    }
    const merged = '00220000011000203300'
    const detailed = ['Bridge drawings, second round', 'Lunch with Mary', undefined, 'Site visit']
    expect(await subjects(sts.mary)).toEqual(['DetailedMerged', merged, detailed])
    expect(await subjects(ann)).toEqual(['FreeBusyMerged', merged, [undefined, undefined, undefined, undefined]])
  })

  test('each use is in the trail of the token service, with the server and the person', async () => {
    await freeBusyFor(sts.mary)
    await cloud.connection.flush()
    const rows = await sts.kept.audit.list({ limit: 200 })
    expect(rows.find(({ event, detail }) => event === 'actor_token.used' && detail.form === 'signed')).toMatchObject({
      outcome: 'allowed',
      accountId: sts.mary.account.id,
      clientId: onPremises.principal.clientId,
      actor: onPremises.principal.clientId,
      detail: { user: sts.mary.upn, realm: sts.realm.id, reporter: cloud.principal.clientId, jti: expect.any(String) },
    })
  })

  test('for a person whom the other side does not know is refused there', async () => {
    const acting = clientOf(onPremises).actAs({ upn: `nobody@${DOMAIN}` })
    expect(await refusalOf(acting.fetch(`${cloud.url}${EWS}`, soap('<x/>')))).toMatchObject({
      status: 401,
      diagnostics: expect.stringMatching(/^2000005;.*does not exist/),
    })
  })

  test('for an administrator is refused: no server may act for one', async () => {
    const acting = clientOf(onPremises).actAs({ upn: `admin@${DOMAIN}` })
    expect((await refusalOf(acting.fetch(`${cloud.url}${EWS}`, soap('<x/>')))).diagnostics).toMatch(/^2000005;/)
    expect(said.join('\n')).toContain('user_excluded')
  })

  test('with a user token that nobody signed is refused', async () => {
    const acting = clientOf(onPremises, 'unsigned').actAs({ upn: sts.mary.upn })
    const { status, diagnostics } = await refusalOf(acting.fetch(`${cloud.url}${EWS}`, soap('<x/>')))
    expect([status, diagnostics?.split(';')[0]]).toEqual([401, '2000001'])
    expect(said.join('\n')).toContain('unsigned_not_allowed')
  })

  test('is all that the other server may do for people: neither letters nor phones', async () => {
    const acting = clientOf(onPremises).actAs({ upn: `joe@${DOMAIN}` })
    expect((await acting.fetch(`${cloud.url}${EWS}`, soap('<x/>'))).status).toBe(500)
    for (const path of [
      '/api/v1/me/messages',
      '/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId=1&DeviceType=1',
      '/api/v1/me/sync',
      AUTODISCOVER,
    ]) {
      const init = path === AUTODISCOVER ? settingsOfJoe : path.endsWith('messages') ? {} : { method: 'POST' }
      expect((await refusalOf(acting.fetch(`${cloud.url}${path}`, init))).status, path).toBe(401)
    }
  })

  test('needs a person: the other server by itself sees no calendar', async () => {
    expect((await refusalOf(clientOf(onPremises).fetch(`${cloud.url}${EWS}`, soap('<x/>')))).status).toBe(401)
  })

  test('with an actor token for another server is refused', async () => {
    const { token } = await clientOf(cloud).actorToken(`${onPremises.principal.clientId}/127.0.0.1@${sts.realm.id}`)
    const init = { ...soap('<x/>'), headers: { authorization: `Bearer ${token}`, 'content-type': 'text/xml' } }
    const response = await fetch(`${cloud.url}${AUTODISCOVER}`, { ...settingsOfJoe, headers: init.headers })
    expect([response.status, response.headers.get('x-ms-diagnostics')?.split(';')[0]]).toEqual([401, '2000003'])
  })
})

describe('what each server says of itself', () => {
  test('anybody may learn its domains and whose tokens it takes, and of no other domain', async () => {
    const ask = async (domain: string) =>
      (await fetch(`${cloud.url}${AUTODISCOVER}`, autodiscover('GetFederationInformation', `<Domain>${domain}</Domain>`))).text()
    expect(await ask(CLOUD_DOMAIN)).toMatch(
      new RegExp(`<Domain>${CLOUD_DOMAIN}</Domain>.*<Uri>00000001-0000-0000-c000-000000000000@${sts.realm.id}</Uri>`),
    )
    for (const domain of [DOMAIN, 'fabrikam.com']) {
      const text = await ask(domain)
      expect(text).toContain('<ErrorCode>NotFederated</ErrorCode>')
      expect(text).not.toContain('TokenIssuer')
    }
  })

  test('where a mailbox is, it tells the other server only', async () => {
    const anonymous = await fetch(`${cloud.url}${AUTODISCOVER}`, settingsOfJoe)
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.get('www-authenticate')).toContain(`client_id="${cloud.principal.clientId}"`)
    const authorization = `Bearer ${await tokenOf(sts.mary, cloud, 'EAS.AccessAsUser.All')}`
    expect((await fetch(`${cloud.url}${AUTODISCOVER}`, { ...settingsOfJoe, headers: { authorization } })).status).toBe(401)
    expect(await (await clientOf(onPremises).fetch(`${cloud.url}${AUTODISCOVER}`, settingsOfJoe)).text()).toContain(
      `${cloud.url}${EWS}`,
    )
  })

  test('its metadata document names its own certificate and a concrete realm', async () => {
    for (const { url, principal } of [onPremises, cloud]) {
      const document = parseMetadataDocument(await (await fetch(`${url}/autodiscover/metadata/json/1`)).text())
      expect(document).toMatchObject({ realm: sts.realm.id, serviceName: principal.clientId, keys: [{ x5t: principal.x5t }] })
    }
  })
})

test("a phone of the cloud gets Mary's letters from on premises, first on her behalf and then by the refresh token", async () => {
  const authorization = `Bearer ${await tokenOf(sts.mary, cloud, 'EAS.AccessAsUser.All')}`
  const sync = async () => (await fetch(`${cloud.url}/api/v1/me/sync`, { method: 'POST', headers: { authorization } })).json()
  const letters = expect.arrayContaining(['Lunch on Thursday?'])
  expect(await sync()).toEqual({ mailbox: sts.mary.upn, openedBy: 'on-behalf-of', letters })
  expect(await sync()).toEqual({ mailbox: sts.mary.upn, openedBy: 'refresh', letters })
})

describe('within a minute', () => {
  const failed = { outcome: 'refused', code: 'ErrorProxyRequestProcessingFailed' }

  test('a delegation that was revoked ends acting for people, and comes back when it is granted again', async () => {
    const clientId = onPremises.principal.clientId as never
    const [delegation] = (await sts.kept.delegations.list()).filter((one) => one.clientId === clientId)
    if (delegation === undefined) throw new TypeError('the delegation is there')
    expect(await freeBusyFor(sts.mary)).toMatchObject({ outcome: 'seen' })
    await sts.kept.delegations.revoke(delegation.clientId, delegation.resourceId)
    await sts.kept.partners.withdrawTokens(clientId, clock())
    await wait(61_000)
    expect(await freeBusyFor(sts.mary)).toMatchObject(failed)
    await sts.kept.delegations.grant(delegation)
    await wait(61_000)
    expect(await freeBusyFor(sts.mary)).toMatchObject({ outcome: 'seen' })
  })

  test('a server that was disabled opens nothing, with the token that it has or another one', async () => {
    const client = clientOf(onPremises)
    const { token } = await client.actorToken(`${cloud.principal.clientId}/127.0.0.1@${sts.realm.id}`)
    const server = await sts.kept.clients.find(onPremises.principal.clientId as never)
    if (server === undefined) throw new TypeError('the server is there')
    expect(await freeBusyFor(sts.mary)).toMatchObject({ outcome: 'seen' })
    await sts.kept.clients.replace({ ...server, status: 'disabled' })
    await sts.kept.partners.withdrawTokens(server.id, clock())
    await wait(61_000)
    said.length = 0
    expect(await freeBusyFor(sts.mary)).toMatchObject(failed)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/xml' }
    expect((await fetch(`${cloud.url}${AUTODISCOVER}`, { ...settingsOfJoe, headers })).status).toBe(401)
    expect(said.join('\n')).toContain('token_withdrawn')
  })
})
