import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { targetExample } from './target-example.ts'
import { readTarget, targetKeys } from './target-file.ts'

const clock = () => new Date('2026-05-04T10:00:00Z')
const files =
  (found: Readonly<Record<string, string>> = {}) =>
  async (path: string) => {
    const text = found[path]
    if (text === undefined) throw Object.assign(new TypeError('no such file'), { code: 'ENOENT' })
    return text
  }
const read = (source: string, found?: Readonly<Record<string, string>>) => readTarget(source, { readFile: files(found), clock })

const problemsOf = async (source: string, found?: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const error: unknown = await read(source, found).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'target_invalid' })
  return error instanceof Error ? error.message.split('\n') : []
}

/** Every key of the example, those behind `#` too. */
const wholeExample = targetExample.replaceAll(/^#(?=\s*[a-z_]+:)/gm, '')

function pathsOf(value: unknown, at = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at]
  return Object.entries(value).flatMap(([name, member]) => pathsOf(member, at === '' ? name : `${at}.${name}`))
}

test('names become those of the library, and secrets come from files beside it', async () => {
  const found = { 'secrets/client': 's3cret\n' }
  const source = `
issuer: https://login.example.com/realm
clients:
  confidential: { client_id: c, redirect_uri: 'https://c.example/cb', secret_file: secrets/client, post_logout_redirect_uri: 'https://c.example/bye' }
person: { username: mary, password: correct horse }
mail_server: { url: 'http://127.0.0.1:1/', audience: a, act_as: { url: u, principal: p, actor: x, person: m }, demands: { recent_sign_in: { url: u, max_age_seconds: 5 } } }
`
  expect(await read(source, found)).toEqual({
    issuer: 'https://login.example.com/realm',
    clients: {
      confidential: {
        clientId: 'c',
        redirectUri: 'https://c.example/cb',
        secret: 's3cret',
        postLogoutRedirectUri: 'https://c.example/bye',
      },
    },
    person: { username: 'mary', password: 'correct horse' },
    mailServer: {
      url: 'http://127.0.0.1:1/',
      audience: 'a',
      actAs: { url: 'u', principal: 'p', actor: 'x', person: 'm' },
      demands: { recentSignIn: { url: 'u', maxAgeSeconds: 5 } },
    },
    clock,
  })
})

test('every problem is told at once, with its place', async () => {
  const source = `
isuer: https://login.example.com
person: { username: '', password: x, password_file: y }
clients:
  public: { client_id: c, redirect: there }
  keyed: { client_id: c, redirect_uri: r, authentication: magic, private_key_file: none.pem }
timeout_milliseconds: 1.5
mail_server: nothing
client_under_test: { command: run me }
`
  expect(await problemsOf(source, { y: 'z' })).toEqual([
    'clients.public.redirect_uri is missing',
    'clients.public.redirect is no key of the target file',
    'clients.keyed.redirect_uri must be an address with its scheme, such as https://app.example/cb',
    'clients.keyed.authentication must be one of none, client_secret_basic, client_secret_post, private_key_jwt',
    'clients.keyed.private_key_file: none.pem cannot be read (ENOENT)',
    'person.username must be a text',
    'person.password and person.password_file exclude each other',
    'mail_server must be a map',
    'client_under_test.command must be a list of texts',
    'timeout_milliseconds must be a whole number, 0 or more',
    'isuer is no key of the target file',
  ])
})

/** Each line doubles the one before it. */
const bomb = [...'abcdefgh']
  .map((name, at, all) => `${name}: &${name} [${at === 0 ? 'x' : `*${all[at - 1]}, *${all[at - 1]}`}]`)
  .join('\n')

test.each([
  ['a list', '- a', 'the file must be a map'],
  ['one key twice', 'issuer: a\nissuer: b', expect.stringContaining('unique')],
  ['broken YAML', 'issuer: x\nperson: [', expect.stringMatching(/^line 2, column \d+: Flow sequence .* end with a \]$/)],
  ['a name of nothing', 'issuer: *nope', expect.stringMatching(/^Unresolved alias .*nope/)],
  ['an alias that grows without end', bomb, expect.stringMatching(/^Excessive alias count/)],
  [
    'a key that is no PEM',
    "clients: { keyed: { client_id: c, redirect_uri: 'https://c.example/', private_key: MIIabc } }",
    'clients.keyed.private_key must be a private key, PEM',
  ],
  [
    'a file that holds no key',
    "clients: { keyed: { client_id: c, redirect_uri: 'https://c.example/', private_key_file: no-key } }",
    'clients.keyed.private_key_file must name a private key, PEM',
  ],
  ['an empty secret', 'person: { username: m, password_file: p }', 'person.password_file: p is empty'],
])('%s is refused', async (_, source, problem) => {
  expect((await problemsOf(source, { p: '\n', 'no-key': '-----BEGIN CERTIFICATE-----' }))[0]).toEqual(problem)
})

test('an empty file describes a target of which nothing is known', async () => {
  expect(await read('')).toEqual({ clock })
})

describe('the example that init writes', () => {
  test('is a target as it is', async () => {
    expect(await read(targetExample)).toEqual({ issuer: 'https://login.example.com/realm', clock })
  })

  test('is a target with everything in it, and shows every key', async () => {
    const named = pathsOf(parseDocument(wholeExample).toJS())
    const found = Object.fromEntries(
      [...wholeExample.matchAll(/_file: (\S+)/g)].map(([, name = '']): [string, string] => [name, `content of ${name}`]),
    )
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    for (const name of Object.keys(found)) if (/key/.test(name)) found[name] = String(privateKey)
    await expect(read(wholeExample, found)).resolves.toMatchObject({ clientUnderTest: { waitSeconds: 30 } })
    const shown = new Set(named.map((path) => path.replace(/_file$/, '').replace(/\.claims\..*/, '.claims')))
    // The five clients have the same keys: each needs to be shown once only.
    const once = (path: string) => path.replace(/^clients\.\w+/, 'clients.*')
    const shownOnce = new Set([...shown].map(once))
    expect([...new Set(targetKeys.map(once))].filter((path) => !shownOnce.has(path)).map(once)).toEqual([
      'second_person.totp_secret',
    ])
  })
})
