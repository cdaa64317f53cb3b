/**
 * The two mail servers of the demo's organisation, on premises and in the cloud, as the token service knows them.
 *
 * It owns a key and a certificate for each (never a shared one, R72) and a resource with its scopes. That they may ask for each
 * other and act for people there is the work of a hybrid set-up, as in any realm: `postern hybrid status` shows it.
 */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ClientId, Realm, RealmStore } from '@postern/storage'
import { defaultScopes, type GivenSide, setUpHybrid } from '../admin/hybrid/hybrid.ts'
import type { AdminPorts } from '../admin/operation.ts'
import { mailServerGrants } from '../admin/server-grants.ts'
import { createSigningKey, toCertificatePem } from '../protocol/signing-keys.ts'
import { type DemoFile, writeSecretFile } from './demo-file.ts'

export type KeyFiles = { readonly privateKey: string; readonly certificate: string }

/** One run over the demo's realm: its nouns, and its operations by name. */
export interface DemoAt {
  readonly ports: AdminPorts
  readonly realm: Realm
  readonly kept: RealmStore
  readonly call: (name: string, input: Record<string, unknown>) => Promise<Readonly<Record<string, unknown>>>
}

const scopes = [
  'EAS.AccessAsUser.All',
  'EWS.AccessAsUser.All',
  'IMAP.AccessAsUser.All',
  'POP.AccessAsUser.All',
  'SMTP.Send',
  'Mail.Read',
]

const servers = {
  exchange: {
    id: '00000002-0000-0ff1-ce00-000000000000' as ClientId, // a brand has no runtime part
    displayName: 'Demo mail server',
    commonName: 'mail.contoso.com',
  },
  cloud: {
    id: '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3' as ClientId, // as above
    displayName: 'Demo mail server in the cloud',
    commonName: 'mail.contoso.onmicrosoft.test',
  },
} as const

type Server = (typeof servers)[keyof typeof servers]

/** Adds what is missing, also to the realm of a demo that an earlier version made; lets names follow when a port moved. */
export async function ensureServers(
  at: DemoAt,
  wanted: { resources: DemoFile['resources']; keyFiles: Readonly<Record<keyof typeof servers, KeyFiles>> },
): Promise<Pick<DemoFile['clients'], 'exchange' | 'cloud'>> {
  const { mail, cloud } = wanted.resources
  await ensureResource(at, servers.exchange, mail)
  await ensureResource(at, servers.cloud, cloud)
  const sides = {
    onPremises: await ensureKey(at, servers.exchange, { url: mail, keyFiles: wanted.keyFiles.exchange }),
    cloud: await ensureKey(at, servers.cloud, { url: cloud, keyFiles: wanted.keyFiles.cloud }),
  }
  await ensureHybrid(at, sides)
  const filesOf = ({ privateKey, certificate }: KeyFiles) => ({ privateKeyFile: privateKey, certificateFile: certificate })
  return {
    exchange: { clientId: servers.exchange.id, ...filesOf(wanted.keyFiles.exchange) },
    cloud: { clientId: servers.cloud.id, ...filesOf(wanted.keyFiles.cloud) },
  }
}

type Sides = { readonly onPremises: GivenSide; readonly cloud: GivenSide }

/** What somebody took away since, or disabled, stays so: rights are given once, with the second server. */
async function ensureHybrid(at: DemoAt, { onPremises, cloud }: Sides): Promise<void> {
  const { kept, ports, realm } = at
  const present = [await kept.clients.find(servers.exchange.id), await kept.clients.find(servers.cloud.id)]
  const resources = (await kept.resources.list()).filter(
    ({ names }) => names.includes(onPremises.url) || names.includes(cloud.url),
  )
  if ([...present, ...resources].some((one) => one?.status === 'disabled')) return
  const scopesToGive = present.includes(undefined) ? defaultScopes : []
  const call = { realm, name: 'hybrid', actor: 'demo', reference: ports.newId() }
  await setUpHybrid(ports, { ...call, onPremises, cloud, scopes: scopesToGive })
  // Each may also use a token of its own, without a person.
  for (const { id } of [servers.exchange, servers.cloud])
    await ensureClient(at, id, { grantTypes: ['client_credentials', ...mailServerGrants] })
}

async function ensureResource({ kept, call }: DemoAt, server: Server, audience: string): Promise<void> {
  const names = [`${server.id}/${new URL(audience).hostname}`]
  const present = (await kept.resources.list()).find(({ principalId }) => principalId === server.id)
  if (present === undefined) {
    await call('resource.add', { audience, displayName: server.displayName, scopes, principalId: server.id, names })
  } else if (present.audience !== audience || names.some((name) => !present.names.includes(name))) {
    // A port moved, and the names of the old one go; or an earlier version knew no names for servers.
    await call('resource.change', { resource: present.id, audience, names })
  }
}

/** Adds the client, or lets its redirect addresses and grants follow. */
export async function ensureClient(
  { kept, call }: DemoAt,
  id: string,
  wanted: { redirectUris?: readonly string[]; grantTypes: readonly string[] } & Record<string, unknown>,
): Promise<void> {
  const present = (await kept.clients.list({ limit: 1000 })).find((client) => client.id === id)
  if (present === undefined) {
    await call('client.add', { id, ...wanted })
    return
  }
  const { redirectUris = present.redirectUris, grantTypes } = wanted
  const isSame =
    redirectUris.join() === present.redirectUris.join() && grantTypes.every((one) => present.grantTypes.includes(one))
  if (!isSame) await call('client.change', { client: id, redirectUris, grantTypes })
}

/** Lets a client ask for a resource. `present`: it may already, and what somebody made of it since stays. */
export async function ensureAccess(
  { kept, call }: DemoAt,
  client: string,
  { resource, scopes: some }: { resource: string; scopes?: readonly string[] },
): Promise<'granted' | 'present'> {
  const found = await kept.resources.findByName(resource)
  const present = (await kept.clients.list({ limit: 1000 })).find(({ id }) => id === client)
  if (present?.access.some(({ resourceId }) => resourceId === found?.id)) return 'present'
  await call('client.grant', { client, resource, ...(some === undefined ? {} : { scopes: some }) })
  return 'granted'
}

/** The server with its certificate, which is made anew where its files are lost or it has ended. */
async function ensureKey(
  { ports, kept, call }: DemoAt,
  { id: client, displayName, commonName }: Server,
  { url, keyFiles }: { url: string; keyFiles: KeyFiles },
): Promise<GivenSide> {
  const now = ports.clock()
  const found = await findCertificate(keyFiles, now)
  if (found !== undefined) return { url, client, displayName, certificates: [found] }
  for (const { id } of await kept.clients.credentials(client)) await call('client.remove-credential', { client, credential: id })
  const key = await createSigningKey({ algorithm: 'RS256', commonName, now })
  await writeSecretFile(keyFiles.privateKey, toPem('PRIVATE KEY', key.privateKey))
  await writeSecretFile(keyFiles.certificate, toCertificatePem(key))
  return { url, client, displayName, certificates: [toCertificatePem(key)] }
}

async function findCertificate(files: KeyFiles, now: Date): Promise<string | undefined> {
  try {
    await readFile(files.privateKey)
    const pem = await readFile(files.certificate, 'utf8')
    return new X509Certificate(pem).validToDate > now ? pem : undefined
  } catch {
    // Missing or damaged: a new pair is made.
    return undefined
  }
}

function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
