/**
 * mail-world is the whole service behind https, with a certificate of an authority of its own, as mail servers of the system
 * reach it; and a mail server that it knows, with people who sign in and hold tokens.
 *
 * It owns addresses, certificates and tokens. What a mail server makes of them is each story's business.
 * @module
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createPlainServer, type Server as PlainServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  beginAuthorization,
  fetchEndpoints,
  readAuthorizationResponse,
  redeemCode,
  type Tokens,
} from '@postern/example-contoso/authorization-code'
import { walkPages } from '@postern/example-contoso/sign-in'
import type { ClientId, MailApp, Resource, ResourceId } from '@postern/storage'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { vi } from 'vitest'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../../packages/sts/bin/postern.js', import.meta.url))

/** PEM files of one server on loopback, which vouches for itself. */
export interface Certificate {
  readonly folder: string
  readonly certificateFile: string
  readonly keyFile: string
}

export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-certificate-'))
  await run('chmod', ['755', folder])
  const made = { folder, certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run('openssl', [
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    ...subject,
    '-keyout',
    made.keyFile,
    '-out',
    made.certificateFile,
  ])
  return made
}

export interface MailWorld {
  readonly sts: TestSts
  readonly issuer: string
  readonly certificate: Certificate
  /** Credentials of the mail server: the resource of the realm is its own. */
  readonly mailServer: Readonly<{ clientId: string; clientSecret: string }>
  /** For a further process of the service on the same data. */
  readonly process: Readonly<{ databaseUrl: string; masterKey: Uint8Array; baseUrl: string }>
  /** Signs in on the pages, with a browser. Mary, unless somebody else is named; for the mail server, unless `resource` is. */
  token(asked?: { person?: TestPerson; scope?: string; resource?: string }): Promise<Tokens>
  /** The app gives its refresh token back (RFC 7009), and so ends what came of that sign-in. */
  revoke(refreshToken: string): Promise<void>
  /** One more server whose tokens the mail apps may ask for. */
  addResource(change: Pick<Resource, 'audience'> & Partial<Resource>): Promise<Resource>
  /** Moves the clock of the service. It begins {@link MailWorldOptions.behind} that of the mail servers and of the command. */
  pass(seconds: number): void
  /** The clock of the service shows what all others show. */
  catchUp(): void
  /** Runs the command `postern` beside the service, as an administrator does. Resolves to what it said, rejects where it fails. */
  postern(...words: readonly string[]): Promise<string>
  /** Makes the mail server one that may ask the gate, with what else `postern mailapp server-put` is told. */
  putMailServer(...words: readonly string[]): Promise<void>
  /** As the portal shows it. */
  appPassword(person: TestPerson, change?: Readonly<{ protocols?: readonly string[] }>): Promise<string>
  /** As the owner decides in the portal, about all apps of that kind. */
  decide(person: TestPerson, state: 'active' | 'blocked', which?: (app: MailApp) => boolean): Promise<void>
  disable(person: TestPerson): Promise<void>
  /** A token like this one, by a key that is not of the realm: as another issuer signs it, or somebody who forges. */
  forge(token: string, change: Readonly<Record<string, unknown>>): string
  /** A request to the service, whatever authority vouches for its address. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

export interface MailWorldOptions {
  /**
   * Seconds. Dovecot takes no token that was issued a moment from now, and each sign-in may move the clock on to the next
   * one-time code; so the service is behind at first.
   */
  readonly behind?: number
}

const MAIL_SCOPES = ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send']

export async function startMailWorld(options: MailWorldOptions = {}): Promise<MailWorld> {
  const isFirst = !vi.isFakeTimers()
  if (isFirst)
    vi.useFakeTimers({
      toFake: ['Date'],
      now: vi.getRealSystemTime() - (options.behind ?? 1800) * 1000,
      shouldAdvanceTime: true,
    })
  const clock = () => new Date()
  const certificate = await makeCertificate()
  const tls = { key: await readFile(certificate.keyFile), cert: await readFile(certificate.certificateFile) }
  const [front, plain] = [createServer(tls), createPlainServer()]
  const port = await listen(front)
  const origin = `https://localhost:${port}`
  const databaseUrl = await (await startPostgres()).createDatabase()
  const sts = await startSts({ databaseUrl, clock, baseUrl: origin })
  front.on('request', sts.service.handle)
  plain.on('request', sts.service.handle)
  const plainOrigin = `http://127.0.0.1:${await listen(plain)}`
  const reach: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    return url.origin === origin ? fetch(new URL(`${url.pathname}${url.search}`, plainOrigin), init) : fetch(input, init)
  }
  const { clientId, clientSecret = '' } = sts.clients.server
  const walk = (url: URL, redirectUri: string, person: TestPerson) =>
    walkPages(url, {
      issuer: sts.issuer,
      client: { clientId: '' },
      account: person,
      redirectUri,
      clock,
      wait: async (milliseconds) => {
        vi.setSystemTime(Date.now() + milliseconds)
      },
      fetch: reach,
    })
  const postern = async (...words: readonly string[]): Promise<string> => {
    const env = {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(sts.masterKey).toString('base64'),
      POSTERN_BASE_URL: origin,
      POSTERN_DEVELOPMENT: 'true',
    }
    const { stdout, stderr } = await run(process.execPath, [CLI, ...words], { env })
    return `${stdout}${stderr}`
  }
  return {
    sts,
    issuer: sts.issuer,
    certificate,
    mailServer: { clientId, clientSecret },
    process: { databaseUrl, masterKey: sts.masterKey, baseUrl: origin },
    fetch: reach,
    pass: (seconds) => {
      vi.setSystemTime(Date.now() + seconds * 1000)
    },
    catchUp: () => void vi.setSystemTime(vi.getRealSystemTime()),
    token: async ({ person = sts.mary, scope, resource = sts.resource.audience } = {}) => {
      const { clientId: app, redirectUri } = sts.clients.mail
      const endpoints = await fetchEndpoints(sts.issuer, reach)
      const request = { endpoints, client: { clientId: app }, redirectUri }
      const all = ['openid', 'offline_access', ...MAIL_SCOPES.map((name) => `${resource}${name}`)].join(' ')
      const pending = beginAuthorization({ ...request, scope: scope ?? all })
      const back = await walk(pending.url, redirectUri, person)
      return redeemCode({ ...request, pending, code: readAuthorizationResponse(back, pending, endpoints), fetch: reach })
    },
    revoke: async (token) => {
      const body = new URLSearchParams({ token, client_id: sts.clients.mail.clientId })
      const answer = await reach(`${sts.issuer}/oauth2/v2.0/revoke`, { method: 'POST', body })
      if (!answer.ok) throw new TypeError(`revoke answered ${answer.status}`)
    },
    addResource: async (change) => {
      const id = randomUUID() as string as ResourceId // a brand has no runtime part
      const { principalId: _, ...like } = sts.resource
      const resource = { ...like, id, names: [change.audience], ...change }
      await sts.kept.resources.add(resource)
      const client = await sts.kept.clients.find(sts.clients.mail.clientId as ClientId) // a brand has no runtime part
      if (client === undefined) throw new TypeError('no such client')
      await sts.kept.clients.replace({ ...client, access: [...client.access, { resourceId: id, scopes: resource.scopes }] })
      return resource
    },
    postern,
    putMailServer: async (...words) => {
      const protocols = ['imap', 'pop', 'smtp', 'activesync', 'ews', 'autodiscover'].flatMap((name) => ['--protocol', name])
      await postern('mailapp', 'server-put', clientId, ...protocols, ...words)
    },
    appPassword: async ({ account }, { protocols = ['imap', 'pop', 'smtp'] } = {}) => {
      const made = await sts.service.appPasswords.create(sts.kept, {
        ...{ accountId: account.id, label: 'Old phone', protocols, networks: [], bindsToFirstApp: false, createdBy: 'owner' },
      })
      if (made.outcome !== 'created') throw new TypeError(made.outcome)
      return made.secret
    },
    decide: async ({ account }, state, which = () => true) => {
      for (const app of (await sts.kept.mailApps.list(account.id)).filter(which)) {
        const from = ['pending', 'active', 'blocked'] as const
        await sts.kept.mailApps.decide(app.id, { state, from, at: new Date(), by: 'owner' })
      }
    },
    disable: async ({ account }) => {
      const found = await sts.kept.accounts.find(account.id)
      const outcome = found && (await sts.kept.accounts.replace({ ...found, status: 'disabled' }))
      if (outcome !== 'replaced') throw new TypeError(`not disabled: ${outcome}`)
    },
    forge: (token, change) => {
      const [header = '', body = ''] = token.split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
      const signed = `${header}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}`
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
    },
    close: async () => {
      for (const server of [front, plain]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      await sts.close()
      if (isFirst) vi.useRealTimers()
      await rm(certificate.folder, { recursive: true, force: true })
    },
  }
}

async function listen(server: Server | PlainServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP listener has an address with a port
  return port
}
