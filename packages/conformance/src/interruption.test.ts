/** Somebody stops a run: what was found is told, and every program that the kit started is gone, with what it started itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pause } from './clock.ts'

const CLI = fileURLToPath(new URL('cli.ts', import.meta.url))

/** Answers everything with 401, and is started by a shell-like parent, as `npm start` starts a server. */
const SERVER = `require('node:http').createServer((_, answer) => answer.writeHead(401).end()).listen(Number(process.argv[1]), '127.0.0.1')`
const PARENT = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(SERVER)}, process.argv[1]], { stdio: 'inherit' }); setInterval(() => {}, 1e6)`
/** A client that never ends, nor does what it starts. */
const CLIENT = `require('node:http').get(process.env.POSTERN_CONFORMANCE_MAIL); ${PARENT}`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-stop-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP listener has a port
  await new Promise((resolve) => server.close(resolve))
  return port
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  )

async function untilItAnswers(port: number): Promise<void> {
  while (!(await answers(port))) await pause(20)
}

const endOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

test('a run that is stopped by SIGINT ends with 130, its mail server is gone, and what was found is written', async () => {
  const port = await freePort()
  const at = (name: string) => join(folder, name)
  const command = JSON.stringify([process.execPath, '-e', PARENT, String(port)])
  await writeFile(at('target.yaml'), `mail_server: { url: 'http://127.0.0.1:${port}/', audience: a, command: ${command} }\n`)
  const given = ['--target', at('target.yaml'), '--json', at('report.json'), '--html', at('report.html')]
  const child = spawn(process.execPath, [CLI, ...given, '--quick'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    // A second one would end it at once.
    if (!child.killed && out.includes('resource-server: ')) child.kill('SIGINT')
  })
  expect(await endOf(child)).toBe(130)
  expect(await answers(port)).toBe(false)
  expect(out).toContain('interrupted by SIGINT, ')
  const report = JSON.parse(await readFile(at('report.json'), 'utf8'))
  expect(report.interrupted).toEqual({ by: 'SIGINT', notRun: expect.any(Number) })
  expect(report.results.length).toBeGreaterThan(0)
  expect(report.interrupted.notRun).toBeGreaterThan(100)
  expect(await readFile(at('report.html'), 'utf8')).toContain('<h1>Interrupted by SIGINT, ')
})

test('a run that is stopped by SIGTERM while a client is at work ends with 143, and that client is gone', async () => {
  const port = await freePort()
  const command = JSON.stringify([process.execPath, '-e', CLIENT, String(port)])
  await writeFile(join(folder, 'client.yaml'), `client_under_test: { command: ${command}, wait_seconds: 600 }\n`)
  const child = spawn(process.execPath, [CLI, '--target', join(folder, 'client.yaml'), '--only', 'client'], { stdio: 'ignore' })
  const ended = endOf(child)
  await untilItAnswers(port)
  child.kill('SIGTERM')
  expect(await ended).toBe(143)
  expect(await answers(port)).toBe(false)
})
