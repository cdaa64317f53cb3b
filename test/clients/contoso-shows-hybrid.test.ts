import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Three processes start, and a code may have to be waited for. In milliseconds. */
const MINUTES = 240_000
const SHOW = 'examples/contoso/src/show-hybrid.ts'
const children: ChildProcess[] = []
let directory: string
let environment: Record<string, string>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-shown-'))
  const [port = 0, mailPort = 0, cloudPort = 0] = await freePorts(3)
  environment = {
    PATH: process.env.PATH ?? '',
    POSTERN_PORT: String(port),
    POSTERN_DEMO_MAIL_PORT: String(mailPort),
    POSTERN_DEMO_CLOUD_PORT: String(cloudPort),
    POSTERN_DATA_DIR: directory,
    POSTERN_CONFIG: devNull,
    POSTERN_DEMO_FILE: join(directory, 'demo.json'),
  }
  await startChild('packages/sts/bin/postern.js', 'demo')
  await startChild('examples/contoso/src/main.ts')
  await startChild('examples/contoso/src/main.ts', '--cloud')
}, MINUTES)
afterAll(async () => {
  for (const child of children.toReversed()) {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'close')
  }
  await rm(directory, { recursive: true, force: true })
})

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, 'localhost')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port) // a TCP listener has one
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Starts a process and waits until it says that it is ready. */
async function startChild(...argv: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, argv, { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let said = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (/^ready /m.test(said)) resolve()
      })
    child.once('close', () => reject(new TypeError(`${argv.join(' ')} ended: ${said}`)))
  })
}

async function show(more: readonly string[] = [], changed: Record<string, string> = {}) {
  const env = { ...environment, ...changed }
  const child = spawn(process.execPath, [SHOW, ...more], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, error }
}

/** What must be on no screen: passwords, secrets of factors, keys, and whole tokens. */
async function requireNoSecrets(text: string): Promise<void> {
  const demo = JSON.parse(await readFile(join(directory, 'demo.json'), 'utf8')) as {
    accounts: { password: string; totpSecret?: string }[]
  }
  for (const { password, totpSecret } of demo.accounts) {
    expect(text).not.toContain(password)
    if (totpSecret !== undefined) expect(text).not.toContain(totpSecret)
  }
  expect(text).not.toMatch(/PRIVATE KEY|eyJ[\w-]{20}/)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect((await readdir(directory)).filter((name) => name.startsWith('trace-'))).toEqual([])
}

test(
  "the free/busy call is shown step by step, and at its end what Mary and Ann see of Joe's day",
  async () => {
    const { code, out, error } = await show()
    expect([code, error]).toEqual([0, ''])
    const titles = [...out.matchAll(/^-- \d+ {2}(.*?) -+$/gm)].map(([, title]) => title)
    expect(titles).toEqual([
      'Mary asks her own server',
      'Whose domain is it?',
      'The empty Bearer: may I come in?',
      'Where are tokens issued?',
      'An assertion becomes an actor token',
      'Autodiscover: where are the calendars?',
      'The calendars, for Mary',
      'Mary has her answer',
    ])
    expect(out).toMatch(/trustedfordelegation true/)
    expect(out).toMatch(/What Mary sees[\s\S]*Bridge drawings[\s\S]*What Ann sees(?![\s\S]*Bridge)[\s\S]*09:00-10:00 {2}busy/)
    await requireNoSecrets(out)
  },
  MINUTES,
)

test(
  'the mobile flow is shown with both tokens, and the second time with the refresh token',
  async () => {
    const { code, out, error } = await show(['mobile'])
    expect([code, error]).toEqual([0, ''])
    expect(out).toMatch(/"openedBy": "on-behalf-of"[\s\S]*grant_type=refresh_token[\s\S]*"openedBy": "refresh"/)
    const titles = [...out.matchAll(/^-- \d+ {2}(.*?) -+$/gm)].map(([, title]) => title)
    expect(titles).toEqual([
      'The phone asks the cloud for her letters',
      'On behalf of Mary: access token 1 becomes access token 2',
      'ActiveSync with access token 2: FolderSync',
      'ActiveSync with access token 2: Sync',
      'ActiveSync with access token 2: Sync',
      'The phone has her letters',
      'The phone asks again',
      'Refresh token 1 is used once',
      'ActiveSync again',
      'The phone has her letters',
    ])
    // Each is told once in full; the second time one line is enough.
    expect(out.match(/Cmd=/g)).toHaveLength(3)
    expect(out.match(/^ {3}(?:Folder)?Sync, with access token 3: 200 OK$/gm)).toHaveLength(3)
    expect(out).toMatch(/act +\{"sub":"8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3"\}/)
    await requireNoSecrets(out)
  },
  MINUTES,
)

test(
  'says what to do when nothing runs, when the file is of an earlier version, and when it is asked for something else',
  async () => {
    const demo = JSON.parse(await readFile(join(directory, 'demo.json'), 'utf8'))
    const written = async (name: string, content: unknown): Promise<Record<string, string>> => {
      const path = join(directory, name)
      await writeFile(path, JSON.stringify(content))
      return { POSTERN_DEMO_FILE: path }
    }
    const [free] = await freePorts(1)
    const gone = await show([], await written('gone.json', { ...demo, cloudServer: `http://localhost:${free}` }))
    expect(gone).toMatchObject({
      code: 1,
      error: expect.stringMatching(/Nothing answers at http:\/\/localhost:\d+\. Run npm start/),
    })
    const { cloud: _cloud, ...clients } = demo.clients
    const earlier = await show([], await written('earlier.json', { ...demo, clients }))
    expect(earlier).toMatchObject({ code: 1, error: expect.stringContaining('Run npm start: it adds one.') })
    const missing = await show([], { POSTERN_DEMO_FILE: join(directory, 'none.json') })
    expect(missing).toMatchObject({ code: 1, error: expect.stringContaining('Run npm start first') })
    expect(await show(['everything'])).toMatchObject({ code: 2, out: '' })
    expect(await show(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('npm run hybrid') })
  },
  MINUTES,
)
