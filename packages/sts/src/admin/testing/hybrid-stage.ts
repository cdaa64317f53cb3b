/** What tests of hybrids stand on: two servers whose metadata documents can be had, and a look at all that may be touched. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiscoveryError, type MetadataDocument } from '@postern/resource-server'
import type { ClientId, Store } from '@postern/storage'
import { afterEach, beforeEach } from 'vitest'
import type { Clock } from '../../clock.ts'
import { createSigningKey, thumbprintOf, toCertificatePem } from '../../protocol/signing-keys.ts'
import { call, kept, ports, realm, setPorts, setRealm, stage, standOnRealm, store } from './mfa-stage.ts'

export interface Report {
  readonly changed: number
  readonly parts: readonly { readonly what: string; readonly state: string }[]
  readonly notes: readonly string[]
  readonly files: readonly { readonly privateKeyFile: string; readonly made: boolean }[]
}
type More = Readonly<Record<string, unknown>>

export const onPremises = { url: 'https://mail.contoso.com/', id: '00000002-0000-0ff1-ce00-000000000000' as ClientId } // a brand has no runtime part
export const cloud = { url: 'https://outlook.contoso.test/', id: '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3' as ClientId } // as above
export const urls = { onPremises: onPremises.url, cloud: cloud.url }

/** One made for each name in the file's life: making one is what takes long. */
const keys = new Map<string, Awaited<ReturnType<typeof createSigningKey>>>()
async function keyOf(name: string) {
  const key =
    keys.get(name) ?? (await createSigningKey({ algorithm: 'RS256', commonName: `${name}.contoso.com`, now: stage.now }))
  keys.set(name, key)
  return key
}
/** DER. */
export const certificateOf = async (name: string): Promise<Uint8Array> => (await keyOf(name)).certificate
export const pemOf = async (name: string): Promise<string> => toCertificatePem(await keyOf(name))

export let documents: Map<string, MetadataDocument>
export let asked: { readonly url: string; readonly allowHosts: readonly string[] }[]
export let directory: string

export async function documentOf(
  side: { id: string },
  keys: readonly string[],
  more: Partial<MetadataDocument> = {},
): Promise<MetadataDocument> {
  const own = more.realm ?? realm.id
  const certificates = await Promise.all(keys.map((name) => certificateOf(name)))
  return {
    realm: own,
    serviceName: side.id,
    issuer: `${side.id}@${own}`,
    allowedAudiences: [],
    keys: certificates.map((certificate) => ({ x5t: thumbprintOf(certificate), certificate })),
    endpoints: [],
    ...more,
  }
}

export const publish = (side: { url: string }, document: MetadataDocument) =>
  documents.set(`${side.url}autodiscover/metadata/json/1`, document)

/** Once in a test file. */
export function standBetweenServers(openStore: (clock: Clock) => Promise<Store>): void {
  standOnRealm(openStore)
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'postern-hybrid-'))
    // A realm of its own for each test shares the installation, and a certificate has one owner in all of it.
    for (const { id: realmId } of await store.realms.list())
      for (const { client, certificates } of await store.realm(realmId).partners.principals())
        for (const { id } of certificates) await store.realm(realmId).clients.removeCredential(client.id, id)
    documents = new Map()
    asked = []
    publish(onPremises, await documentOf(onPremises, ['mail']))
    publish(cloud, await documentOf(cloud, ['outlook']))
    setPorts({
      ...ports,
      readMetadata: async (url, { allowHosts }) => {
        asked.push({ url, allowHosts })
        const document = documents.get(url)
        if (document === undefined) throw new DiscoveryError('unreachable', { detail: url })
        return document
      },
    })
  })

  afterEach(() => rm(directory, { recursive: true }))
}

export const setUp = async (more: More = {}): Promise<Report> =>
  (await call('hybrid.setup', { ...urls, ...more })) as unknown as Report // what the operation gives
export const undo = async (more: More = {}): Promise<Report> => (await call('hybrid.undo', more)) as unknown as Report // as above
export const status = async () =>
  (await call('hybrid.status')) as unknown as {
    inPlace: boolean
    problems: string[]
    notes: string[]
    parts: { state: string }[]
  } // as above
export const reload = async (): Promise<void> => {
  const found = await store.realms.find(realm.id)
  if (found !== undefined) setRealm(found)
}

export async function everything(): Promise<unknown> {
  const without = <T extends object>(one: T, ...names: readonly string[]) =>
    Object.fromEntries(Object.entries(one).filter(([name]) => !['createdAt', 'updatedAt', ...names].includes(name)))
  const principals = await kept.partners.principals()
  return {
    domains: (await store.realms.find(realm.id))?.domains,
    clients: (await kept.clients.list({ limit: 100 })).map((one) => without(one)),
    resources: (await kept.resources.list()).map((one) => ({ ...without(one), names: one.names.toSorted() })),
    delegations: (await kept.delegations.list()).map((one) => without(one)),
    certificates: principals.flatMap(({ certificates }) => certificates.map(({ id }) => id)).toSorted(),
    // A row that says from when tokens count stays for good: without it those from before would count again.
    partners: principals
      .map(({ partner }) => without(partner, 'tokensValidFrom', 'metadataReadAt', 'metadataTriedAt'))
      .filter(({ metadataUrl, acceptsUnsignedUserTokens }) => metadataUrl !== undefined || acceptsUnsignedUserTokens === true),
    hybrids: (await kept.hybrids.list()).map((one) => without(one)),
  }
}
export const trail = async () =>
  (await kept.audit.list({ limit: 1000, event: 'admin.changed' })).map(({ detail }) => String(detail.operation))
export const find = async (side: { url: string }) => await kept.resources.findByName(side.url)
