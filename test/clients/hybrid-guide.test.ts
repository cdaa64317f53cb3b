/** The guides to servers that call servers: each command, script and program in them is run as it stands, but for ports and hosts. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/sts-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CLI = join(ROOT, 'packages/sts/bin/postern.js')
const EXCHANGE = '00000002-0000-0ff1-ce00-000000000000'
/** The demo's mail client, whose identifier is always the same. */
const DEMO_CLIENT = '6b1f6f0e-58a3-4d0c-9c55-3a1f6f1d0b01'
const CLOUD = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'

type Ended = Readonly<{ code: number; out: string; err: string }>
type Block = Readonly<{ language: string; text: string }>

const started: ChildProcess[] = []
const published: Server[] = []
let directory: string
let environment: Readonly<Record<string, string | undefined>>
let issuer: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-hybrid-guide-'))
  // The checkout as far as the guides name it, so that nothing is written into the real one.
  await mkdir(join(directory, 'node_modules/.bin'), { recursive: true })
  await symlink(process.execPath, join(directory, 'node_modules/.bin/node'))
  await mkdir(join(directory, 'examples/contoso'), { recursive: true })
  for (const name of ['package.json', 'node_modules', 'src'])
    await symlink(join(ROOT, 'examples/contoso', name), join(directory, 'examples/contoso', name))
  environment = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    POSTERN_DATA_DIR: join(directory, 'data'),
    POSTERN_DEVELOPMENT: 'true',
    POSTERN_PORT: String(await freePort()),
    POSTERN_LOG_LEVEL: 'warn',
  }
  const begun = await postern(['init', '--domain', 'contoso.com'])
  issuer = /^issuer\s+(\S+)$/m.exec(begun.out)?.[1] ?? ''
  expect(issuer).not.toBe('')
  expect(begun.out).toContain('postern hybrid setup')
}, 60_000)
// The embedded database is open in one process at a time.
afterEach(() => Promise.all(started.map(stop)))
afterAll(async () => {
  for (const server of published) server.close()
  await rm(directory, { recursive: true, force: true })
})

function run(program: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((done) => {
    execFile(program, [...words], { cwd: directory, env: { ...environment, ...more } }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code ?? 1), out, err })
    })
  })
}
const postern = (words: readonly string[], more = {}): Promise<Ended> => run(process.execPath, [CLI, ...words], more)

/** As in a shell that stops at the first mistake, without what somebody's start-up files add. */
const runScript = (script: string, more = {}): Promise<Ended> => run('bash', ['--noprofile', '--norc', '-euc', script], more)

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** Starts a program that stays, and waits until it answers. */
async function start(words: readonly string[], url: string, more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...words], {
    cwd: directory,
    env: { ...environment, ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new TypeError(`${words.join(' ')} ended with ${child.exitCode}: ${said}`)
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return child
    await wait(50)
  }
  throw new TypeError(`${words.join(' ')} never answered: ${said}`)
}

/** The blocks of a guide in their order, with what is different here put in. */
async function blocksOf(guide: string, different: Readonly<Record<string, string>>): Promise<readonly Block[]> {
  let page = await readFile(join(ROOT, 'docs/guides', guide), 'utf8')
  for (const [from, to] of Object.entries(different)) {
    expect(page).toContain(from)
    page = page.replaceAll(from, to)
  }
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
}

/** The commands of the blocks, as a shell splits them as far as the guides need it: a backslash at the end of a line. */
const commandsOf = (blocks: readonly Block[]): readonly string[] =>
  blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.replaceAll('\\\n', ' ').trimEnd().split('\n'))

/** Runs each and wants it to succeed. Returns what was said, by command. */
async function runAll(
  commands: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>()
  for (const command of commands) {
    const [program, ...words] = command.split(/ +/)
    expect(program).toBe('postern')
    const { code, out, err } = await postern(words, more)
    expect({ command, code, err: code === 0 ? '' : `${err}${out}` }).toEqual({ command, code: 0, err: '' })
    said.set(command, out)
  }
  return said
}

/** What postern prints after a name. */
const valueIn = (said: string, name: string): string => new RegExp(`^${name}\\s+(\\S+)$`, 'm').exec(said)?.[1] ?? ''

/** What the guide takes from the demo: Mary, who needs no second factor here, and a mail client. Returns the name of the demo's file. */
async function preparePerson(): Promise<string> {
  const added = await postern(['account', 'add', 'mary@contoso.com', '--generate-password'])
  await postern(['policy', 'set-mode', 'Everybody needs a second factor', 'report-only'])
  const redirectUri = 'http://127.0.0.1/callback'
  const client = ['--authentication-method', 'none', '--application-type', 'native', '--grant-type', 'authorization_code']
  const registered = await postern(['client', 'add', 'Mail', '--id', DEMO_CLIENT, ...client, '--redirect-uri', redirectUri])
  expect(registered).toMatchObject({ code: 0, err: '' })
  const file = join(directory, 'demo.json')
  const mary = { upn: 'mary@contoso.com', password: valueIn(added.out, 'password') }
  const unused = { upn: 'nobody@contoso.com', password: 'none' }
  const demo = {
    issuer,
    realm: { id: issuer.slice(issuer.lastIndexOf('/') + 1), domain: 'contoso.com' },
    accounts: [mary],
    admin: unused,
    clients: { mail: { clientId: DEMO_CLIENT, redirectUris: [redirectUri] }, exchange: { clientId: EXCHANGE } },
    resources: { mail: 'http://localhost:8090/' },
    mailServer: 'http://localhost:8090',
  }
  await writeFile(file, JSON.stringify(demo))
  return file
}

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

test('the guide to servers that call servers leads from two keys to a call for Mary, and back', {
  timeout: 300_000,
}, async () => {
  const port = await freePort()
  const blocks = await blocksOf('server-to-server.md', {
    'localhost:9000': `localhost:${port}`,
    '.listen(9000)': `.listen(${port}, 'localhost')`,
  })
  const scripts = blocks.filter(({ language }) => language === 'bash').map(({ text }) => text)
  const programs = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text)
  const commands = commandsOf(blocks)
  expect([scripts.length, programs.length, commands.length]).toEqual([4, 2, 17])
  const [makeKeys = '', askByHand = '', signIn = '', exchange = ''] = scripts
  const looking = commands.findIndex((command) => command.startsWith('postern audit'))

  const demoFile = await preparePerson()
  expect((await runScript(makeKeys)).code).toBe(0)
  const said = await runAll(commands.slice(0, looking))
  expect([...said.values()].join('')).toContain('except the groups administrators, board')

  const service = await start([CLI, 'serve'], `http://127.0.0.1:${environment.POSTERN_PORT}/readyz`)
  const [mailServer = '', bookings = ''] = programs
  const [mailFile, bookingsFile] = ['examples/contoso/mail.ts', 'examples/contoso/bookings.ts'] as const
  const starting = blocks.filter(({ language }) => language === '').map(({ text }) => text)
  for (const file of [mailFile, bookingsFile]) expect(starting.join('')).toContain(`\nnode_modules/.bin/node ${file}\n`)
  await writeFile(join(directory, mailFile), mailServer)
  await writeFile(join(directory, bookingsFile), bookings)
  const mail = await start([mailFile], `http://localhost:${port}/`, { ISSUER: issuer })
  expect(await run(process.execPath, [bookingsFile], { ISSUER: issuer })).toEqual({
    code: 0,
    out: 'bookings is known\n\nbookings sees when mary@contoso.com is free\n\n',
    err: '',
  })
  await writeFile(join(directory, bookingsFile), bookings.replace('mary@', 'admin@'))
  const forAdministrator = await run(process.execPath, [bookingsFile], { ISSUER: issuer })
  expect(forAdministrator.code).toBe(1)
  expect(forAdministrator.err).toMatch(/diagnostics: '2000005;reason=.*invalid_user/)

  const byHand = await runScript([askByHand, signIn, exchange].join('\n'), { ISSUER: issuer, POSTERN_DEMO_FILE: demoFile })
  expect({ code: byHand.code, err: byHand.err }).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^for mary@contoso\.com, for http:\/\/localhost:9001\/, .*\n$/),
  })
  const [given = '{}', known, exchanged = '{}'] = byHand.out.trimEnd().split('\n')
  expect(JSON.parse(given)).toMatchObject({ token_type: 'Bearer', expires_in: '3600' })
  expect(known).toBe('bookings is known')
  const delegated = JSON.parse(exchanged) as Record<string, unknown>
  expect(claimsOf(delegated.access_token)).toMatchObject({
    aud: `http://localhost:${port}/`,
    upn: 'mary@contoso.com',
    scp: 'Calendar.Read',
    act: { sub: 'bookings' },
  })
  await stop(mail)
  await stop(service)

  const trail = await runAll(commands.slice(looking))
  const rows = (event: string): string => trail.get(`postern audit list --event ${event}`) ?? ''
  expect(rows('actor_token.issued')).toContain('bookings')
  expect(rows('actor_token.used')).toContain('mary@contoso.com')
  expect(rows('actor_token.use_refused')).toContain('user_excluded')
})

/** A mail server that publishes who it is and does nothing else. Returns its address. */
async function publish(serviceName: string, file: string): Promise<string> {
  const files = ['-keyout', join(directory, `${file}.key`), '-out', join(directory, `${file}.crt`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${file}`, ...files], {
    stdio: 'ignore',
  })
  const pem = await readFile(join(directory, `${file}.crt`), 'utf8')
  const document = {
    id: `_${file}`,
    name: 'Exchange',
    realm: 'contoso.com',
    serviceName,
    issuer: `${serviceName}@contoso.com`,
    allowedAudiences: [`${serviceName}@contoso.com`],
    keys: [{ usage: 'signing', keyvalue: { type: 'x509Certificate', value: pem.replaceAll(/-----.*-----|\s/g, '') } }],
    endpoints: [],
  }
  const server = createServer((request, response) => {
    const found = request.url === '/autodiscover/metadata/json/1'
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(found ? JSON.stringify(document) : '')
  })
  published.push(server)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}/` // a TCP server has a port
}

test('the guide to a hybrid sets two servers up, looks at them, follows their certificates, and takes it all back', {
  timeout: 300_000,
}, async () => {
  const [onPremises, cloud] = [await publish(EXCHANGE, 'on-premises'), await publish(CLOUD, 'cloud')]
  const blocks = await blocksOf('hybrid.md', { 'https://mail.contoso.com/': onPremises, 'https://cloud.contoso.com/': cloud })
  const commands = commandsOf(blocks)
  expect(commands.length).toBe(8)
  const hosts = [onPremises, cloud].map((url) => new URL(url).host).join(',')
  const said = [...(await runAll(commands, { POSTERN_PARTNER_HOSTS: hosts })).values()]
  const [dry, made, done, status, refreshed, shown, dryUndo, undone] = said
  expect(dry).toContain('nothing was changed')
  expect(made).toContain('key and certificate of branch-mail')
  expect(done).toMatch(/were done\./)
  expect(done).toContain(`trusts ${issuer}`)
  expect(status).toContain('Everything is in place.')
  expect(refreshed).not.toContain('refused')
  expect(shown).toContain(`${onPremises}autodiscover/metadata/json/1`)
  expect(dryUndo).toContain('would be taken back')
  expect(undone).toMatch(/were taken back\./)
})
