/**
 * The two mail servers of the demo's organisation, on premises and in the cloud, as the token service knows them.
 *
 * It owns what each is registered with: a resource with the names that it is asked for by, a client with a certificate of its
 * own (never a shared one, R72), what it may ask the other for, and that it may act for people there.
 */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Realm, RealmStore } from '@postern/storage'
import type { AdminPorts } from '../admin/operation.ts'
import { mailServerGrants } from '../admin/server-grants.ts'
import { createSigningKey, thumbprintOf, toCertificatePem } from '../protocol/signing-keys.ts'
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
    id: '00000002-0000-0ff1-ce00-000000000000',
    displayName: 'Demo mail server',
    commonName: 'mail.contoso.com',
    // Free/busy of whoever moved to the cloud.
    actsWith: 'EWS.AccessAsUser.All',
  },
  cloud: {
    id: '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3',
    displayName: 'Demo mail server in the cloud',
    commonName: 'mail.contoso.onmicrosoft.test',
    // Phones of the cloud, whose mailbox is still on premises.
    actsWith: 'EAS.AccessAsUser.All',
  },
} as const

type Server = (typeof servers)[keyof typeof servers]

/** Adds what is missing, also to the realm of a demo that an earlier version made; lets names follow when a port moved. */
export async function ensureServers(
  at: DemoAt,
  wanted: { resources: DemoFile['resources']; keyFiles: Readonly<Record<keyof typeof servers, KeyFiles>> },
): Promise<Pick<DemoFile['clients'], 'exchange' | 'cloud'>> {
  const { mail, cloud } = wanted.resources
  const { exchange, cloud: cloudServer } = servers
  await ensureResource(at, exchange, mail)
  await ensureResource(at, cloudServer, cloud)
  for (const server of [exchange, cloudServer])
    await ensureClient(at, server.id, {
      displayName: server.displayName,
      authenticationMethod: 'private_key_jwt',
      grantTypes: ['client_credentials', ...mailServerGrants],
    })
  await ensureActing(at, exchange, cloud)
  await ensureActing(at, cloudServer, mail)
  return {
    exchange: { clientId: exchange.id, ...(await ensureKeyFiles(at, exchange, wanted.keyFiles.exchange)) },
    cloud: { clientId: cloudServer.id, ...(await ensureKeyFiles(at, cloudServer, wanted.keyFiles.cloud)) },
  }
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

/** Lets a server ask for the other one, and act for people there, once: who revoked that since wants it so. Administrators are never acted for. */
async function ensureActing(at: DemoAt, { id, actsWith }: Server, resource: string): Promise<void> {
  if ((await ensureAccess(at, id, { resource, scopes: [actsWith] })) === 'present') return
  await at.call('delegation.grant', { client: id, resource, scopes: [actsWith] })
}

async function ensureKeyFiles(
  { call, ports }: DemoAt,
  { id: client, commonName }: Server,
  keyFiles: KeyFiles,
): Promise<{ privateKeyFile: string; certificateFile: string }> {
  const files = { privateKeyFile: keyFiles.privateKey, certificateFile: keyFiles.certificate }
  const { credentials } = await call('client.show', { client })
  const present = Array.isArray(credentials) ? credentials : []
  const x5t = await findThumbprint(keyFiles)
  if (x5t !== undefined && present.some((one) => one.x5t === x5t)) return files
  for (const { id } of present) await call('client.remove-credential', { client, credential: id })
  const key = await createSigningKey({ algorithm: 'RS256', commonName, now: ports.clock() })
  await writeSecretFile(keyFiles.privateKey, toPem('PRIVATE KEY', key.privateKey))
  await writeSecretFile(keyFiles.certificate, toCertificatePem(key))
  await call('client.add-key', { client, key: toCertificatePem(key) })
  return files
}

async function findThumbprint(files: KeyFiles): Promise<string | undefined> {
  try {
    await readFile(files.privateKey)
    return thumbprintOf(new X509Certificate(await readFile(files.certificate)).raw)
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
