import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from './command.ts'
import { type BreakableTarget, startTarget } from './testing/breakable-target.ts'

const CLI = fileURLToPath(new URL('cli.ts', import.meta.url))

let folder: string
let target: BreakableTarget

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  target = await startTarget()
  const { certificate, privateKey, person } = target.server
  await writeFile(join(folder, 'server.pem'), certificate)
  await writeFile(join(folder, 'server.key'), privateKey)
  await writeFile(join(folder, 'mary.txt'), `${person?.token}\n`)
  await writeFile(join(folder, 'mail.txt'), target.token)
})

afterAll(async () => {
  await target[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** The command as cli.ts runs it, with the output caught. */
async function run(...given: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommand(given, {
    out: { write: (text: string) => out.push(text) },
    error: { write: (text: string) => err.push(text) },
    clock: () => new Date(),
  })
  return { code, out: out.join(''), err: err.join('') }
}

const runProcess = (...given: readonly string[]) =>
  new Promise<{ code: number | null; out: string; err: string }>((done) => {
    const child = execFile(process.execPath, [CLI, ...given], (_failure, out, err) => done({ code: child.exitCode, out, err }))
  })

const server = () => ['--server', target.server.clientId, '--certificate', join(folder, 'server.pem')]
const key = () => ['--private-key', join(folder, 'server.key'), '--ask-for', target.server.resource]
const person = () => [
  '--person-token-file',
  join(folder, 'mary.txt'),
  '--act-at',
  String(target.server.person?.resource),
  '--act-scope',
  String(target.server.person?.scope),
]

test('a server is tested with its certificate, a person and a stolen token, and nothing is skipped', async () => {
  const mail = ['--resource', target.resource, '--token-file', join(folder, 'mail.txt')]
  const { code, out } = await run(
    '--issuer',
    target.issuer,
    '--only',
    'server-to-server',
    ...mail,
    ...server(),
    ...key(),
    ...person(),
  )
  expect(out).toMatch(/\n\d\d modules: \d\d passed, 0 with warnings, 0 failed, 0 skipped\n$/)
  expect(out, 'no bar and no colours in a pipe').not.toContain('\u001b')
  expect(out).not.toContain('skip ')
  expect(code).toBe(0)
})

test('without a person, acting for people is skipped', async () => {
  const { code, out } = await run('--issuer', target.issuer, '--only', 'server-to-server', ...server(), ...key())
  expect(out).toContain('why: server.person was not given')
  expect(out).toMatch(/, 0 failed, 5 skipped\n$/)
  expect(code).toBe(0)
})

test.each([
  ['half a server', () => server(), '--server, --certificate, --private-key and --ask-for belong together'],
  [
    'half a person',
    () => [...server(), ...key(), ...person().slice(2)],
    '--person-token-file, --act-at and --act-scope belong together',
  ],
  ['a person without a server', () => person(), '--person-token-file needs --server'],
  ['a key for a certificate', () => [...server(), ...key(), '--certificate', join(folder, 'server.key')], 'must be PEM'],
])('%s is wrong usage', async (_, given, message) => {
  const { code, err } = await run('--issuer', target.issuer, ...given())
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
})

test('a target file does what flags do, flags win over it, and every form of report is written', async () => {
  const description = `
issuer: https://nobody.example/
resource: { url: ${target.resource}, token_file: mail.txt }
`
  await writeFile(join(folder, 'target.yaml'), description)
  const at = (name: string) => join(folder, name)
  const { code, out } = await run(
    ...['--target', at('target.yaml'), '--issuer', target.issuer, '--only', 'refuses-an-unsigned-token'],
    ...['--json', at('report.json'), '--junit', at('report.xml'), '--html', at('report.html')],
  )
  expect([out, code]).toEqual([
    'pass   resource-server: refuses an unsigned token\n\n1 module: 1 passed, 0 with warnings, 0 failed, 0 skipped\n',
    0,
  ])
  const report: unknown = JSON.parse(await readFile(at('report.json'), 'utf8'))
  expect(report).toMatchObject({ issuer: target.issuer, counts: { pass: 1 }, results: [{ name: 'refuses-an-unsigned-token' }] })
  expect(await readFile(at('report.xml'), 'utf8')).toContain('name="refuses an unsigned token"')
  expect(await readFile(at('report.html'), 'utf8')).toContain('The one module holds.')
})

test('init writes a target file once', async () => {
  const path = join(folder, 'new.yaml')
  expect((await run('init', path)).code).toBe(0)
  expect(await readFile(path, 'utf8')).toContain('issuer: https://login.example.com/realm')
  expect(await run('init', path)).toMatchObject({ code: 2, err: `${path} is there already, and was left alone\n` })
})

test('a list names the modules of a plan with their ids, and asks nobody', async () => {
  const { code, out } = await run('--list', '--plan', 'config')
  expect([code, out]).toEqual([0, expect.stringContaining('oidcc-discovery-endpoint-verification')])
})

test('an area is that area alone; a part of a name counts where nothing is named so, and that is said', async () => {
  const areas = async (...words: readonly string[]) => [...new Set((await run('--list', ...words)).out.match(/^[a-z-]+(?=:)/gm))]
  expect(await areas('--only', 'client')).toEqual(['client'])
  expect(await areas('--only', 'issuer', 'resource-server')).toEqual(['resource-server', 'issuer'])
  expect((await run('--list', '--only', 'oidcc-codereuse')).out).toBe(
    'issuer: redeems-a-code-once  oidcc-codereuse  oidcc-codereuse-30seconds\n',
  )
  const part = await run('--issuer', target.issuer, '--only', 'advertises-only')
  expect(part.out).toMatch(/^Nothing is named advertises-only: run are .*, advertises-only-s256-for-pkce\npass /)
})

test('a report that cannot be written is told before the run, with its name', async () => {
  const path = join(folder, 'mail.txt', 'report.html')
  const told = await run('--issuer', target.issuer, '--html', path)
  expect(told).toEqual({ code: 2, out: '', err: `cannot read or write ${path}: ENOTDIR\n` })
})

test('a wrong target file is named, with the line', async () => {
  const path = join(folder, 'wrong.yaml')
  await writeFile(path, 'issuer: x\nperson: [')
  const { code, err } = await run('--target', path)
  expect([code, err]).toEqual([2, expect.stringMatching(/^\S+wrong\.yaml: line 2, column \d+: Flow sequence .*\]\n$/)])
})

test('a failure ends with 1, for the process, too', async () => {
  const { code, out } = await runProcess('--issuer', `${target.issuer}/nowhere`, '--only', 'names-itself-exactly-in-its-metadata')
  expect([code, out]).toEqual([1, expect.stringContaining('FAIL')])
})

test('help is no failure', async () => {
  expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--target <path>') })
  expect(await run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('a wrong word is told in one line', async () => {
  expect(await run('--magic')).toEqual({ code: 2, out: '', err: "error: unknown option '--magic'\nsee --help\n" })
  expect(await run('inti')).toEqual({ code: 2, out: '', err: 'there is no command inti, only init; see --help\n' })
})

test.each([
  ['nothing to test', ['--verbose'], 'nothing to test'],
  ['a plan that nobody knows', ['--plan', 'magic'], 'no plan magic: basic, config, formpost-basic'],
  ['a module that nobody knows', ['--only', 'magic'], 'no module matches magic'],
  [
    'a plan in the place of a module',
    ['--only', 'oidcc-basic-certification-test-plan'],
    'use --plan oidcc-basic-certification-test-plan',
  ],
  ['a target file that is not there', ['--target', 'nowhere.yaml'], 'cannot read or write nowhere.yaml: ENOENT'],
])('%s is wrong usage, too', async (_, given, message) => {
  expect(await run(...given)).toMatchObject({ code: 2, err: expect.stringContaining(message) })
})
