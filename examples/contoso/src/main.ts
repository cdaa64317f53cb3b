/**
 * Starts the demo mail server: `node examples/contoso/src/main.ts`.
 *
 * It owns options, the listener, and its end. By default everything comes from `.postern/demo.json`
 * (POSTERN_DEMO_FILE names another); each option overrides one thing. Prints `ready <address>` when it listens.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DemoFileError, loadDemoFile } from './demo-file.ts'
import { createMailServer, type MailServerOptions } from './mail-server.ts'

const USAGE = `usage: main.ts [--issuer URL --audience URI --domain DOMAIN] [--base-url URL] [--principal GUID]

Without options it reads .postern/demo.json, or the file that POSTERN_DEMO_FILE names.`
const DEFAULT_PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'

const options = await loadOptions()
const base = new URL(options.baseUrl)
const server = createServer(createMailServer({ ...options, log: (line) => process.stderr.write(`${line}\n`) }))
server.on('error', (error: NodeJS.ErrnoException) => {
  const taken =
    error.code === 'EADDRINUSE' ? `Port ${base.port} is in use. Set POSTERN_DEMO_MAIL_PORT to a free one.` : error.message
  process.stderr.write(`${taken}\n`)
  process.exit(1)
})
server.listen(Number(base.port === '' ? 80 : base.port), base.hostname.replace(/^\[|\]$/g, ''))
await once(server, 'listening')
process.stdout.write(`ready ${options.baseUrl}\n`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // A held Ping would keep the process alive for up to an hour.
    server.close(() => process.exit(0))
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 2000).unref()
  })
}

async function loadOptions(): Promise<MailServerOptions> {
  try {
    const { values } = parseArgs({
      options: {
        issuer: { type: 'string' },
        audience: { type: 'string', multiple: true },
        domain: { type: 'string' },
        'base-url': { type: 'string' },
        principal: { type: 'string' },
      },
    })
    const { issuer, audience, domain } = values
    const baseUrl = values['base-url']?.replace(/\/$/, '')
    if (issuer !== undefined && audience !== undefined && domain !== undefined) {
      const principalId = values.principal ?? DEFAULT_PRINCIPAL
      return { issuer, audience, domain, principalId, baseUrl: baseUrl ?? 'http://localhost:8090' }
    }
    const demo = await loadDemoFile(
      process.env.POSTERN_DEMO_FILE ?? fileURLToPath(new URL('../../../.postern/demo.json', import.meta.url)),
    )
    return {
      issuer: issuer ?? demo.issuer,
      // One slash at the end may be there or not; nothing else is forgiven.
      audience: audience ?? [demo.mailResource, demo.mailResource.replace(/\/$/, '')],
      domain: domain ?? demo.realm.domain,
      principalId: values.principal ?? demo.exchangeClientId,
      baseUrl: baseUrl ?? demo.mailServer.replace(/\/$/, ''),
      realm: demo.realm.id,
      ...(demo.webClient === undefined ? {} : { webClient: demo.webClient }),
    }
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof DemoFileError)) throw error
    process.stderr.write(`${error.message}\n${isUsage ? `\n${USAGE}\n` : ''}`)
    return process.exit(isUsage ? 2 : 1)
  }
}
