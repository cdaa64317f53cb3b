/**
 * on-behalf-of-stage is a realm with two mail servers, where one may act for people at the other.
 *
 * The cloud side is a server with a certificate; people's mail clients bring it their tokens. What the answers must be is each
 * story's business.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientId, Resource, ResourceId } from '@postern/storage'
import type { TestClient, TestPrincipal, TestSts, TestStsOptions } from '@postern/sts/testing'
import { askToken, type TokenAnswer } from '../../support/person-browser.ts'
import { ASSERTION_TYPE, assertion } from '../support/client-assertion.ts'
import { startWorld, type World } from '../support/world.ts'

export const OBO = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const JWT = 'urn:ietf:params:oauth:token-type:jwt'
export const ONPREM = 'https://onprem.contoso.com/'
export const EAS = `${ONPREM}EAS.AccessAsUser.All`
export const EWS = `${ONPREM}EWS.AccessAsUser.All`

type Form = Readonly<Record<string, string | undefined>>

export interface Row {
  readonly event: string
  readonly accountId?: string
  readonly clientId?: string
  readonly actor?: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Stage {
  readonly world: World
  /** The server that people's clients talk to, and that acts for them. */
  readonly cloud: TestPrincipal
  /** The server at which it acts. */
  readonly onPrem: Resource
  readonly onPremServer: TestPrincipal
  /** Asks as the cloud server. `undefined` leaves a parameter out. */
  ask(
    form: Form,
    options?: { as?: TestPrincipal | TestClient; path?: string; headers?: Record<string, string> },
  ): Promise<TokenAnswer>
  /** On-behalf-of for the on-premises server, with what is given instead. */
  onBehalfOf(token: string, change?: Form, path?: string): Promise<TokenAnswer>
  exchange(token: string, change?: Form): Promise<TokenAnswer>
  introspect(token: string, as?: TestPrincipal): Promise<Readonly<Record<string, unknown>>>
  delegate(scopes: readonly string[], change?: { exceptGroups?: readonly string[]; clientId?: string }): Promise<void>
  /** What was written to the trail while `work` ran; the clock stands still, so order tells nothing. */
  written(work: () => Promise<unknown>): Promise<readonly Row[]>
  putPolicy(definition: Record<string, unknown>): Promise<void>
  removePolicies(): Promise<void>
  close(): Promise<void>
}

export async function startStage(options: TestStsOptions = {}): Promise<Stage> {
  const world = await startWorld(options)
  const { sts } = world
  const door = await openDoor(sts, options.baseUrl)
  const onPremId = randomUUID() as string as ClientId // a brand has no runtime part
  const onPrem: Resource = {
    ...sts.resource,
    id: randomUUID() as string as ResourceId, // a brand has no runtime part
    displayName: 'On premises',
    audience: ONPREM,
    names: [ONPREM, `${onPremId}/onprem.contoso.com`],
    principalId: onPremId,
    scopes: ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All', 'Mail.Read'],
  }
  if ((await sts.kept.resources.add(onPrem)) !== 'added') throw new TypeError('the resource was not added')
  const access = [
    { resourceId: sts.resource.id, scopes: sts.resource.scopes },
    { resourceId: onPrem.id, scopes: ['EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'] },
  ]
  const cloud = await sts.addPrincipal({ access })
  const onPremServer = await sts.addPrincipal({ clientId: onPremId, access })
  if ((await sts.kept.resources.replace({ ...sts.resource, principalId: cloud.clientId })) !== 'replaced')
    throw new TypeError('the resource was not changed')

  const prove = async (as: TestPrincipal | TestClient) => ({
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await assertion(world, { redirectUri: '', ...as }, { header: { kid: undefined } }),
  })
  const stage: Stage = {
    world,
    cloud,
    onPrem,
    onPremServer,
    async ask(form, { as = cloud, path = '/oauth2/v2.0/token', headers = {} } = {}) {
      const sent = { ...(as.privateKey === undefined ? {} : await prove(as)), ...form }
      const given = Object.entries(sent).filter((one): one is [string, string] => one[1] !== undefined)
      return askToken(`${door.issuer}${path}`, Object.fromEntries(given), headers)
    },
    onBehalfOf: (token, change, path) =>
      stage.ask(
        { grant_type: OBO, requested_token_use: 'on_behalf_of', assertion: token, scope: `${EAS} offline_access`, ...change },
        path === undefined ? {} : { path },
      ),
    exchange: (token, change) =>
      stage.ask({
        grant_type: EXCHANGE,
        subject_token: token,
        subject_token_type: ACCESS_TOKEN,
        resource: ONPREM,
        scope: EAS,
        ...change,
      }),
    async introspect(token, as = onPremServer) {
      const body = new URLSearchParams({ token, ...(await prove(as)) })
      const answer = await fetch(`${door.issuer}/oauth2/v2.0/introspect`, { method: 'POST', body })
      return (await answer.json()) as Record<string, unknown>
    },
    async delegate(scopes, change = {}) {
      const outcome = await sts.kept.delegations.grant({
        clientId: (change.clientId ?? cloud.clientId) as ClientId, // a brand has no runtime part
        resourceId: onPrem.id,
        scopes,
        exceptGroups: change.exceptGroups ?? [],
        createdAt: new Date(),
      })
      if (outcome === 'missing') throw new TypeError('nothing to delegate')
    },
    async written(work) {
      const known = new Set((await sts.kept.audit.list({ limit: 1000 })).map(({ id }) => id))
      await work()
      const rows = await sts.kept.audit.list({ limit: 1000 })
      return rows.filter(({ id }) => !known.has(id)) as unknown as Row[] // every row has these members
    },
    async putPolicy(definition) {
      const now = new Date()
      await sts.kept.policies.put({
        id: randomUUID(),
        name: 'Of this story',
        mode: 'on',
        definition,
        createdAt: now,
        updatedAt: now,
      })
    },
    async removePolicies() {
      for (const { id } of await sts.kept.policies.list()) await sts.kept.policies.remove(id)
    },
    async close() {
      await door.close()
      await world.close()
    },
  }
  return stage
}

/** Where the service is reached: by its own address, or on loopback where it calls itself something else. */
async function openDoor(sts: TestSts, baseUrl: string | undefined): Promise<{ issuer: string; close: () => Promise<void> }> {
  if (baseUrl === undefined) return { issuer: sts.issuer, close: async () => {} }
  const server = createServer(sts.service.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has no other kind of address
  return {
    issuer: `http://127.0.0.1:${port}/${sts.realm.id}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
