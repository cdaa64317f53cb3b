/**
 * What `postern-conformance` understands: its flags, and how they and the target file become one target.
 *
 * It owns the words of the command and which of them belong together. It runs nothing: that is command.ts.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { findNamed } from './choosing.ts'
import type { ConformanceModule } from './conformance-module.ts'
import { ConformanceError } from './errors.ts'
import { findPlan, modulesOfPlan, type Plan, plans } from './plans.ts'
import type { KnownServer } from './server-to-server/identity.ts'
import type { TargetOptions } from './target.ts'
import { readTarget } from './target-file.ts'

export interface Options {
  readonly target?: string
  readonly issuer?: string
  readonly client?: string
  readonly redirect?: string
  readonly resource?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly server?: string
  readonly certificate?: string
  readonly privateKey?: string
  readonly askFor?: string
  readonly personTokenFile?: string
  readonly actAt?: string
  readonly actScope?: string
  readonly plan?: string
  readonly only?: readonly string[]
  readonly quick?: boolean
  readonly patient?: boolean
  readonly list?: boolean
  readonly json?: string | true
  readonly junit?: string
  readonly html?: string
  readonly strict?: boolean
  readonly verbose?: boolean
}

/** Beside the sources and beside what is built of them. */
const versionOf = (): string => String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)

/** The command with its flags; what it does is given by the caller. It throws instead of ending the process. */
export function createProgram(
  output: { readonly out: { write(text: string): unknown }; readonly error: { write(text: string): unknown } },
  actions: { readonly run: (options: Options) => Promise<void>; readonly init: (path: string) => Promise<void> },
): Command {
  const program = new Command('postern-conformance')
    .description(
      'Tests an OAuth 2.0 / OpenID Connect issuer, a resource server that accepts its tokens, a mail server or a mail client, and what servers ask of the issuer for each other, from outside.',
    )
    .option('--target <path>', 'a file that describes what is tested; init writes one with comments')
    .option('--issuer <url>', 'the issuer, letter for letter')
    .option('--client <id>', 'a public client that the issuer knows')
    .option('--redirect <uri>', "that client's registered redirect address")
    .option('--resource <url>', 'an address that asks for a Bearer token and answers GET')
    .option('--token <token>', 'a token that it accepts now; other users of this machine may see it, so prefer --token-file')
    .option('--token-file <path>', 'a file with that token')
    .option('--server <id>', 'a server that the issuer knows by a certificate')
    .option('--certificate <path>', "a file with that server's certificate, PEM")
    .option('--private-key <path>', "a file with the certificate's key, PEM")
    .option('--ask-for <resource>', 'what that server may ask actor tokens for: client_id/host@realm')
    .option('--person-token-file <path>', "a file with a person's access token for that server")
    .option('--act-at <resource>', 'where that server may act for this person')
    .option('--act-scope <scopes>', 'everything that it may do there, separated by spaces')
    .option('--plan <name>', `only the modules of a plan of the OpenID Foundation: ${plans.map(shortNameOf).join(', ')}`)
    .option(
      '--only <names...>',
      'only these: an area, a module by its name, an id of the Foundation; a part of a name where nothing is named so',
    )
    .option('--patient', 'wait longer than a minute where a module must: ten minutes for a code, as long as a token lives')
    .option('--quick', 'leave out every module that waits for a real clock, half a minute for one')
    .option('--list', 'show the modules that would be run, and run none')
    .option('--json [path]', 'write the report as JSON, to standard output without a path')
    .option('--junit <path>', 'write the report as JUnit XML')
    .option('--html <path>', 'write the report as one HTML file')
    .option('--strict', 'a warning fails, too')
    .option('--verbose', 'show what passed')
    .version(versionOf())
    .showHelpAfterError('see --help')
    .allowExcessArguments()
    .configureOutput({ writeOut: (text) => output.out.write(text), writeErr: (text) => output.error.write(text) })
    .exitOverride()
    .action((options: Options, { args: [word] }: Command) => {
      // Told here: commander would speak of too many arguments, where somebody only mistyped the one command.
      if (word !== undefined) throw misuse(`there is no command ${word}, only init; see --help`)
      return actions.run(options)
    })
  program
    .command('init [path]')
    .description('write a target file with comments; an existing one is left alone')
    .exitOverride()
    .action((path: string | undefined) => actions.init(path ?? 'target.yaml'))
  return program
}

const shortNameOf = ({ name }: Plan): string => name.replace(/^oidcc-/, '').replace(/-certification-test-plan$/, '')

const misuse = (message: string): ConformanceError => new ConformanceError('target_invalid', message)

export interface Choice {
  readonly modules: readonly ConformanceModule[]
  readonly plan: Plan | undefined
  /** What a person should know of how `--only` was read. */
  readonly notes: readonly string[]
}

/** @throws {ConformanceError} `target_invalid` when nothing is left, or for a plan that nobody knows. */
export function chooseModules(modules: readonly ConformanceModule[], { plan: name, only, quick }: Options): Choice {
  const plan = name === undefined ? undefined : findPlan(name)
  if (name !== undefined && plan === undefined) throw misuse(`no plan ${name}: ${plans.map(shortNameOf).join(', ')}`)
  const ofPlan = plan === undefined ? modules : modulesOfPlan(plan, modules)
  const { modules: named, notes } = only === undefined ? { modules: ofPlan, notes: [] } : findNamed(ofPlan, only)
  const chosen = named.filter((one) => !(quick === true && one.slow === true))
  if (chosen.length === 0) throw misuse('with --quick none of these modules is left')
  return { modules: chosen, plan, notes }
}

const isAllOrNone = (given: readonly unknown[]): boolean => new Set(given.map((one) => one === undefined)).size === 1

function checkTogether(options: Options): void {
  if (!isAllOrNone([options.client, options.redirect])) throw misuse('--client and --redirect belong together')
  if (!isAllOrNone([options.server, options.certificate, options.privateKey, options.askFor]))
    throw misuse('--server, --certificate, --private-key and --ask-for belong together')
  if (!isAllOrNone([options.personTokenFile, options.actAt, options.actScope]))
    throw misuse('--person-token-file, --act-at and --act-scope belong together')
  if (options.personTokenFile !== undefined && options.server === undefined) throw misuse('--person-token-file needs --server')
  if ((options.token ?? options.tokenFile) !== undefined && options.resource === undefined && options.target === undefined)
    throw misuse('a token needs --resource')
}

/** Reads the files of the server; which options belong together is checked before. */
async function findServer(options: Options, clock: () => Date): Promise<KnownServer | undefined> {
  const { server, certificate, privateKey, askFor, personTokenFile, actAt, actScope } = options
  if (server === undefined || certificate === undefined || privateKey === undefined || askFor === undefined) return undefined
  const known = {
    clientId: server,
    certificate: await readFile(certificate, 'utf8'),
    privateKey: await readFile(privateKey, 'utf8'),
    resource: askFor,
    clock,
  }
  if (personTokenFile === undefined || actAt === undefined || actScope === undefined) return known
  const token = (await readFile(personTokenFile, 'utf8')).trim()
  return { ...known, person: { token, resource: actAt, scope: actScope } }
}

async function readDescribed(path: string | undefined, clock: () => Date): Promise<TargetOptions> {
  if (path === undefined) return { clock }
  const folder = dirname(resolve(path))
  const source = await readFile(path, 'utf8')
  try {
    return await readTarget(source, { clock, readFile: (name) => readFile(resolve(folder, name), 'utf8') })
  } catch (error) {
    if (!(error instanceof ConformanceError)) throw error
    const named = error.message.split('\n').map((problem) => `${path}: ${problem}`)
    throw new ConformanceError(error.code, named.join('\n'), { cause: error })
  }
}

/**
 * Puts together what is tested: the target file, and flags over it.
 *
 * @throws {ConformanceError} `target_invalid` when flags do not belong together, nothing is described, or the file is wrong.
 */
export async function describeTarget(options: Options, clock: () => Date): Promise<TargetOptions> {
  checkTogether(options)
  const described = await readDescribed(options.target, clock)
  const { issuer = described.issuer, client, redirect, resource, tokenFile } = options
  const token = tokenFile === undefined ? options.token : (await readFile(tokenFile, 'utf8')).trim()
  const url = resource ?? described.resource?.url
  const server = await findServer(options, clock)
  const whole: TargetOptions = {
    ...described,
    ...(issuer !== undefined && { issuer }),
    ...(client !== undefined &&
      redirect !== undefined && { clients: { ...described.clients, public: { clientId: client, redirectUri: redirect } } }),
    ...(url !== undefined && { resource: { ...described.resource, url, ...(token !== undefined && { token }) } }),
    ...(server !== undefined && { server }),
  }
  if (whole.issuer === undefined && whole.mailServer === undefined && whole.clientUnderTest === undefined && !whole.resource)
    throw misuse('nothing to test: give --issuer or --target (postern-conformance init writes a file to begin with)')
  return whole
}
