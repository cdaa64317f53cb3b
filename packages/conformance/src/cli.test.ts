import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

const run = (...given: readonly string[]) =>
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
  expect(out).toMatch(/\n\d\d passed, 0 with warnings, 0 failed, 0 skipped\n$/)
  expect(out).not.toContain('skip ')
  expect(code).toBe(0)
})

test('without a person, acting for people is skipped', async () => {
  const { code, out } = await run('--issuer', target.issuer, '--only', 'server-to-server', ...server(), ...key())
  expect(out).toContain('saw: no --person-token-file was given')
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
