/**
 * partner-stage is a server of somebody else: a loopback address where it publishes its metadata, and the client of the
 * service that it proves itself as. What it answers is each story's business.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientId, Partner } from '@postern/storage'
import { startSts, type TestPrincipal, type TestSts } from '@postern/sts/testing'

const STS = '00000001-0000-0000-c000-000000000000'
export const METADATA_PATH = '/autodiscover/metadata/json/1'

/** A server that answers its metadata address as it is told, and counts who asks. */
export interface PublishingServer {
  readonly host: string
  readonly url: string
  /** What was asked for, in order. */
  readonly asked: string[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): Promise<void>
}

export async function startPublishing(): Promise<PublishingServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    publishing.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `localhost:${(server.address() as AddressInfo).port}` // a TCP server has no other kind of address
  const publishing: PublishingServer = {
    host,
    url: `http://${host}${METADATA_PATH}`,
    asked,
    answer: (_request, response) => void response.writeHead(404).end(),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return publishing
}

export const answerJson =
  (document: unknown): PublishingServer['answer'] =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))

/** The base64 of DER that a document holds; `certificate` is PEM. */
export const bodyOf = ({ certificate }: Pick<TestPrincipal, 'certificate'>): string =>
  certificate.replaceAll(/-----[^-]+-----|\s/g, '')

/** A document as Exchange publishes it (F 2.1). */
export const exchangeDocument = (
  of: { readonly clientId: string; readonly realm: string },
  keys: readonly Pick<TestPrincipal, 'certificate' | 'x5t'>[],
): Record<string, unknown> => ({
  id: '_70b34511-d105-4e2b-9675-39f53305bb01',
  version: '1.0',
  name: 'Exchange',
  realm: of.realm,
  serviceName: of.clientId,
  issuer: `${of.clientId}@${of.realm}`,
  allowedAudiences: [`${of.clientId}@${of.realm}`],
  keys: keys.map((key) => ({
    usage: 'signing',
    keyinfo: { x5t: key.x5t },
    keyvalue: { type: 'x509Certificate', value: bodyOf(key) },
  })),
  endpoints: [{ location: 'https://mail.partner.test/autodiscover/metadata/json/1', protocol: 'OAuth2', usage: 'metadata' }],
})

type Members = Readonly<Record<string, unknown>>

/** Another key of the same server. */
export type Key = Pick<TestPrincipal, 'certificate' | 'x5t' | 'sign'>

export interface PartnerStage {
  readonly sts: TestSts
  readonly publishing: PublishingServer
  readonly partner: TestPrincipal
  readonly clientId: ClientId
  /** Two keys that nobody has registered. */
  readonly keys: readonly [Key, Key]
  /** Moves the clock that the service reads. */
  pass(seconds: number): void
  /** Asks for an actor token with an assertion that `key` signs as this partner. Status and error, as one line. */
  ask(key: Pick<TestPrincipal, 'sign'>, header?: Members, claims?: Members): Promise<string>
  /** The same as another client. */
  askAs(clientId: string, key: Pick<TestPrincipal, 'sign'>, header?: Members, claims?: Members): Promise<string>
  /** One more key that nobody has registered. */
  makeKey(): Promise<Key>
  found(): Promise<Partner>
  /** Thumbprints of the certificates that are registered for the partner. */
  thumbprints(): Promise<readonly string[]>
  /** Reasons of the refused readings since the last reset, newest first. */
  refusals(): Promise<readonly string[]>
  /** As an administrator does: the next reading is the first. */
  setMetadataUrl(url: string): Promise<void>
  /** As if the partner had been registered this moment, an hour after whatever was before. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** The service, one partner whose certificates come by its metadata alone, and a clock that stands still. */
export async function startPartnerStage(): Promise<PartnerStage> {
  const publishing = await startPublishing()
  let now = new Date(Math.floor(Date.now() / 1000) * 1000)
  let since = now
  const sts = await startSts({ clock: () => now, partnerHosts: [publishing.host] })
  const own = `${STS}/${new URL(sts.baseUrl).host}@${sts.realm.id}`
  const partner = await sts.addPrincipal()
  const clientId = partner.clientId as ClientId // a brand has no runtime part
  // Its own certificate will be one that nobody has registered, and so is that of a client that is gone.
  const makeKey = async () => {
    const gone = await sts.addPrincipal()
    await sts.kept.clients.remove(gone.clientId as ClientId)
    return gone
  }
  const other = await makeKey()
  const stage: PartnerStage = {
    sts,
    publishing,
    partner,
    clientId,
    keys: [partner, other],
    pass: (seconds) => {
      now = new Date(now.getTime() + seconds * 1000)
    },
    ask: (key, header, claims) => stage.askAs(clientId, key, header, claims),
    async askAs(id, key, header = {}, claims = {}) {
      const at = Math.floor(now.getTime() / 1000)
      const name = `${id}@${sts.realm.id}`
      const assertion = key.sign({ aud: own, iss: name, nameid: name, nbf: at, exp: at + 300, ...claims }, header)
      const body = new URLSearchParams({
        grant_type: 'http://oauth.net/grant_type/jwt/1.0/bearer',
        assertion,
        resource: `${sts.resource.principalId}/mail.contoso.com@${sts.realm.id}`,
      })
      const response = await fetch(`${sts.issuer}/tokens/OAuth/2`, { method: 'POST', body })
      const { error = 'ok' } = (await response.json()) as { error?: string }
      return `${response.status} ${error}`
    },
    makeKey,
    async found() {
      const row = await sts.kept.partners.find(clientId)
      if (row === undefined) throw new TypeError('there is no partner')
      return row
    },
    async thumbprints() {
      const credentials = await sts.kept.clients.credentials(clientId)
      return credentials.flatMap((one) => (one.kind === 'key' && one.x5t !== undefined ? [one.x5t] : [])).toSorted()
    },
    async refusals() {
      const rows = await sts.kept.audit.list({ limit: 50, event: 'partner.metadata_refused' })
      return rows.filter(({ at }) => at >= since).map(({ detail }) => String(detail.reason))
    },
    async setMetadataUrl(url) {
      await sts.kept.partners.put({ clientId, metadataUrl: url, acceptsUnsignedUserTokens: false })
    },
    async reset() {
      stage.pass(3600)
      since = now
      for (const { id } of await sts.kept.clients.credentials(clientId)) await sts.kept.clients.removeCredential(clientId, id)
      await sts.kept.partners.remove(clientId)
      await stage.setMetadataUrl(publishing.url)
      publishing.asked.length = 0
    },
    async close() {
      await sts.close()
      await publishing.close()
    },
  }
  await stage.reset()
  return stage
}
