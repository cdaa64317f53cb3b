import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-cli-'))
})

afterAll(async () => rm(directory, { recursive: true }))

/** Runs the real command in a process of its own. */
function postern(words: readonly string[], options: { input?: string; variables?: Record<string, string | undefined> } = {}) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const cli = fileURLToPath(new URL('../bin/postern.js', import.meta.url))
    const { PATH, NODE_COMPILE_CACHE } = process.env
    const env = { PATH, NODE_COMPILE_CACHE, POSTERN_BASE_URL: 'https://login.contoso.com', ...options.variables }
    const child = execFile(process.execPath, [cli, ...words], { cwd: directory, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
    child.stdin?.end(options.input ?? '')
  })
}

test('wrong usage ends with 2, a wrong configuration with 1, help with 0', async () => {
  const [missing, choice, config, help, ended, version, workers] = await Promise.all([
    postern(['account', 'add']),
    postern(['client', 'add', '--preset', 'eudora']),
    postern(['realm', 'list'], { variables: { POSTERN_BASE_URL: 'http://login.contoso.com', POSTERN_PORT: 'x' } }),
    postern(['account', '--help']),
    postern(['account', 'set-password', 'mary@contoso.com']),
    postern(['--version']),
    postern(['serve', '--workers', '2'], {
      variables: {
        DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern',
        POSTERN_MASTER_KEY: Buffer.alloc(32).toString('base64'),
      },
    }),
  ])
  expect(workers).toMatchObject({ code: 1, err: expect.stringContaining('A worker could not start') })
  expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  expect(ended).toMatchObject({ code: 2, err: expect.stringMatching(/^postern: No password was given.*--generate/) })
  expect([missing.code, choice.code]).toEqual([2, 2])
  expect(config).toMatchObject({ code: 1, err: expect.stringMatching(/2 problems:[\s\S]*POSTERN_PORT[\s\S]*https/) })
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('set-password') })
}, 60_000)

test('what init refuses leaves no master key behind', async () => {
  const init = ['init', '--domain']
  const [wrongDomain, wrongPerson, away] = await Promise.all([
    postern([...init, 'not a domain']),
    postern([...init, 'contoso.com', '--admin', 'mary@fabrikam.com']),
    postern([...init, 'contoso.com'], { variables: { DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern' } }),
  ])
  expect([wrongDomain.code, wrongPerson.code, away.code]).toEqual([2, 2, 1])
  expect(away.err).toContain('DATABASE_URL')
  expect(await readdir(directory)).toEqual([])
}, 60_000)

test('init makes a realm with an administrator; accounts are added, refused, given passwords from a pipe, and all of it is audited', async () => {
  const early = await postern(['account', 'list'])
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('postern init') })

  const init = await postern(['init', '--domain', 'contoso.com', '--json'])
  expect(init.code).toBe(0)
  const made = JSON.parse(init.out)
  expect(made).toMatchObject({
    realm: { domain: 'contoso.com' },
    administrator: { upn: 'admin@contoso.com', accessPass: expect.stringMatching(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/) },
  })
  expect(made.issuer).toBe(`https://login.contoso.com/${made.realm.id}`)
  expect((await stat(join(directory, '.postern', 'master.key'))).mode & 0o777).toBe(0o600)

  const client = await postern(['client', 'add', '--preset', 'thunderbird'])
  expect(client).toMatchObject({ code: 0, out: expect.stringMatching(/may ask for nothing yet.*postern client grant 9e5f94bc/) })
  const added = await postern(['account', 'add', 'mary@contoso.com', '--group', 'staff', '--group', 'sales', '--json'])
  expect(JSON.parse(added.out)).toMatchObject({ groups: ['staff', 'sales'] })
  const refused = await postern(['account', 'add', 'mary@contoso.com', '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.err)).toMatchObject({ error: { code: 'conflict' } })
  // Only the operation can tell that this is wrong usage.
  expect(await postern(['mailapp', 'gate', '--for', 'group'])).toMatchObject({ code: 2, out: '' })
  expect(await postern(['account', 'set-password', 'mary@contoso.com'], { input: 'nine lives of a ferret\n' })).toMatchObject({
    code: 0,
  })

  const audit = await postern(['audit', 'list', '--realm', 'contoso.com', '--json'])
  const operations = JSON.parse(audit.out).flatMap((row: { detail: { operation?: string } }) => row.detail.operation ?? [])
  expect(operations).toEqual(['account.set-password', 'account.add', 'client.add', 'mfa.pass-give', 'account.add', 'realm.add'])
  // A second machine: the database is there, its key is not.
  const elsewhere = join(directory, 'elsewhere', 'master.key')
  const again = await postern(['init', '--domain', 'fabrikam.com'], { variables: { POSTERN_MASTER_KEY_FILE: elsewhere } })
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('Copy the master key of this installation') })
  expect(existsSync(elsewhere)).toBe(false)
  const foreign = { POSTERN_MASTER_KEY: randomBytes(32).toString('base64') }
  const under = await postern(['account', 'add', 'john@contoso.com', '--json'], { variables: foreign })
  expect(under).toMatchObject({ code: 1, out: '' })
  expect(JSON.parse(under.err)).toMatchObject({ error: { code: 'unknown_key' } })
  for (const secret of [
    made.administrator.password,
    made.administrator.accessPass,
    made.administrator.accessPass.replaceAll('-', ''),
  ])
    expect(`${audit.out}${init.err}`).not.toContain(secret)
}, 120_000)

test('a second start needs nothing that strips types, because the first one kept what came of it', async () => {
  const listed = join(directory, 'tell-modules.mjs')
  await writeFile(
    listed,
    "process.on('exit', () => console.error(process.moduleLoadList.filter((name) => name.includes('amaro')).length))",
  )
  const variables = {
    NODE_COMPILE_CACHE: undefined,
    CACHE_DIRECTORY: join(directory, 'compiled'),
    NODE_OPTIONS: `--import=${listed}`,
  }
  const starts = [await postern(['--version'], { variables }), await postern(['--version'], { variables })]
  expect(starts).toEqual([expect.objectContaining({ code: 0, err: '1\n' }), expect.objectContaining({ code: 0, err: '0\n' })])
}, 60_000)
