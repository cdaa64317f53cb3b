/**
 * Reads `.postern/demo.json`, which `postern demo` writes for scripts and for people who integrate.
 *
 * It owns the reading and the checks of what the demo needs. It does not know how the file is made.
 */
import { readFile } from 'node:fs/promises'
import type { GateAccess } from './access.ts'
import type { Account } from './sign-in.ts'
import type { WebClient } from './webmail.ts'

/** The members that the mail server, the client and the demo script use; the file has more. */
export type DemoFile = Readonly<{
  issuer: string
  realm: Readonly<{ id: string; domain: string }>
  accounts: readonly Account[]
  admin: Account
  mailClient: Readonly<{ clientId: string; redirectUris: readonly string[] }>
  /** The confidential client, for reading mail in a browser. */
  webClient?: WebClient
  /** What the mail server on premises asks the gate with. Missing in a file that an earlier version wrote: then it takes no passwords. */
  gate?: GateAccess
  exchangeClientId: string
  mailResource: string
  mailServer: string
  /** The two sides; missing in a file that an earlier version wrote. */
  hybrid?: HybridSides
  endpoints: Readonly<Record<string, string>>
}>

/** What a server of the organisation proves itself with. The paths are those of PEM files. */
export type DemoServer = Readonly<{ clientId: string; privateKeyFile: string; certificateFile: string }>

export type HybridSides = Readonly<{
  onPremises: DemoServer
  cloud: DemoServer
  cloudDomain: string
  cloudResource: string
  cloudServer: string
}>

/** The file is missing or is not what `postern demo` writes. The message says what to do; it holds no secret. */
export class DemoFileError extends Error {
  readonly code: 'missing' | 'malformed'

  constructor(code: 'missing' | 'malformed', message: string) {
    super(message)
    this.name = 'DemoFileError'
    this.code = code
  }
}

type Json = Readonly<Record<string, unknown>>

/**
 * @throws {DemoFileError}
 */
export async function loadDemoFile(path: string): Promise<DemoFile> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new DemoFileError(
      'missing',
      `${path} does not exist. Run npm start first: it makes the demo realm and writes this file.`,
    )
  })
  return parseDemoFile(text, path)
}

/**
 * @param path names the file in messages.
 * @throws {DemoFileError} `malformed`, naming the first member that is missing or of the wrong type.
 */
export function parseDemoFile(text: string, path: string): DemoFile {
  const refuse = (member: string): DemoFileError =>
    new DemoFileError(
      'malformed',
      `${path}: "${member}" is missing or malformed. Remove the file and run npm start: it is written again.`,
    )
  const object = (value: unknown, member: string): Json => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(member)
    return value as Json // an object that is no array has string keys
  }
  const string = (value: unknown, member: string): string => {
    if (typeof value !== 'string' || value === '') throw refuse(member)
    return value
  }
  const list = (value: unknown, member: string): readonly unknown[] => {
    if (!Array.isArray(value)) throw refuse(member)
    return value
  }
  const account = (value: unknown, member: string): Account => {
    const { upn, password, totpSecret } = object(value, member)
    return Object.freeze({
      upn: string(upn, `${member}.upn`),
      password: string(password, `${member}.password`),
      ...(typeof totpSecret === 'string' ? { totpSecret } : {}),
    })
  }

  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new DemoFileError('malformed', `${path} is not JSON. Remove the file and run npm start: it is written again.`)
  }
  const file = object(parsed, 'the document')
  const realm = object(file.realm, 'realm')
  const clients = object(file.clients, 'clients')
  const mail = object(clients.mail, 'clients.mail')
  const exchange = object(clients.exchange, 'clients.exchange')
  const confidential = object(clients.confidential ?? {}, 'clients.confidential')
  const mailServer = string(file.mailServer, 'mailServer')
  const webClient = (): WebClient =>
    Object.freeze({
      clientId: string(confidential.clientId, 'clients.confidential.clientId'),
      clientSecret: string(confidential.clientSecret, 'clients.confidential.clientSecret'),
      redirectUri: `${mailServer.replace(/\/$/, '')}/callback`,
    })
  const gate = (): GateAccess => {
    const { clientId, clientSecret } = object(clients.mailServer, 'clients.mailServer')
    return Object.freeze({
      clientId: string(clientId, 'clients.mailServer.clientId'),
      clientSecret: string(clientSecret, 'clients.mailServer.clientSecret'),
    })
  }
  const resources = object(file.resources, 'resources')
  const server = (value: unknown, member: string): DemoServer => {
    const { clientId, privateKeyFile, certificateFile } = object(value, member)
    return Object.freeze({
      clientId: string(clientId, `${member}.clientId`),
      privateKeyFile: string(privateKeyFile, `${member}.privateKeyFile`),
      certificateFile: string(certificateFile, `${member}.certificateFile`),
    })
  }
  const hybrid = (): HybridSides =>
    Object.freeze({
      onPremises: server(exchange, 'clients.exchange'),
      cloud: server(clients.cloud, 'clients.cloud'),
      cloudDomain: string(file.cloudDomain, 'cloudDomain'),
      cloudResource: string(resources.cloud, 'resources.cloud'),
      cloudServer: string(file.cloudServer, 'cloudServer'),
    })
  const endpoints = object(file.endpoints ?? {}, 'endpoints')
  return Object.freeze({
    issuer: string(file.issuer, 'issuer'),
    realm: Object.freeze({ id: string(realm.id, 'realm.id'), domain: string(realm.domain, 'realm.domain') }),
    accounts: Object.freeze(list(file.accounts, 'accounts').map((one, at) => account(one, `accounts[${at}]`))),
    admin: account(file.admin, 'admin'),
    mailClient: Object.freeze({
      clientId: string(mail.clientId, 'clients.mail.clientId'),
      redirectUris: Object.freeze(
        list(mail.redirectUris, 'clients.mail.redirectUris').map((one) => string(one, 'clients.mail.redirectUris')),
      ),
    }),
    ...(clients.confidential === undefined ? {} : { webClient: webClient() }),
    ...(clients.mailServer === undefined ? {} : { gate: gate() }),
    exchangeClientId: string(exchange.clientId, 'clients.exchange.clientId'),
    mailResource: string(resources.mail, 'resources.mail'),
    mailServer,
    ...(clients.cloud === undefined ? {} : { hybrid: hybrid() }),
    endpoints: Object.freeze(
      Object.fromEntries(Object.entries(endpoints).filter((one): one is [string, string] => typeof one[1] === 'string')),
    ),
  })
}
