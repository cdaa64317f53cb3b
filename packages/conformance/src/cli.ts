#!/usr/bin/env node
/** The command `postern-conformance`: tests an issuer, a guarded resource server, and tokens between servers. Exit 0, 1 or 2. */
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { Command } from 'commander'
import { ConformanceError } from './errors.ts'
import { modules } from './modules.ts'
import { renderJson } from './report/json-report.ts'
import { renderResult, renderSummary } from './report/terminal-report.ts'
import { runModules } from './runner.ts'
import type { KnownServer } from './server-to-server/identity.ts'
import { createTarget } from './target.ts'

interface Options {
  readonly issuer: string
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
  readonly json?: string | true
  readonly only?: readonly string[]
  readonly strict?: boolean
  readonly verbose?: boolean
}

const program = new Command('postern-conformance')
  .description(
    'Tests an OAuth 2.0 / OpenID Connect issuer, a resource server that accepts its tokens, and what servers ask of the issuer for each other, from outside.',
  )
  .requiredOption('--issuer <url>', 'the issuer, letter for letter')
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
  .option('--only <names...>', 'only these modules, or the modules of these areas')
  .option('--json [path]', 'write the report as JSON, to standard output without a path')
  .option('--strict', 'a warning fails, too')
  .option('--verbose', 'show what passed')
  .showHelpAfterError()
  .exitOverride()

async function main(): Promise<number> {
  const options = program.parse().opts<Options>()
  if ((options.client === undefined) !== (options.redirect === undefined))
    return misused('--client and --redirect belong together')
  if (!isAllOrNone([options.server, options.certificate, options.privateKey, options.askFor]))
    return misused('--server, --certificate, --private-key and --ask-for belong together')
  if (!isAllOrNone([options.personTokenFile, options.actAt, options.actScope]))
    return misused('--person-token-file, --act-at and --act-scope belong together')
  if (options.personTokenFile !== undefined && options.server === undefined) return misused('--person-token-file needs --server')
  const only = options.only
  const chosen = modules.filter(
    (one) => only === undefined || only.some((name) => one.claim.includes(name.replaceAll('-', ' ')) || one.area === name),
  )
  if (chosen.length === 0) return misused(`no module matches ${only?.join(', ')}`)
  const token = options.tokenFile === undefined ? options.token : (await readFile(options.tokenFile, 'utf8')).trim()
  const server = await findServer(options)
  const target = createTarget({
    issuer: options.issuer,
    ...(options.client !== undefined &&
      options.redirect !== undefined && { client: { clientId: options.client, redirectUri: options.redirect } }),
    ...(options.resource !== undefined && { resource: { url: options.resource, ...(token !== undefined && { token }) } }),
    ...(server !== undefined && { server }),
  })
  const toTerminal = options.json !== true
  const verbose = options.verbose === true
  const report = await runModules(chosen, target, {
    clock: () => new Date(),
    onResult: (result) => {
      if (toTerminal) process.stdout.write(`${renderResult(result, { verbose })}\n`)
    },
  })
  if (toTerminal) process.stdout.write(`\n${renderSummary(report)}\n`)
  else process.stdout.write(renderJson(report))
  if (typeof options.json === 'string') await writeFile(options.json, renderJson(report))
  return report.counts.fail > 0 || (options.strict === true && report.counts.warn > 0) ? 1 : 0
}

const isAllOrNone = (given: readonly unknown[]): boolean => new Set(given.map((one) => one === undefined)).size === 1

/** Reads the files of the server; which options belong together is checked before. */
async function findServer(options: Options): Promise<KnownServer | undefined> {
  const { server, certificate, privateKey, askFor, personTokenFile, actAt, actScope } = options
  if (server === undefined || certificate === undefined || privateKey === undefined || askFor === undefined) return undefined
  const known = {
    clientId: server,
    certificate: await readFile(certificate, 'utf8'),
    privateKey: await readFile(privateKey, 'utf8'),
    resource: askFor,
    clock: () => new Date(),
  }
  if (personTokenFile === undefined || actAt === undefined || actScope === undefined) return known
  const token = (await readFile(personTokenFile, 'utf8')).trim()
  return { ...known, person: { token, resource: actAt, scope: actScope } }
}

function misused(message: string): number {
  process.stderr.write(`${message}\n`)
  return 2
}

/** Wrong usage is 2, whatever found it: commander, an address, a file that is not there. */
function codeOf(error: unknown): number {
  if (error instanceof ConformanceError) return misused(error.message)
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  if (code === 'commander.helpDisplayed') return 0
  if (typeof code === 'string' && code.startsWith('commander.')) return 2
  if (code === 'ENOENT' || code === 'EACCES') return misused(`cannot read or write the file: ${String(code)}`)
  throw error
}

process.exitCode = await main().catch(codeOf)
