import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  beginAuthorization,
  fetchEndpoints,
  readAuthorizationResponse,
  redeemCode,
} from '@postern/example-contoso/authorization-code'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/sts-process.ts'
import { startService } from './service-under-test.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDES = ['docs/guides/protect-an-api.md', 'docs/guides/connect-a-mail-client.md', 'docs/guides/introspection.md']
/** What whoever runs the tests has set must not decide on which database. */
const shell: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:POSTERN_|DATABASE_URL)/.test(name)),
)
let directory: string
const started: ChildProcess[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-guides-'))
  // What `npm install /path/to/postern/packages/resource-server` makes.
  await mkdir(join(directory, 'node_modules/@postern'), { recursive: true })
  await symlink(join(ROOT, 'packages/resource-server'), join(directory, 'node_modules/@postern/resource-server'), 'dir')
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
})
afterAll(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await rm(directory, { recursive: true, force: true })
})

type Ended = Readonly<{ code: number; output: string }>

const run = (
  program: string,
  programArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(program, [...programArguments], { cwd: ROOT, env: { ...shell, ...environment } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` })
    })
  })

/** The contents of the fenced blocks of one language, in their order. */
async function blocksOf(guide: string, language: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, guide), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block)
}

/** Splits a line as a shell does, as far as the guides need it: single quotes, and a backslash at the end of a line. */
const wordsOf = (command: string): readonly string[] =>
  (command.match(/'[^']*'|[^\s']+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''))

/** Starts a program that stays, and waits until it answers. */
async function start(
  programArguments: readonly string[],
  given: { url: string; environment: Readonly<Record<string, string>> },
): Promise<void> {
  const child = spawn(process.execPath, [...programArguments], {
    cwd: ROOT,
    env: { ...shell, ...given.environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  for (let tries = 0; tries < 400; tries += 1) {
    if (child.exitCode !== null) throw new TypeError(`${programArguments.join(' ')} ended with ${child.exitCode}: ${said}`)
    const answer = await fetch(given.url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    await wait(50)
  }
  throw new TypeError(`${programArguments.join(' ')} never answered: ${said}`)
}

/** Runs the first TypeScript block of a page as a customer would, on a port that is free here. Returns its address. */
async function runFirstBlock(page: string, issuer: string): Promise<string> {
  const [block = ''] = await blocksOf(page, 'ts')
  expect(block).toContain('.listen(9000)')
  const port = await freePort()
  const file = join(directory, `${page.replaceAll(/[^A-Za-z]+/g, '-')}.ts`)
  await writeFile(file, block.replace('.listen(9000)', `.listen(${port})`))
  await start([file], { url: `http://127.0.0.1:${port}/`, environment: { ISSUER: issuer } })
  return `http://127.0.0.1:${port}/`
}

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } })

test('the first API of each README refuses nobody in particular, and opens for the token of the demo', async () => {
  const service = await startService({ audience: 'http://localhost:8090/' })
  try {
    const { sts, signIn } = service
    const { clientId, redirectUri } = sts.clients.mail
    const endpoints = await fetchEndpoints(sts.issuer)
    const asked = { endpoints, client: { clientId }, redirectUri, resource: 'http://localhost:8090/' }
    const pending = beginAuthorization({ ...asked, scope: 'openid http://localhost:8090/Mail.Read' })
    const code = readAuthorizationResponse(await signIn(pending.url, redirectUri), pending, endpoints)
    const { accessToken } = await redeemCode({ ...asked, pending, code })
    for (const page of ['README.md', 'packages/resource-server/README.md']) {
      const url = await runFirstBlock(page, sts.issuer)
      expect((await fetch(url)).status, page).toBe(401)
      const opened = await fetch(url, bearer(accessToken))
      expect({ page, status: opened.status, text: await opened.text() }).toMatchObject({
        status: 200,
        text: expect.stringContaining('mary@contoso.com'),
      })
    }
  } finally {
    await service.close()
  }
})

test('every TypeScript block of the guides compiles against the library', async () => {
  const blocks = (await Promise.all(GUIDES.map((guide) => blocksOf(guide, 'ts')))).flat()
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  const files = await Promise.all(
    blocks.map(async (block, at) => {
      const file = join(directory, `block-${at}.ts`)
      await writeFile(file, block)
      return file
    }),
  )
  const library = join(ROOT, 'packages/resource-server/src')
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        paths: {
          '@postern/resource-server': [join(library, 'index.ts')],
          '@postern/resource-server/node-http': [join(library, 'node-http.ts')],
        },
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files,
    }),
  )
  const compiled = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', directory])
  expect(compiled.output).toBe('')
  expect(compiled.code).toBe(0)
})

test('every postern command of the guides does what it says, in their order; then the API opens and a mail server may ask', {
  timeout: 180_000,
}, async () => {
  const port = await freePort()
  const environment = {
    POSTERN_DATA_DIR: join(directory, 'data'),
    POSTERN_DEVELOPMENT: 'true',
    POSTERN_PORT: String(port),
    POSTERN_LOG_LEVEL: 'warn',
  }
  const postern = (words: readonly string[]): Promise<Ended> =>
    run(process.execPath, ['packages/sts/bin/postern.js', ...words], environment)
  const begun = await postern(['init', '--domain', 'contoso.com'])
  const issuer = /^issuer\s+(\S+)$/m.exec(begun.output)?.[1] ?? ''

  const [api, mail, asking] = await Promise.all(GUIDES.map((guide) => blocksOf(guide, 'sh')))
  const commandsOf = (blocks: readonly string[] | undefined): readonly string[] =>
    (blocks ?? [])
      .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
      .filter((line) => line.startsWith('postern '))
      .map((line) => line.replace(/\s#.*$/, ''))
  const commands = [...commandsOf(api), ...commandsOf(mail), ...commandsOf(asking)]
  expect(commands.length).toBeGreaterThanOrEqual(6)

  let clientId = ''
  const secrets: (readonly [id: string, secret: string])[] = []
  for (const command of commands) {
    const ended = await postern(wordsOf(command.replace('CLIENT_ID', clientId)).slice(1))
    expect({ command, ...ended }).toMatchObject({ command, code: 0 })
    const secret = /^secret\s+(\S+)$/m.exec(ended.output)?.[1]
    // What says `server` has made the client itself.
    const owner = /^server\s+(\S+)$/m.exec(ended.output)?.[1] ?? clientId
    if (secret !== undefined) secrets.push([owner, secret])
    clientId = (command.startsWith('postern client') && /^id\s+(\S+)$/m.exec(ended.output)?.[1]) || clientId
  }
  const [report, gated, mailServer] = secrets
  if (report === undefined || gated === undefined || mailServer === undefined)
    throw new TypeError('three clients of the guides have a secret')
  await postern(['client', 'grant', report[0], 'https://mail.contoso.com/', '--scope', 'IMAP.AccessAsUser.All'])

  await start(['packages/sts/bin/postern.js', 'serve'], { url: `http://127.0.0.1:${port}/readyz`, environment })
  const ask = async (endpoint: string, [id, secret]: readonly [string, string], body: Readonly<Record<string, string>>) => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
    const answer = await fetch(`${issuer}/oauth2/v2.0/${endpoint}`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(body),
    })
    return (await answer.json()) as Readonly<Record<string, unknown>>
  }
  const tokenFor = async (resource: string): Promise<string> =>
    String((await ask('token', report, { grant_type: 'client_credentials', resource })).access_token)

  const url = await runFirstBlock('docs/guides/protect-an-api.md', issuer)
  const calendar = await tokenFor('http://localhost:9000/')
  expect((await fetch(url)).status).toBe(401)
  const opened = await fetch(url, bearer(calendar))
  expect([opened.status, await opened.text()]).toEqual([200, `Calendar for ${report[0]}\n`])

  const letters = await tokenFor('https://mail.contoso.com/')
  expect(await ask('introspect', mailServer, { token: letters })).toMatchObject({ active: true, scope: 'IMAP.AccessAsUser.All' })
  expect(await ask('introspect', mailServer, { token: calendar })).toEqual({ active: false })
  // The API that takes apps with passwords as well has got a name of its own to ask with.
  expect(gated[0]).toBe('my-mail')
  expect(await ask('introspect', gated, { token: calendar })).toMatchObject({ active: true })
})
