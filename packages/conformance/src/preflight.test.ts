/** A wrong target file is told once, before the run; what it spoils is skipped with that reason, and blames nobody. */
import { expect, test } from 'vitest'
import { issuerModules } from './modules/issuer/issuer.ts'
import { lookFirst } from './preflight.ts'
import { runModules } from './runner.ts'
import { createTarget, type TargetOptions } from './target.ts'
import { startIssuer } from './testing/issuer-faults-server.ts'

const clock = () => new Date()
const areas = new Set(['issuer'] as const)

async function runAgainst(options: TargetOptions) {
  const refusedClients = await lookFirst(createTarget(options), areas)
  const report = await runModules(issuerModules, createTarget({ ...options, refusedClients }), { clock })
  const failed = report.results.flatMap(({ name, findings }) =>
    findings.filter(({ verdict }) => verdict === 'fail').map(({ seen }) => ({ name, seen })),
  )
  return { refusedClients, report, failed }
}

test('a redirect address that nobody registered is one finding; what needs that client is skipped', async () => {
  await using issuer = await startIssuer()
  const { clients } = issuer.options
  const confidential = { ...clients?.confidential, clientId: 'web', redirectUri: 'https://web.example/not-registered' }
  const { refusedClients, report, failed } = await runAgainst({ ...issuer.options, clients: { ...clients, confidential } })
  const why =
    'clients.confidential: the issuer shows a page instead of signing in: is redirect_uri registered, may it use the code flow? It shows a page (400): Unknown app'
  expect([...refusedClients.values()]).toEqual([why])
  expect(failed).toEqual([{ name: 'signs-people-in-for-the-clients-that-it-is-tested-with', seen: why }])
  const skipped = report.results.filter(({ findings }) =>
    findings.some(({ seen, verdict }) => verdict === 'skip' && seen === why),
  )
  expect(skipped.length).toBeGreaterThan(2)
})

test('the page is told as people read it, and an error is told as such', async () => {
  await using stranger = await startIssuer('knows-no-client')
  const [shown] = (await lookFirst(createTarget(stranger.options), areas)).values()
  expect(shown).toContain('It shows a page (400): Not accepted The app\u2019s request was not accepted.')
  await using strict = await startIssuer('refuses-every-client')
  const [told] = (await lookFirst(createTarget(strict.options), areas)).values()
  expect(told).toBe('clients.public: the issuer answers unauthorized_client instead of signing in: may it use the code flow?')
})

test('a wrong password fails once, and is typed once', async () => {
  await using issuer = await startIssuer()
  const { failed, report } = await runAgainst({ ...issuer.options, person: { username: 'mary', password: 'not hers' } })
  expect(failed.filter(({ seen }) => seen.includes('the person could not sign in'))).toHaveLength(1)
  expect(failed.filter(({ name }) => !name.startsWith('sends-credentials-on'))).toHaveLength(1)
  expect(report.counts.skip).toBeGreaterThan(20)
})

test('an issuer without metadata fails once for that', async () => {
  const fetch = async () => new Response('<h1>Welcome</h1>', { headers: { 'content-type': 'text/html' } })
  const { failed, report } = await runAgainst({ issuer: 'https://login.example/', fetch })
  const why = 'https://login.example/.well-known/openid-configuration is no metadata document: 200 text/html, not JSON'
  expect(failed.filter(({ seen }) => seen.includes('is no metadata document'))).toEqual([
    { name: 'names-itself-exactly-in-its-metadata', seen: `answer_malformed: ${why}` },
  ])
  expect(report.results.filter(({ findings }) => findings.some(({ seen }) => seen === why)).length).toBeGreaterThan(15)
})

test.each([
  [
    'http://localhost:1/x',
    /^issuer: no answer from http:\/\/localhost:1\/x\/\S*: bad port \(this port is for another protocol\)$/,
  ],
  ['http://127.0.0.1:2/x', /^issuer: no answer from \S*: ECONNREFUSED \(nobody listens there\)$/],
])('%s is not there, and why is told', async (issuer, words) => {
  const error: unknown = await lookFirst(createTarget({ issuer }), areas).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'target_unreachable', message: expect.stringMatching(words) })
})

test.each([
  ['ENOTFOUND', 'nobody knows that name'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file with more'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
])('%s is told in words', async (code, words) => {
  const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new TypeError('no'), { code }) }))
  const look = lookFirst(createTarget({ issuer: 'https://login.example/', fetch }), areas)
  await expect(look).rejects.toThrow(`${code} (${words})`)
})

test('only what is asked about is looked at', async () => {
  const mailServer = { url: 'http://127.0.0.1:1/mail', audience: 'a' }
  const target = createTarget({ issuer: 'http://127.0.0.1:1/', mailServer })
  await expect(lookFirst(target, new Set(['client']))).resolves.toEqual(new Map())
  await expect(lookFirst(target, new Set(['resource-server']))).rejects.toThrow(/^mail_server: no answer from /)
})
