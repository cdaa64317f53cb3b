/** An administrator lets two mail servers work together, by the real command: with keys made for them, and by their metadata. */
import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { access, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerJson, exchangeDocument, type PublishingServer, startPublishing } from '../server-to-server/partner-stage.ts'

const CLI = fileURLToPath(new URL('../../../packages/sts/src/cli.ts', import.meta.url))
const exchange = '00000002-0000-0ff1-ce00-000000000000'
const office = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'

let directory: string
let mail: PublishingServer
let cloud: PublishingServer

/** Each test has an installation of its own: certificates belong to one principal in all of one. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-hybrid-story-'))
  ;[mail, cloud] = [await startPublishing(), await startPublishing()]
})
afterAll(async () => {
  await Promise.all([mail.close(), cloud.close()])
  await rm(directory, { recursive: true })
})

function installation(name: string, variables: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    POSTERN_BASE_URL: 'http://localhost:8080',
    POSTERN_DEVELOPMENT: 'true',
    POSTERN_DATA_DIR: join(directory, name),
    ...variables,
  }
  const run = (...words: readonly string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      execFile(process.execPath, [CLI, ...words], { cwd: directory, env }, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
      })
    })
  const json = async (...words: readonly string[]) => {
    const { code, out, err } = await run(...words, '--json')
    return code === 0 ? JSON.parse(out) : JSON.parse(err)
  }
  return { run, json }
}

async function keyOf(path: string): Promise<{ certificate: string; x5t: string }> {
  const certificate = await readFile(path, 'utf8')
  const x5t = createHash('sha1').update(new X509Certificate(certificate).raw).digest('base64url')
  return { certificate, x5t }
}

it('makes keys for both servers, changes nothing the second time, and takes all of it back', async () => {
  const { run, json } = installation('made')
  await run('init', '--domain', 'contoso.com')
  const keys = join(directory, 'keys')
  const setUp = ['hybrid', 'setup', '--on-premises', 'https://mail.contoso.com', '--cloud', 'https://outlook.contoso.test']
  const full = [...setUp, '--make-certificates', keys, '--cloud-client-id', office, '--add-domain', 'contoso.onmicrosoft.test']

  const dry = await run(...full, '--dry-run')
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('This was a dry run: nothing was changed.') })
  await expect(access(keys)).rejects.toThrow('ENOENT')
  expect(await json('client', 'list')).toEqual([])

  const done = await run(...full)
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toContain(`  done           ${exchange} may act for people at https://outlook.contoso.test/`)
  expect(done.out).toContain(`accepts the audience ${office}/outlook.contoso.test@`)
  expect(done.out).not.toContain('PRIVATE KEY')
  expect((await stat(join(keys, 'cloud.key.pem'))).mode & 0o777).toBe(0o600)

  const again = await run(...full)
  expect(again.out).toContain('Everything was there already; nothing was changed.')
  expect(await run('hybrid', 'status')).toMatchObject({ code: 0, out: expect.stringContaining('Everything is in place.') })
  await run('delegation', 'revoke', office, '--resource', 'https://mail.contoso.com/')
  expect(await run('hybrid', 'status')).toMatchObject({ code: 1, out: expect.stringContaining('postern hybrid setup again') })

  expect((await run('hybrid', 'undo')).out).toContain('were taken back.')
  const left = [await json('client', 'list'), await json('resource', 'list'), await json('delegation', 'list')]
  expect(left).toEqual([[], [], []])
  expect(await json('realm', 'list')).toMatchObject([{ domains: ['contoso.com'] }])
  expect((await json('hybrid', 'undo')).error.code).toBe('missing')
}, 400_000)

it('reads the metadata of both servers, follows a new certificate, and refuses one that they share', async () => {
  const { run, json } = installation('read', { POSTERN_PARTNER_HOSTS: `${mail.host},${cloud.host}` })
  const made = installation('for keys')
  await Promise.all([run('init', '--domain', 'contoso.com'), made.run('init', '--domain', 'fabrikam.com')])
  const keys = join(directory, 'others')
  const other = ['hybrid', 'setup', '--on-premises', 'https://a.fabrikam.com', '--cloud', 'https://b.fabrikam.com']
  await made.run(...other, '--make-certificates', keys)
  const [one, two] = [await keyOf(join(keys, 'on-premises.cert.pem')), await keyOf(join(keys, 'cloud.cert.pem'))]
  const third = await keyOf(join(directory, 'keys', 'cloud.cert.pem'))
  const document = (clientId: string, key: typeof one) => answerJson(exchangeDocument({ clientId, realm: 'contoso.com' }, [key]))
  const setUp = ['hybrid', 'setup', '--on-premises', `http://${mail.host}`, '--cloud', `http://${cloud.host}`]

  mail.answer = document(exchange, one)
  cloud.answer = document(office, one)
  expect(await run(...setUp)).toMatchObject({ code: 1, err: expect.stringContaining('CVE-2025-53786') })
  cloud.answer = document(exchange, two)
  expect(await run(...setUp)).toMatchObject({ code: 1, err: expect.stringContaining('--cloud-client-id') })
  cloud.answer = (_request, response) => void response.writeHead(404).end()
  expect((await json(...setUp)).error.code).toBe('metadata_refused')
  expect(await json('client', 'list')).toEqual([])

  cloud.answer = document(office, two)
  expect((await run(...setUp)).out).toContain(`must list: ${mail.host}, ${cloud.host}`)
  expect((await json('partner', 'list')).map(({ certificates }: { certificates: object[] }) => certificates)).toMatchObject([
    [{ x5t: one.x5t, from: 'metadata' }],
    [{ x5t: two.x5t, from: 'metadata' }],
  ])
  cloud.answer = document(office, third)
  expect(await json('partner', 'refresh', office)).toMatchObject({ added: 1, removed: 1 })
  expect(await json(...setUp)).toMatchObject({ changed: 0 })
  expect(await json('partner', 'show', office)).toMatchObject({ certificates: [{ x5t: third.x5t }] })

  const warned = await run('partner', 'set', office, '--dangerously-accept-unsigned-user-tokens', 'true')
  expect(warned.out).toContain('Warning: from now on')
  expect((await run('audit', 'list')).out).toContain('DANGEROUS: unsigned user tokens accepted')
  await run('hybrid', 'undo')
  expect(await json('partner', 'list')).toEqual([])
}, 600_000)
