import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { walkPages } from '@postern/example-contoso/sign-in'
import { startPostgres } from '@postern/storage/contract'
import { startSts, type TestSts } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startThunderbird, type Thunderbird } from './support/thunderbird.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../packages/sts/bin/postern.js', import.meta.url))
const CLIENT = '9e5f94bc-e8a4-4e73-b8be-63364c29d753'

let sts: TestSts
let thunderbird: Thunderbird
let folder: string
let databaseUrl: string

async function postern(...words: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? '',
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    POSTERN_DATABASE_URL: databaseUrl,
    POSTERN_MASTER_KEY: Buffer.from(sts.masterKey).toString('base64'),
    POSTERN_BASE_URL: sts.baseUrl,
    POSTERN_DEVELOPMENT: 'true',
  }
  const { stdout, stderr } = await run(process.execPath, [CLI, ...words], { env })
  return `${stdout}${stderr}`
}

beforeAll(async () => {
  databaseUrl = await (await startPostgres()).createDatabase()
  sts = await startSts({ databaseUrl })
  folder = await mkdtemp(join(tmpdir(), 'postern-client-pack-'))
  thunderbird = await startThunderbird()
})
afterAll(async () => {
  await thunderbird?.stop()
  await sts?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

test('without mail hosts the command writes nothing and says what to set', async () => {
  await expect(postern('client-pack', folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('postern realm change contoso.com --mail-host imap='),
  })
  expect(await readdir(folder)).toEqual([])
})

// Three commands and a whole mail program, on a machine that may be busy.
test('Thunderbird installs the extension, knows its server by it, and signs in for a token that opens IMAP', {
  timeout: 180_000,
}, async () => {
  await postern(
    'realm',
    'change',
    'contoso.com',
    '--mail-host',
    'imap=imap.contoso.com:993',
    '--mail-host',
    'smtp=smtp.contoso.com:587',
  )
  await postern('client', 'add', '--preset', 'thunderbird')
  await postern('client', 'grant', CLIENT, sts.resource.audience)
  expect(await postern('client-pack', folder)).toContain('postern-thunderbird.xpi')

  const text = await readFile(join(folder, 'config-v1.1.xml'), 'utf8')
  const [withPassword, withOAuth] = [3, 10] // nsMsgAuthMethod
  // Without the extension it takes the second of each, which is a password.
  expect(await thunderbird.run(READ_CONFIG, { text })).toEqual({ imap: [withPassword], smtp: [withPassword] })

  const file = join(folder, 'postern-thunderbird.xpi')
  expect(await thunderbird.run(INSTALL, { file })).toMatchObject({ name: 'Contoso sign-in', active: true, warnings: [] })
  expect(await thunderbird.run(LOOK_UP, { host: 'other.contoso.com' })).toBeNull()
  expect(await thunderbird.run(LOOK_UP, { host: 'imap.contoso.com' })).toMatchObject({
    clientId: CLIENT,
    authorizationEndpoint: `${sts.issuer}/oauth2/v2.0/authorize`,
    usePKCE: true,
  })

  expect(await thunderbird.run(READ_CONFIG, { text })).toEqual({
    imap: [withOAuth, withPassword],
    smtp: [withOAuth, withPassword],
  })

  const asked = String(await thunderbird.run(BEGIN, { host: 'imap.contoso.com', user: sts.mary.upn }))
  const redirectUri = new URL(asked).searchParams.get('redirect_uri') ?? ''
  const request = { issuer: sts.issuer, client: { clientId: CLIENT }, account: sts.mary, redirectUri }
  const answer = await walkPages(new URL(asked), request)
  const token = String(await thunderbird.run(FINISH, { answer: answer.href }))
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  expect(claims).toMatchObject({ aud: sts.resource.audience, scope: 'IMAP.AccessAsUser.All SMTP.Send', upn: sts.mary.upn })
})

const INSTALL = `
  const { AddonManager } = ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs')
  const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile)
  file.initWithPath(given.file)
  const { addon } = await (await AddonManager.getInstallForFile(file)).install().then((made) => ({ addon: made }))
  return { name: addon.name, active: addon.isActive, warnings: WebExtensionPolicy.getByID(addon.id).extension.warnings }`

/** How an account would be set up from an autoconfig file, the first choice first. */
const READ_CONFIG = `
  const { JXON } = ChromeUtils.importESModule('resource:///modules/JXON.sys.mjs')
  const { readFromXML } = ChromeUtils.importESModule('resource:///modules/accountcreation/readFromXML.sys.mjs')
  const config = readFromXML(JXON.build(new DOMParser().parseFromString(given.text, 'text/xml')), 'test')
  const methods = (first, others) => [first, ...others].map((one) => one.auth)
  return {
    imap: methods(config.incoming, config.incomingAlternatives),
    smtp: methods(config.outgoing, config.outgoingAlternatives),
  }`

const LOOK_UP = `
  const { OAuth2Providers } = ChromeUtils.importESModule('resource:///modules/OAuth2Providers.sys.mjs')
  const found = OAuth2Providers.getHostnameDetails(given.host, 'imap')
  return found === undefined ? null : OAuth2Providers.getIssuerDetails(found.issuer)`

/**
 * The request that Thunderbird makes for an account on this server. Its window stays empty: somebody else's browser shows the
 * pages, for it would take this service, on localhost without TLS, for its own redirect address.
 */
const BEGIN = `
  const { OAuth2Module } = ChromeUtils.importESModule('resource:///modules/OAuth2Module.sys.mjs')
  const account = new OAuth2Module()
  if (!account.initFromHostname(given.host, given.user, 'imap')) throw new Error('no provider')
  const oauth = account._oauth
  oauth.requestWindowURI = 'about:blank'
  const done = oauth.connect(true, false)
  done.catch(() => undefined)
  OAuth2Module.begun = { oauth, done }
  return oauth.request.url`

/** What its window does when the redirect address comes up. */
const FINISH = `
  const { OAuth2Module } = ChromeUtils.importESModule('resource:///modules/OAuth2Module.sys.mjs')
  const { oauth, done } = OAuth2Module.begun
  oauth.finishAuthorizationRequest()
  oauth.onAuthorizationReceived(given.answer)
  await done
  return oauth.accessToken`
