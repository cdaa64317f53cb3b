/**
 * config turns one file and the POSTERN_* variables into one frozen `Config`, or says everything that is wrong with them.
 *
 * It owns the settings, the master key's file and the keys derived from it. What operators change at run time (realms,
 * clients, policies) is data and not here. No other room reads the environment.
 * @module
 */

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { completeDelivery, contradictionsOfDelivery, type DeliveryConfig } from './delivery-settings.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { Secret } from './secret.ts'
import { inside, readSecretFiles } from './secret-files.ts'
import { type Draft, type logLevels, type Setting, type SettingName, settings } from './settings.ts'

export interface Config {
  readonly development: boolean
  /** Origin only, without a slash at its end. */
  readonly baseUrl: string
  readonly host: string
  readonly port: number
  readonly opsPort?: number
  readonly database:
    | { readonly kind: 'postgres'; readonly url: Secret<string>; readonly poolSize: number }
    | { readonly kind: 'pglite'; readonly directory: string }
  /** Absolute. */
  readonly dataDirectory: string
  /** Where the master key is; `loadMasterKey` of master-key.ts brings it. */
  readonly masterKey:
    | { readonly kind: 'value'; readonly base64: Secret<string> }
    | { readonly kind: 'file'; readonly path: string }
  readonly trustedProxies: readonly string[]
  readonly formsPerMinute: number
  /** As `URL.host` spells them. */
  readonly partnerHosts: readonly string[]
  readonly logLevel: (typeof logLevels)[number]
  readonly workers: number
  /** Senders of codes and of notices. */
  readonly delivery: DeliveryConfig
  readonly demoMailPort: number
  readonly demoCloudPort: number
}

export interface ConfigSource {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The text of a file, or `undefined` when there is none. May throw when it cannot be read. */
  readonly readFile: (path: string) => string | undefined
  /** What relative paths begin at. */
  readonly directory: string
  /** Values of the command line; they count before everything else. Keys of the settings. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

/** Most services are set up by environment variables and have no such file. */
const readYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml') // what the package is typed as

/** Variables that belong to others: the demo's scripts and the tests. */
const foreign = /^POSTERN_(?:CONFIG$|DEMO_|TEST_|BENCH_|START_)/

/**
 * Checks every setting, reports every problem at once, and freezes what is right. Reads the configuration file and the
 * `_FILE`s through `source.readFile`. Does NOT open the master key's file or the database.
 * @throws {ConfigError} `configuration_invalid`, with all problems.
 */
export function parseConfig(source: ConfigSource): Config {
  const problems: ConfigProblem[] = []
  const fromFile = readConfigFile(source, problems)
  const draft: Record<string, unknown> = {}
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Setting = settings[name]
    const found = findValue(setting, source, { fromFile, problems })
    if (found === undefined) continue
    const raw = setting.nested === true ? readNested(found, source, problems) : found.raw
    if (raw === undefined) continue
    const parsed = setting.schema.safeParse(raw)
    if (parsed.success) draft[name] = parsed.data
    else problems.push(...problemsOf(parsed.error.issues, setting, found.where))
  }
  problems.push(...unknownVariables(source.variables))
  const masterKeyFile = nonEmpty(source.variables.POSTERN_MASTER_KEY_FILE)
  problems.push(...contradictions(draft as Draft, { masterKeyFile, problems }))
  if (problems.length > 0) throw new ConfigError('configuration_invalid', describeProblems(problems), { problems })
  return complete(draft as Draft, { directory: source.directory, masterKeyFile })
}

/** All problems as text for a terminal. */
export function describeProblems(problems: readonly ConfigProblem[]): string {
  const lines = problems.map(
    (one) => `  ${one.where}: ${one.wrong}${one.example === undefined ? '' : `; for example ${one.example}`}`,
  )
  return [`The configuration has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`, ...lines].join('\n')
}

/** What development mode makes weaker, one sentence each, for the log at the start. */
export function relaxationsOf(config: Config): readonly string[] {
  if (!config.development) return []
  return [
    ...(config.baseUrl.startsWith('http:')
      ? ['The base URL is http: passwords, codes and tokens cross the network in clear, and cookies are not marked Secure.']
      : []),
    'A missing master key is made at the first start.',
    ...(config.delivery.senders.length === 0 || config.delivery.senders.some((one) => one.kind === 'log')
      ? ['Codes by SMS and call are written to the log with the number they were for, and not sent.']
      : []),
    ...(config.partnerHosts.length === 0
      ? []
      : ['Metadata documents of other servers may be read over http from this very machine.']),
    ...(config.delivery.mail === undefined ? [] : ['Notices go to the SMTP server in clear when it offers no STARTTLS.']),
  ]
}

type Found = { readonly raw: unknown; readonly where: string }

function findValue(
  setting: Setting,
  source: ConfigSource,
  known: { fromFile: Readonly<Record<string, Found>>; problems: ConfigProblem[] },
): Found | undefined {
  const given = source.overrides?.[setting.key]
  if (given !== undefined) return { raw: given, where: `--${setting.key}` }
  for (const variable of setting.alias === undefined ? [setting.variable] : [setting.variable, setting.alias]) {
    const value = nonEmpty(source.variables[variable])
    // The master key's file is checked for its mode and may be made, so master-key.ts opens it.
    const path = setting.secret && setting !== settings.masterKey ? nonEmpty(source.variables[`${variable}_FILE`]) : undefined
    if (value !== undefined && path !== undefined)
      known.problems.push({ where: variable, wrong: `is set and ${variable}_FILE is set too; keep one` })
    if (value !== undefined) return { raw: value, where: variable }
    if (path === undefined) continue
    try {
      const text = source.readFile(resolve(source.directory, path))
      if (text !== undefined) return { raw: text.trim(), where: `${variable}_FILE` }
      known.problems.push({ where: `${variable}_FILE`, wrong: `names ${path}, which does not exist` })
    } catch {
      known.problems.push({ where: `${variable}_FILE`, wrong: `names ${path}, which cannot be read` })
    }
    return undefined
  }
  return known.fromFile[setting.key]
}

/** JSON where a variable brought text, with the files of secrets read. `undefined`: it is reported. */
function readNested(found: Found, source: ConfigSource, problems: ConfigProblem[]): unknown {
  let { raw } = found
  if (typeof raw === 'string') {
    try {
      raw = JSON.parse(raw)
    } catch {
      // Not the parser's words: they quote the text, and it holds secrets.
      problems.push({ where: found.where, wrong: 'is not JSON' })
      return undefined
    }
  }
  return readSecretFiles(raw, {
    where: found.where,
    problems,
    readFile: (path) => source.readFile(resolve(source.directory, path)),
  })
}

function problemsOf(
  issues: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[],
  setting: Setting,
  where: string,
): readonly ConfigProblem[] {
  const placed = issues.map(({ message, path }) => {
    const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
    return { where: setting.nested === true ? inside(where, place) : where, wrong: message }
  })
  const different = new Map(placed.map((one) => [`${one.where} ${one.wrong}`, one]))
  // The example of a nested setting is the whole of it and would stand at each of its problems.
  return [...different.values()].map((one) => (setting.nested === true ? one : { ...one, example: setting.example }))
}

function readConfigFile(source: ConfigSource, problems: ConfigProblem[]): Readonly<Record<string, Found>> {
  const named = nonEmpty(source.variables.POSTERN_CONFIG)
  const path = named ?? 'postern.yaml'
  const values: Record<string, Found> = Object.create(null)
  try {
    const text = source.readFile(resolve(source.directory, path))
    if (text === undefined) {
      if (named !== undefined) problems.push({ where: 'POSTERN_CONFIG', wrong: `names ${path}, which does not exist` })
      return values
    }
    const document: unknown = readYaml().parse(text)
    if (document === null) return values
    if (typeof document !== 'object' || Array.isArray(document)) {
      problems.push({ where: path, wrong: 'must hold keys and values', example: 'port: 8080' })
      return values
    }
    const known = new Set(Object.values(settings).map((setting) => setting.key))
    for (const [key, raw] of Object.entries(document)) {
      if (known.has(key)) values[key] = { raw, where: `${key} in ${path}` }
      else problems.push({ where: `${key} in ${path}`, wrong: 'is not a setting', example: [...known].join(', ') })
    }
  } catch (error) {
    // Only the place: the text around it may be a secret.
    const { YAMLParseError } = readYaml()
    const line = error instanceof YAMLParseError ? ` (line ${error.linePos?.[0].line ?? '?'})` : ''
    problems.push({ where: path, wrong: error instanceof YAMLParseError ? `is not YAML${line}` : 'cannot be read' })
  }
  return values
}

function unknownVariables(variables: ConfigSource['variables']): readonly ConfigProblem[] {
  const known = new Set<string>()
  for (const setting of Object.values(settings) as Setting[]) {
    known.add(setting.variable)
    if (setting.secret) known.add(`${setting.variable}_FILE`)
  }
  return Object.keys(variables)
    .filter((name) => name.startsWith('POSTERN_') && variables[name] !== undefined && !known.has(name) && !foreign.test(name))
    .toSorted()
    .map((name) => ({ where: name, wrong: 'is not a setting; docs/reference/config.md lists them all' }))
}

function contradictions(
  draft: Draft,
  known: { masterKeyFile: string | undefined; problems: readonly ConfigProblem[] },
): readonly ConfigProblem[] {
  const reported = (setting: Setting) =>
    known.problems.some((one) => one.where.startsWith(setting.variable) || one.where.startsWith(`${setting.key} `))
  const { baseUrl, databaseUrl, workers, masterKey } = settings
  const checks: readonly [broken: boolean, setting: Setting, wrong: string][] = [
    [draft.baseUrl === undefined && draft.development !== true && !reported(baseUrl), baseUrl, 'must be set outside development'],
    [
      draft.baseUrl?.startsWith('http:') === true && draft.development !== true,
      baseUrl,
      'must begin with https:// outside development',
    ],
    [
      draft.opsPort !== undefined && draft.opsPort === (draft.port ?? 8080),
      settings.opsPort,
      'must not be the port of the service',
    ],
    [
      (draft.workers ?? 1) > 1 && draft.databaseUrl === undefined && !reported(databaseUrl),
      workers,
      'must be 1 with the embedded database',
    ],
    [
      draft.masterKey !== undefined && known.masterKeyFile !== undefined,
      masterKey,
      'is set and POSTERN_MASTER_KEY_FILE is set too; keep one',
    ],
    ...contradictionsOfDelivery(draft).map(
      ([broken, name, wrong]) => [broken && !reported(settings[name]), settings[name], wrong] as [boolean, Setting, string],
    ),
  ]
  return checks
    .filter(([broken]) => broken)
    .map(([, setting, wrong]) => ({ where: setting.variable, wrong, example: setting.example }))
}

function complete(draft: Draft, known: { directory: string; masterKeyFile: string | undefined }): Config {
  const port = draft.port ?? 8080
  const dataDirectory = resolve(known.directory, draft.dataDirectory ?? '.postern')
  return Object.freeze({
    development: draft.development ?? false,
    baseUrl: draft.baseUrl ?? `http://localhost:${port}`,
    host: draft.host ?? '127.0.0.1',
    port,
    ...(draft.opsPort === undefined ? {} : { opsPort: draft.opsPort }),
    database: Object.freeze(
      draft.databaseUrl === undefined
        ? { kind: 'pglite', directory: join(dataDirectory, 'database') }
        : { kind: 'postgres', url: new Secret(draft.databaseUrl), poolSize: draft.databasePoolSize ?? 10 },
    ),
    dataDirectory,
    masterKey: Object.freeze(
      draft.masterKey === undefined
        ? {
            kind: 'file',
            path:
              known.masterKeyFile === undefined
                ? join(dataDirectory, 'master.key')
                : resolve(known.directory, known.masterKeyFile),
          }
        : { kind: 'value', base64: new Secret(draft.masterKey) },
    ),
    trustedProxies: Object.freeze(draft.trustedProxies ?? []),
    formsPerMinute: draft.formsPerMinute ?? 300,
    partnerHosts: Object.freeze([...new Set(draft.partnerHosts)]),
    logLevel: draft.logLevel ?? 'info',
    workers: draft.workers ?? 1,
    delivery: completeDelivery(draft),
    demoMailPort: draft.demoMailPort ?? 8090,
    demoCloudPort: draft.demoCloudPort ?? 8091,
  })
}

/** A variable that is set to nothing counts as not set, as compose files and service units leave them. */
const nonEmpty = (value: string | undefined): string | undefined =>
  value === undefined || value.trim() === '' ? undefined : value
