/**
 * demo is what `postern demo` does: a realm with people, clients and a mail server in it, described in `demo.json`.
 *
 * It owns the demo's data and that file. The demo mail server itself, and what `npm start` prints, are elsewhere
 * (examples/contoso, scripts/demo.ts). Nothing here is used by a real installation.
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { createAdminPorts } from '../admin/admin-ports.ts'
import { systemClock } from '../clock.ts'
import { ConfigError } from '../config/errors.ts'
import { type Config, describeProblems } from '../config/parse.ts'
import { createLog } from '../log.ts'
import { endWithSignals, startServer } from '../main.ts'
import { type DemoFile, findDemoFile, writeDemoFile } from './demo-file.ts'
import { type DemoData, ensureDemoRealm } from './demo-realm.ts'

const standardError = 2

/**
 * Starts the service with the demo realm, writes `demo.json`, and prints `ready <issuer>` last. Stays until a signal ends it.
 * @throws {ConfigError} where a PostgreSQL is configured; {@link ensureDemoRealm} refuses other people's realms.
 */
export async function runDemo(config: Config): Promise<void> {
  requireEmbedded(config)
  // Standard output says little and ends with `ready`, for scripts that wait for it; the log goes to standard error.
  const log = createLog(config, standardError)
  const path = join(config.dataDirectory, 'demo.json')
  const keyFilesOf = (name: string) => ({
    privateKey: join(config.dataDirectory, `${name}.key.pem`),
    certificate: join(config.dataDirectory, `${name}.cert.pem`),
  })
  const keyFiles = { exchange: keyFilesOf('exchange'), cloud: keyFilesOf('cloud') }
  const seeded = Promise.withResolvers<DemoData>()
  const issuerOf = ({ realm }: DemoData) => `${config.baseUrl}/${realm.id}`
  const server = await startServer(config, {
    log,
    prepare: async ({ store, service: { accounts, factors, life, passes, notices, audit } }) => {
      const ports = createAdminPorts({
        store,
        clock: systemClock,
        newId: randomUUID,
        random: randomBytes,
        accounts,
        factors: life,
        passes,
        notices,
        audit,
      })
      const previous = await findDemoFile(path)
      const keep = (data: DemoData) =>
        writeDemoFile(path, { issuer: issuerOf(data), ...data, endpoints: previous?.endpoints ?? {} })
      const { demoMailPort: mailPort, demoCloudPort: cloudPort } = config
      seeded.resolve(await ensureDemoRealm({ ports, factors, previous, keep, mailPort, cloudPort, keyFiles }))
    },
  })
  endWithSignals(() => server.close(), log)
  const data = await seeded.promise
  const issuer = issuerOf(data)
  const demo: DemoFile = { issuer, ...data, endpoints: await discoverEndpoints(issuer) }
  await writeDemoFile(path, demo)
  process.stdout.write(`${describeDemo(demo, path)}\nready ${issuer}\n`)
}

/** A server is where real installations live. The demo never needs one. */
function requireEmbedded({ database }: Config): void {
  if (database.kind === 'pglite') return
  const problems = [
    {
      where: 'POSTERN_DATABASE_URL, DATABASE_URL or databaseUrl',
      wrong:
        'names a PostgreSQL; the demo runs on the embedded database only, so that it never touches a real installation. Unset it',
    },
  ]
  throw new ConfigError('configuration_invalid', describeProblems(problems), { problems })
}

/** What the running service says of itself, and the addresses that no discovery document has. */
async function discoverEndpoints(issuer: string): Promise<Record<string, string>> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(10_000) })
  const document = z.record(z.string(), z.unknown()).parse(await response.json())
  const known = Object.entries(document).filter(
    (one): one is [string, string] => typeof one[1] === 'string' && /_(?:endpoint|uri)$/.test(one[0]),
  )
  return {
    ...Object.fromEntries(known),
    s2s: `${issuer}/tokens/OAuth/2`,
    metadata: `${issuer}/metadata/json/1`,
    portal: `${issuer}/portal`,
    admin: `${issuer}/admin`,
  }
}

const describeDemo = (demo: DemoFile, path: string): string =>
  [
    `Issuer    ${demo.issuer}`,
    ...[...demo.accounts, demo.admin].map(
      ({ upn, password, totpSecret }) =>
        `Account   ${upn}  ${password}${totpSecret === undefined ? '  (no second factor yet)' : `  TOTP ${totpSecret}`}`,
    ),
    `Details   ${path}`,
  ].join('\n')
