/**
 * Starts a demo mail server: `node examples/contoso/src/main.ts`, and the one in the cloud with `--cloud`.
 *
 * It owns options, key files, the listener, the lines to the token service, and their end. By default everything comes from
 * `.postern/demo.json` (POSTERN_DEMO_FILE names another); each option overrides one thing. Prints `ready <address>` when it listens.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createRevocationFeed, type RevocationFeed } from '@postern/resource-server'
import { createIssuerConnection, type IssuerConnection } from '@postern/resource-server/client'
import { DemoFileError, loadDemoFile } from './demo-file.ts'
import { planSide, type SidePlan } from './demo-server.ts'
import type { HybridOptions } from './hybrid/hybrid.ts'
import { createTraces } from './hybrid/trace.ts'
import { createMailServer, type MailServerOptions } from './mail-server.ts'

const USAGE = `usage: main.ts [--cloud] [--issuer URL --audience URI --domain DOMAIN] [--base-url URL] [--principal GUID]

Without options it reads .postern/demo.json, or the file that POSTERN_DEMO_FILE names. --cloud: the other side's server.`
const DEFAULT_PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'
const DEMO_FILE = process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url))

const log = (line: string): void => void process.stderr.write(`${line}\n`)
let connection: IssuerConnection | undefined
const { options, isCloud } = await loadOptions()
const base = new URL(options.baseUrl)
const feed = followRevocations(options)
const server = createServer(
  createMailServer({ ...options, ...(feed === undefined ? {} : { revocations: feed.revocations }), log }),
)
server.on('error', (error: NodeJS.ErrnoException) => {
  const variable = isCloud ? 'POSTERN_DEMO_CLOUD_PORT' : 'POSTERN_DEMO_MAIL_PORT'
  const taken = error.code === 'EADDRINUSE' ? `Port ${base.port} is in use. Set ${variable} to a free one.` : error.message
  process.stderr.write(`${taken}\n`)
  process.exit(1)
})
server.listen(Number(base.port === '' ? 80 : base.port), base.hostname.replace(/^\[|\]$/g, ''))
await once(server, 'listening')
process.stdout.write(`ready ${options.baseUrl}\n`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // A held Ping would keep the process alive for up to an hour.
    server.close(() => void Promise.all([connection?.close(), feed?.close()]).finally(() => process.exit(0)))
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 2000).unref()
  })
}

async function loadOptions(): Promise<{ options: MailServerOptions; isCloud: boolean }> {
  try {
    const { values } = parseArgs({
      options: {
        cloud: { type: 'boolean', default: false },
        issuer: { type: 'string' },
        audience: { type: 'string', multiple: true },
        domain: { type: 'string' },
        'base-url': { type: 'string' },
        principal: { type: 'string' },
      },
    })
    const { cloud: isCloud, issuer, audience, domain } = values
    const baseUrl = values['base-url']?.replace(/\/$/, '')
    if (issuer !== undefined && audience !== undefined && domain !== undefined) {
      const principalId = values.principal ?? DEFAULT_PRINCIPAL
      return { isCloud, options: { issuer, audience, domain, principalId, baseUrl: baseUrl ?? 'http://localhost:8090' } }
    }
    const plan = planSide(await loadDemoFile(DEMO_FILE), isCloud ? 'cloud' : 'onPremises')
    if (plan === undefined)
      throw new DemoFileError('malformed', `${DEMO_FILE} knows no server in the cloud. Run npm start: it adds one.`)
    const hybrid = await openHybrid(plan)
    return {
      isCloud,
      options: {
        ...plan.options,
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
        ...(domain === undefined ? {} : { domain }),
        ...(values.principal === undefined ? {} : { principalId: values.principal }),
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(hybrid === undefined ? {} : { hybrid }),
      },
    }
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof DemoFileError)) throw error
    process.stderr.write(`${error.message}\n${isUsage ? `\n${USAGE}\n` : ''}`)
    return process.exit(isUsage ? 2 : 1)
  }
}

/** Hears what ends, where this server is registered as a mail server: signed-out sessions, blocked apps, changed passwords. */
function followRevocations({ issuer, gate }: MailServerOptions): RevocationFeed | undefined {
  if (gate === undefined) return undefined
  const feed = createRevocationFeed({
    issuer,
    ...gate,
    allowInsecureLoopback: new URL(issuer).protocol === 'http:',
    onProblem: (problem) => log(`token service: ${problem}`),
  })
  void feed.start() // requests need not wait for it: while it is behind, tokens hold as long as they did without it
  return feed
}

/** Reads this side's key, and opens its line to the token service: for what was withdrawn, and to say what was used. */
async function openHybrid({ options, hybrid }: SidePlan): Promise<HybridOptions | undefined> {
  if (hybrid === undefined) return undefined
  const { clientId, certificateFile, privateKeyFile } = hybrid.files
  const [certificate, privateKey] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(privateKeyFile, 'utf8')])
  const { issuer } = options
  connection = createIssuerConnection({
    issuer,
    clientId,
    certificate,
    privateKey,
    allowInsecureLoopback: new URL(issuer).protocol === 'http:',
    onProblem: (problem) => log(`token service: ${problem}`),
  })
  return Object.freeze({
    ...hybrid.options,
    certificate,
    privateKey,
    traces: createTraces(dirname(DEMO_FILE)),
    status: connection.status,
    onUse: connection.report,
  })
}
