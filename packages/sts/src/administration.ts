/**
 * administration is what `postern` does for administrators: `init`, `migrate` and every operation, in a process that ends with it.
 *
 * It owns what is printed and where input comes from. What administrators can do is declared in `admin/` and only read off
 * here. `postern serve` never loads it.
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Realm, Store } from '@postern/storage'
import type { Command } from 'commander'
import { createAdminPorts } from './admin/admin-ports.ts'
import { clientPresets } from './admin/client-presets.ts'
import { addOperationCommands, type CommandCall, type Terminal } from './admin/command-line.ts'
import { OperationRefused } from './admin/errors.ts'
import { checkFirst, initialise } from './admin/initialise.ts'
import type { AdminPorts } from './admin/operation.ts'
import { findRealm } from './admin/operations/realm.ts'
import { nouns, operations } from './admin/operations.ts'
import { renderOutput } from './admin/output.ts'
import { createProgressBar } from './admin/progress-bar.ts'
import { systemClock } from './clock.ts'
import { compose, openStore } from './compose.ts'
import { loadConfig } from './config/load-config.ts'
import type { Config } from './config/parse.ts'
import { outboxOnly } from './delivery/delivery.ts'
import { createLog } from './log.ts'
import { renderRefusal } from './mailgate/refusals.ts'
import { openMasterKey } from './main.ts'

const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const standardError = 2

const terminal: Terminal = Object.freeze({
  readInput: () => text(process.stdin),
  async askSecret(question: string) {
    // What is typed goes nowhere, so that it is neither seen nor left in the scroll-back.
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    if (process.stdin.isTTY) process.stderr.write(question)
    const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY === true })
    // A question is never settled where the input ends, or is given up, without an answer.
    const ended = new Promise<never>((_, reject) => {
      lines.once('close', () =>
        reject(new OperationRefused('invalid', 'No password was given. Type it, pipe it in, or use --generate.')),
      )
    })
    try {
      return await Promise.race([lines.question(''), ended])
    } finally {
      lines.close()
      if (process.stdin.isTTY) process.stderr.write('\n')
    }
  },
})

/** Who asks, for the audit trail: on the service's own machine that is who may read its master key. */
const actor = `cli:${userInfo().username.replace(/[^\w.-]/g, '_')}`

/** Opens the store, hands what operations need to `work`, and closes it again. */
async function withAdmin<T>(
  config: Config,
  masterKey: Uint8Array,
  work: (parts: { ports: AdminPorts; store: Store }) => Promise<T>,
): Promise<T> {
  const clock = systemClock
  const store = await openStore(config, { masterKey, clock })
  try {
    const log = createLog(
      { logLevel: config.logLevel === 'debug' || config.logLevel === 'trace' ? config.logLevel : 'warn' },
      standardError,
    )
    const { accounts, life, passes, notices, partners, audit } = compose({
      config,
      store,
      masterKey,
      clock,
      log,
      // A command sends nothing by itself: what it tells people waits in the outbox for the service.
      delivery: outboxOnly(config.delivery),
    })
    return await work({
      ports: createAdminPorts({
        store,
        clock,
        newId: randomUUID,
        random: randomBytes,
        accounts,
        factors: life,
        passes,
        notices,
        partners,
        audit,
        baseUrl: config.baseUrl,
        partnerHosts: config.partnerHosts,
        allowInsecureLoopback: config.development,
        renderRefusal,
      }),
      store,
    })
  } finally {
    await store.close()
  }
}

async function runOperation({ operation, input, realm: named, json }: CommandCall): Promise<void> {
  const config = loadConfig()
  await withAdmin(config, (await openMasterKey(config, false)).key, async ({ ports }) => {
    const realm = operation.scope === 'realm' ? await chooseRealm(ports, named) : undefined
    const bar = createProgressBar(process.stderr)
    const output = await operation
      .execute(ports, {
        input,
        actor,
        reference: randomUUID(),
        progress: bar.progress,
        ...(realm === undefined ? {} : { realm }),
      })
      .finally(bar.stop)
    const bare = operation.prints
    const presented = operation.present(output)
    if (presented?.incomplete === true) process.exitCode = 1
    if (json) say(JSON.stringify(output, null, 2))
    else if (presented !== undefined) {
      say(presented.text)
      if (presented.note !== undefined) process.stderr.write(`${presented.note}\n`)
    } else if (bare !== undefined && typeof output === 'object' && output !== null)
      say(String(Object.entries(output).find(([name]) => name === bare)?.[1] ?? '').trimEnd())
    else {
      say(renderOutput(output, { columns: operation.columns }))
      const next = operation.next(output)
      if (next !== undefined) say(`\n${next}`)
    }
  })
}

async function chooseRealm(ports: AdminPorts, named: string | undefined): Promise<Realm> {
  if (named !== undefined) {
    const realm = await findRealm(ports.store.realms, named)
    if (realm === undefined) throw new OperationRefused('missing', `There is no realm ${named}. See: postern realm list`)
    return realm
  }
  const [only, ...others] = await ports.store.realms.list()
  if (only === undefined)
    throw new OperationRefused('missing', 'There is no realm yet. Make the first one with: postern init --domain <your domain>')
  if (others.length > 0)
    throw new OperationRefused(
      'invalid',
      `There are several realms. Name one with --realm: ${[only, ...others].map(({ domains }) => domains[0]).join(', ')}`,
    )
  return only
}

async function runInit(options: { domain: string; displayName?: string; admin?: string; json?: boolean }): Promise<void> {
  const config = loadConfig()
  const domain = options.domain.trim().toLowerCase()
  const wanted = { domain, displayName: options.displayName, administrator: options.admin ?? `admin@${domain}` }
  checkFirst(wanted)
  const { key, made } = await openMasterKey(config, true)
  await withAdmin(config, key, async ({ ports }) => {
    const first = await initialise(ports, { ...wanted, actor, reference: randomUUID() })
    const issuer = ports.issuerOf(first.realm.id)
    const where = config.masterKey.kind === 'file' ? config.masterKey.path : 'POSTERN_MASTER_KEY'
    if (options.json) {
      say(
        JSON.stringify(
          {
            realm: { id: first.realm.id, domain },
            issuer,
            administrator: { upn: first.upn, password: first.password, accessPass: first.pass },
            masterKey: where,
          },
          null,
          2,
        ),
      )
      return
    }
    say(
      renderOutput({
        realm: first.realm.id,
        domain,
        issuer,
        administrator: first.upn,
        password: first.password,
        'access pass': first.pass,
        'master key': where,
      }),
    )
    say('')
    say(
      'Password and access pass are shown only here. The first sign-in, within a day, asks for the pass and sets up a second factor.',
    )
    say(`Later than that: postern mfa pass-give ${first.upn}`)
    say(made ? 'The master key was made just now.' : 'The master key was there already and stays.')
    say('Back it up, apart from the database: neither is of use without the other. A second machine needs the same key.')
    say('')
    say(nextSteps(domain))
  })
}

/** In the order in which one needs what the other made. */
function nextSteps(domain: string): string {
  const resource = `https://mail.${domain}/`
  const { id, displayName } = clientPresets.thunderbird
  const steps = [
    [
      'a mail server: what may be asked of it, and the secret by which it asks who may come in',
      `mailapp server-put dovecot --protocol imap,pop,smtp --audience ${resource}`,
    ],
    [`a mail program, here ${displayName}`, 'client add --preset thunderbird'],
    ['what that program may ask for', `client grant ${id} ${resource}`],
    ['a person', `account add mary@${domain} --generate-password`],
    ['start', 'serve'],
  ] as const
  return [
    'Next:',
    ...steps.map(([what, command]) => `  postern ${command}\n      ${what}`),
    'Two mail servers, one in the house and one in a cloud, are set up in one go:',
    '  postern hybrid setup --help',
  ].join('\n')
}

/** `openStore` brings the schema up to date; there is nothing else to do. */
async function runMigrate(): Promise<void> {
  const config = loadConfig()
  const { key } = await openMasterKey(config, config.development)
  const store = await openStore(config, { masterKey: key, clock: systemClock })
  await store.close()
  say('The database is up to date.')
}

/** Adds what administrators can do to the commands that start the service. */
export function addAdministration(program: Command): void {
  program
    .command('init')
    .description('Make the master key, the first realm and its first administrator')
    .requiredOption('--domain <domain>', 'domain of the realm, e.g. contoso.com')
    .option('--display-name <text>', 'name of the realm, shown to people')
    .option('--admin <upn>', 'user principal name of the first administrator (default: admin@<domain>)')
    .option('--json', 'print JSON')
    .action(runInit)
  program.command('migrate').description('Bring the database to the schema of this release').action(runMigrate)
  addOperationCommands(program, { operations, nouns, terminal, run: runOperation })
}
