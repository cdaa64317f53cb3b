/**
 * Reads `target.yaml`: the developer's description of what is to be tested.
 *
 * It owns the names in the file and their checks: every problem is told at once, an unknown key is one. The tables below
 * carry every member of the types that they describe, or they do not compile. Names are snake_case in the file.
 */
import { createPrivateKey } from 'node:crypto'
import { parseDocument, type YAMLParseError } from 'yaml'
import { ConformanceError } from './errors.ts'
import type {
  ClientUnderTest,
  KnownActing,
  KnownClient,
  KnownClients,
  KnownMailServer,
  KnownPerson,
  KnownResource,
  Registration,
} from './known-parties.ts'
import type { KnownServer, PersonServed } from './server-to-server/identity.ts'
import type { TargetOptions } from './target.ts'

type Described = Omit<TargetOptions, 'client' | 'refusedClients' | 'fetch' | 'clock' | 'wait' | 'patient' | 'onWait'>

/** One key of the file. A `secret` may stand in the file or, as `<key>_file`, in one beside it. */
type Entry = (
  | { readonly kind: 'text' | 'address' | 'secret' | 'key' | 'number' | 'flag' | 'list' | 'map' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'object'; readonly members: Members }
) & { readonly needed?: true }

type Members = Readonly<Record<string, Entry>>
type Table<T> = { readonly [Name in keyof T]-?: Entry }

const text: Entry = { kind: 'text' }
const secret: Entry = { kind: 'secret' }
const address: Entry = { kind: 'address' }
const key: Entry = { kind: 'key' }
const number: Entry = { kind: 'number' }
const list: Entry = { kind: 'list' }
const map: Entry = { kind: 'map' }
const flag: Entry = { kind: 'flag' }
const needed = (entry: Entry): Entry => ({ ...entry, needed: true })
const object = (members: Members): Entry => ({ kind: 'object', members })
const choice = (...of: readonly string[]): Entry => ({ kind: 'choice', of })

const client = object({
  clientId: needed(text),
  redirectUri: needed(address),
  secret,
  authentication: choice('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'),
  privateKey: key,
  keyId: text,
  postLogoutRedirectUri: text,
  backchannelLogoutUri: text,
  scope: text,
  resource: text,
} satisfies Table<KnownClient>)

const person = object({ username: needed(text), password: needed(secret), totpSecret: secret } satisfies Table<KnownPerson>)

const server = object({
  clientId: needed(text),
  certificate: needed(secret),
  privateKey: needed(secret),
  resource: needed(text),
  person: object({ token: needed(secret), resource: needed(text), scope: needed(text) } satisfies Table<PersonServed>),
} satisfies Table<Omit<KnownServer, 'clock'>>)

const mailServer = object({
  url: needed(text),
  audience: needed(text),
  issuerPort: number,
  scope: text,
  person: text,
  claims: map,
  legacy: flag,
  command: list,
  demands: object({
    assurance: object({ url: needed(text), acr: needed(text) }),
    recentSignIn: object({ url: needed(text), maxAgeSeconds: needed(number) }),
  } satisfies Table<NonNullable<KnownMailServer['demands']>>),
  keySeconds: object({ newKey: number, withdrawn: number } satisfies Table<NonNullable<KnownMailServer['keySeconds']>>),
  actAs: object({
    url: needed(text),
    method: text,
    contentType: text,
    body: text,
    principal: needed(text),
    actor: needed(text),
    person: needed(text),
    secondPerson: text,
    ambiguous: text,
    disabled: text,
    administrator: text,
    elsewhere: text,
  } satisfies Table<KnownActing>),
} satisfies Table<Omit<KnownMailServer, 'localIssuer'>>)

const target = {
  issuer: text,
  clients: object({
    public: client,
    confidential: client,
    second: client,
    keyed: client,
    device: client,
  } satisfies Table<KnownClients>),
  person,
  secondPerson: person,
  resource: object({
    url: needed(text),
    token: secret,
    audience: text,
    scope: text,
    otherAudience: text,
  } satisfies Table<KnownResource>),
  server,
  registration: object({ initialAccessToken: secret } satisfies Table<Registration>),
  mailServer,
  clientUnderTest: object({
    command: list,
    waitSeconds: number,
    clientId: text,
    redirectUri: text,
    address: text,
    issuerPort: number,
    mailPort: number,
  } satisfies Table<Omit<ClientUnderTest, 'run' | 'announce'>>),
  responseMode: choice('query', 'form_post'),
  signInHosts: list,
  timeoutMilliseconds: number,
} satisfies Table<Described>

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Every key that the file may hold, as paths such as `clients.public.secret`. */
export const targetKeys: readonly string[] = (function list(members: Members, at: string): readonly string[] {
  return Object.entries(members).flatMap(([name, entry]) => {
    const path = `${at}${snake(name)}`
    return entry.kind === 'object' ? list(entry.members, `${path}.`) : [path]
  })
})(target, '')

interface Reading {
  readonly problems: string[]
  /** Reads a file that the description names. */
  readonly readFile: (path: string) => Promise<string>
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isPrivateKey = (value: unknown): boolean => {
  try {
    return isText(value) && createPrivateKey(value).type === 'private'
  } catch {
    return false // no PEM, or one of something else
  }
}

/** What each kind wants, in words, and whether a value is that. */
const scalars: Readonly<
  Record<'text' | 'address' | 'secret' | 'key' | 'number' | 'flag' | 'list' | 'map', readonly [string, (it: unknown) => boolean]>
> = {
  text: ['a text', isText],
  address: ['an address with its scheme, such as https://app.example/cb', (it) => isText(it) && URL.canParse(it)],
  secret: ['a text', isText],
  key: ['a private key, PEM', isPrivateKey],
  number: ['a whole number, 0 or more', (it) => Number.isSafeInteger(it) && Number(it) >= 0],
  flag: ['true or false', (it) => typeof it === 'boolean'],
  list: ['a list of texts', (it) => Array.isArray(it) && it.length > 0 && it.every(isText)],
  map: ['a map', isRecord],
}

async function readEntry(entry: Entry, value: unknown, at: string, reading: Reading): Promise<unknown> {
  if (entry.kind === 'object') return readMembers(entry.members, value, at, reading)
  const [wanted, holds] =
    entry.kind === 'choice'
      ? [`one of ${entry.of.join(', ')}`, (it: unknown) => isText(it) && entry.of.includes(it)]
      : scalars[entry.kind]
  if (holds(value)) return value
  reading.problems.push(`${at} must be ${wanted}`)
  return undefined
}

async function readSecretFile(value: unknown, at: string, { problems, readFile }: Reading): Promise<string | undefined> {
  if (!isText(value)) {
    problems.push(`${at} must be the name of a file`)
    return undefined
  }
  try {
    const found = (await readFile(value)).trim()
    if (found === '') problems.push(`${at}: ${value} is empty`)
    return found
  } catch (error) {
    const code: unknown = isRecord(error) || error instanceof Error ? Reflect.get(error, 'code') : undefined
    problems.push(`${at}: ${value} cannot be read (${String(code)})`)
    return undefined
  }
}

async function readMembers(members: Members, value: unknown, at: string, reading: Reading) {
  if (!isRecord(value)) {
    reading.problems.push(`${at === '' ? 'the file' : at} must be a map`)
    return undefined
  }
  const found: Record<string, unknown> = {}
  const left = new Map(Object.entries(value))
  const prefix = at === '' ? '' : `${at}.`
  for (const [name, entry] of Object.entries(members)) {
    const key = snake(name)
    const [given, file] = [left.get(key), left.get(`${key}_file`)]
    left.delete(key)
    const isSecret = entry.kind === 'secret' || entry.kind === 'key'
    if (isSecret) left.delete(`${key}_file`)
    const byFile = isSecret && file !== undefined
    if (byFile && given !== undefined) reading.problems.push(`${prefix}${key} and ${prefix}${key}_file exclude each other`)
    const read = byFile
      ? await readSecretFile(file, `${prefix}${key}_file`, reading)
      : given === undefined
        ? undefined
        : await readEntry(entry, given, `${prefix}${key}`, reading)
    if (byFile && entry.kind === 'key' && isText(read) && !isPrivateKey(read))
      reading.problems.push(`${prefix}${key}_file must name ${scalars.key[0]}`)
    if (read !== undefined) found[name] = read
    else if (entry.needed === true && given === undefined && !byFile) reading.problems.push(`${prefix}${key} is missing`)
  }
  for (const key of left.keys()) reading.problems.push(`${prefix}${key} is no key of the target file`)
  return found
}

/** The place first, then all that the parser says; the lines of source below it are left out. */
function describeYamlError({ message, linePos }: YAMLParseError): string {
  const said = (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
  return linePos === undefined ? said : `line ${linePos[0].line}, column ${linePos[0].col}: ${said}`
}

function parseYaml(source: string): unknown {
  const document = parseDocument(source, { uniqueKeys: true })
  const wrong = document.errors.map(describeYamlError)
  if (wrong.length > 0) throw new ConformanceError('target_invalid', wrong.join('\n'))
  try {
    return document.toJS({ maxAliasCount: 10 }) ?? {}
  } catch (cause) {
    // An alias that nothing is named by, or one that would grow without end.
    throw new ConformanceError('target_invalid', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Parses the description of a target.
 *
 * @param source YAML 1.2.
 * @param options.readFile reads a file named by a `*_file` key; such names are relative to the target file.
 * @param options.clock dates what a known server signs.
 * @throws {ConformanceError} `target_invalid` with every problem, one a line.
 */
export async function readTarget(
  source: string,
  options: { readonly readFile: (path: string) => Promise<string>; readonly clock: () => Date },
): Promise<TargetOptions> {
  const value = parseYaml(source)
  const problems: string[] = []
  const read = await readMembers(target, value, '', { problems, readFile: options.readFile })
  if (problems.length > 0) throw new ConformanceError('target_invalid', problems.join('\n'))
  const described = read as Described & { readonly server?: Omit<KnownServer, 'clock'> } // the tables say the same as these types
  const { server: known, ...rest } = described
  return { ...rest, ...(known && { server: { ...known, clock: options.clock } }), clock: options.clock }
}
