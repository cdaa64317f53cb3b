/**
 * Makes the demo realm, or brings it up to date: the ports may have moved since.
 *
 * It touches no realm but one that `demo.json` names as the demo's own. Names prove nothing: a real installation may
 * well be called contoso.com and have a Mary.
 */
import type { Factors } from '@postern/mfa'
import type { Account, Realm } from '@postern/storage'
import { clientPresets, deviceGrant } from '../admin/client-presets.ts'
import { OperationRefused } from '../admin/errors.ts'
import { administratorsGroup } from '../admin/last-administrator.ts'
import { renderMailHosts } from '../admin/mail-hosts.ts'
import type { AdminPorts } from '../admin/operation.ts'
import { generatePassword } from '../admin/operations/account.ts'
import { operations } from '../admin/operations.ts'
import type { DemoFile, EarlierDemoFile } from './demo-file.ts'
import { type DemoAt, ensureAccess, ensureClient, ensureServers, type KeyFiles } from './demo-servers.ts'

const domain = 'contoso.com'
/** Of the cloud side. Both belong to one organisation, so to one realm. */
const cloudDomain = 'contoso.onmicrosoft.test'
/** The demo's own, so that a second run finds them again. */
const clientIds = {
  mail: '6b1f6f0e-58a3-4d0c-9c55-3a1f6f1d0b01',
  confidential: '6b1f6f0e-58a3-4d0c-9c55-3a1f6f1d0b02',
  // What the mail server on premises asks the gate with, about apps that know only a password.
  mailServer: '6b1f6f0e-58a3-4d0c-9c55-3a1f6f1d0b03',
} as const
const mailRedirectUris = ['http://127.0.0.1/callback', 'http://localhost']

export type DemoData = Omit<DemoFile, 'issuer' | 'endpoints'>
type Clients = Pick<DemoFile['clients'], 'mail' | 'confidential' | 'mailServer'>
type Resources = DemoFile['resources']
type Named = { readonly name: string; readonly displayName: string; readonly groups: readonly string[]; readonly factor: boolean }

const people = {
  mary: { name: 'mary', displayName: 'Mary Miller', groups: ['staff'], factor: true },
  // No factor yet, so that enrolment can be tried.
  joe: { name: 'joe', displayName: 'Joe Jones', groups: ['staff'], factor: false },
  // A colleague, to whom Joe's calendar shows less than to Mary.
  ann: { name: 'ann', displayName: 'Ann Archer', groups: ['staff'], factor: true },
  admin: { name: 'admin', displayName: 'Demo Administrator', groups: [administratorsGroup], factor: true },
} as const satisfies Record<string, Named>

export interface DemoParts {
  readonly ports: AdminPorts
  readonly factors: Factors
  /** What an earlier run wrote: which realm is the demo's, and its secrets. */
  readonly previous: EarlierDemoFile | undefined
  /** Writes what `previous` will be. Called before anything is committed, so that no realm is ever left without its file. */
  readonly keep: (data: DemoData) => Promise<void>
  readonly mailPort: number
  readonly cloudPort: number
  readonly keyFiles: { readonly exchange: KeyFiles; readonly cloud: KeyFiles }
}

/**
 * In one transaction: an interrupted first run leaves nothing, and the next one begins anew.
 * @throws {OperationRefused} `conflict` where the database holds realms and none of them is the demo's. Nothing was changed.
 */
export function ensureDemoRealm(parts: DemoParts): Promise<DemoData> {
  return parts.ports.store.transaction(async () => {
    const { ports, mailPort, cloudPort } = parts
    const found = await findOwnRealm(parts)
    const realm = found ?? (await addRealm(ports))
    const previous = found === undefined ? undefined : parts.previous
    const at: At = {
      ...parts,
      previous,
      realm,
      kept: ports.store.realm(realm.id),
      call: (name, input) => perform(ports, name, { input, realm }),
    }
    await ensureTrustedNetworks(at)
    await ensureDomain(at)
    const [mailServer, cloudServer] = [`http://localhost:${mailPort}`, `http://localhost:${cloudPort}`]
    const resources = { mail: `${mailServer}/`, cloud: `${cloudServer}/` }
    const servers = await ensureServers(at, { resources, keyFiles: parts.keyFiles })
    const clients = await ensureClients(at, { resources, callback: `${mailServer}/callback` })
    await ensureSetupFiles(at, { mailServer, resource: resources.mail })
    const data: DemoData = {
      realm: { id: realm.id, domain },
      cloudDomain,
      accounts: [await ensureAccount(at, people.mary), await ensureAccount(at, people.joe), await ensureAccount(at, people.ann)],
      admin: await ensureAccount(at, people.admin),
      clients: { ...clients, ...servers },
      resources,
      mailServer,
      cloudServer,
    }
    await parts.keep(data)
    return data
  })
}

/** The demo's realm, by its identifier. `undefined`: the database is empty, and the demo may begin in it. */
async function findOwnRealm({ ports, previous }: DemoParts): Promise<Realm | undefined> {
  const realms = await ports.store.realms.list()
  const own = realms.find(({ id }) => id === previous?.realm.id)
  const [other] = realms
  if (own !== undefined || other === undefined) return own
  throw new OperationRefused(
    'conflict',
    `The database holds the realm ${other.domains[0] ?? other.displayName} (${other.id}), which no demo.json names as the demo's. Nothing was changed. Give the demo a data directory of its own, or, if this was a demo whose demo.json is lost, remove its data directory.`,
  )
}

type At = DemoParts & DemoAt

async function perform(
  ports: AdminPorts,
  name: string,
  given: { input: Record<string, unknown>; realm?: Realm },
): Promise<Readonly<Record<string, unknown>>> {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  const output = await operation.execute(ports, { ...given, actor: 'demo', reference: ports.newId() })
  return output as Readonly<Record<string, unknown>> // those that are used here give a record
}

/** Whoever tries the demo on their own machine has no access pass, so a password alone sets up a first factor there. */
async function ensureTrustedNetworks({ ports, realm }: At): Promise<void> {
  if (realm.settings.trustedNetworks !== undefined) return
  await perform(ports, 'realm.change', { input: { realm: realm.id, trustedNetworks: ['127.0.0.0/8', '::1/128'] } })
}

async function ensureDomain({ realm, ports }: At): Promise<void> {
  if (realm.domains.includes(cloudDomain)) return
  await perform(ports, 'realm.add-domain', { input: { realm: realm.id, domain: cloudDomain } })
}

async function addRealm(ports: AdminPorts): Promise<Realm> {
  await perform(ports, 'realm.add', { input: { domain, displayName: 'Contoso' } })
  const realm = await ports.store.realms.findByDomain(domain)
  if (realm === undefined) throw new TypeError('A realm that was just added cannot be found')
  return realm
}

/** Adds the person; one who is there already stays as they are, with the password and factor that they have since. */
async function ensureAccount(at: At, person: Named): Promise<DemoFile['admin']> {
  const upn = `${person.name}@${domain}`
  const known = [...(at.previous?.accounts ?? []), ...(at.previous === undefined ? [] : [at.previous.admin])].find(
    (one) => one.upn === upn,
  )
  if ((await at.kept.accounts.findByName(upn)) !== undefined) {
    if (known !== undefined) return known
    throw new OperationRefused('conflict', `There is an account ${upn}, and demo.json does not name it. Nothing was changed.`)
  }
  await at.call('account.add', { upn, displayName: person.displayName, groups: person.groups })
  const account = await at.kept.accounts.findByName(upn)
  if (account === undefined) throw new TypeError('An account that was just added cannot be found')
  const password = generatePassword(at.ports.random)
  await at.call('account.set-password', { account: upn, password })
  return { upn, password, ...(person.factor ? { totpSecret: await addFactor(at, account) } : {}) }
}

/** Enrols as a person would, but for the code: the demo knows the secret, so there is nothing to prove. */
async function addFactor({ kept, factors, realm, ports }: At, account: Account): Promise<string> {
  const occasion = {
    realm: kept,
    accountId: account.id,
    settings: realm.settings,
    attempt: ports.newId(),
    language: 'en',
    issuerName: realm.displayName,
    accountName: account.upn,
  }
  const enrolment = await factors.beginEnrollment(occasion, { method: 'totp', label: 'Demo', kind: 'first' })
  if ('refused' in enrolment || enrolment.presentation.kind !== 'totp') throw new TypeError('A TOTP can always be begun')
  await kept.authenticators.confirm(enrolment.authenticatorId, { step: 0, at: ports.clock() })
  return enrolment.presentation.secret
}

async function ensureClients(at: At, wanted: { resources: Resources; callback: string }): Promise<Clients> {
  const mail = { displayName: 'Demo mail client', redirectUris: mailRedirectUris }
  await ensureClient(at, clientIds.mail, { ...mail, grantTypes: ['authorization_code', 'refresh_token', deviceGrant] })
  await ensureClient(at, clientIds.confidential, {
    displayName: 'Demo web mail',
    authenticationMethod: 'client_secret_basic',
    redirectUris: [wanted.callback],
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  })
  for (const client of [clientIds.mail, clientIds.confidential])
    await at.call('client.grant', { client, resource: wanted.resources.mail })
  await ensureAccess(at, clientIds.mail, { resource: wanted.resources.cloud })
  const { secret: firstSecret } = await at.call('mailapp.server-put', {
    server: clientIds.mailServer,
    displayName: 'Demo mail server at the gate',
    protocols: ['activesync', 'autodiscover', 'ews'],
  })
  return {
    mail: { clientId: clientIds.mail, redirectUris: mailRedirectUris },
    confidential: { clientId: clientIds.confidential, clientSecret: await ensureSecret(at, 'confidential') },
    mailServer: {
      clientId: clientIds.mailServer,
      clientSecret: typeof firstSecret === 'string' ? firstSecret : await ensureSecret(at, 'mailServer'),
    },
  }
}

/** The paths of the demo mail server (examples/contoso). */
const mailHostsAt = (mailServer: string): readonly string[] => [
  `activesync=${mailServer}/Microsoft-Server-ActiveSync`,
  `ews=${mailServer}/EWS/Exchange.asmx`,
]

/**
 * What set-up files are made of: where the mail server is, and a program that they are for. Given once, with that program; what
 * somebody made of it since stays, but for our own addresses, which follow the port.
 */
async function ensureSetupFiles(
  { ports, realm, kept, call }: At,
  { mailServer, resource }: { mailServer: string; resource: string },
): Promise<void> {
  const { mailHosts } = (await ports.store.realms.find(realm.id))?.settings ?? realm.settings
  const present = mailHosts === undefined ? [] : renderMailHosts(mailHosts)
  const wanted = mailHostsAt(mailServer)
  const { id } = clientPresets['apple-mail']
  const isFirst = (await kept.clients.list({ limit: 1000 })).every((client) => client.id !== id)
  if (isFirst) {
    await call('client.add', { preset: 'apple-mail' })
    await call('client.grant', { client: id, resource, scopes: ['EAS.AccessAsUser.All'] })
  }
  const ours = URL.parse(mailHosts?.activesync ?? '')
  const isOurs = ours?.hostname === 'localhost' && mailHostsAt(ours.origin).join() === present.join()
  const isToSay = present.length === 0 ? isFirst : isOurs && present.join() !== wanted.join()
  if (isToSay) await perform(ports, 'realm.change', { input: { realm: realm.id, mailHosts: wanted } })
}

async function ensureSecret({ call, previous }: At, name: 'confidential' | 'mailServer'): Promise<string> {
  const client = clientIds[name]
  const secret = previous?.clients[name]?.clientSecret
  const { credentials } = await call('client.show', { client })
  const present = Array.isArray(credentials) ? credentials : []
  if (secret !== undefined && present.length > 0) return secret
  for (const { id } of present) await call('client.remove-credential', { client, credential: id })
  return String((await call('client.add-secret', { client })).secret)
}
