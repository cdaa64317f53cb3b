import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client, Realm, Resource, SigningKey } from '@postern/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSigningKey } from '../protocol/signing-keys.ts'
import { escapePart, planDovecotKeys, writeDovecotKeys } from './dovecot-keys.ts'
import { operations } from './operations.ts'

const now = new Date('2027-03-01T10:00:00Z')
const realm = 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8' as Realm['id'] // a brand has no runtime part
let folder: string
let key: SigningKey

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-keys-'))
  key = await createSigningKey({ algorithm: 'ES256', commonName: 'contoso.com', now })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

// Only what a plan reads of a client and a resource.
const client = (id: string, resourceId: string, status: Client['status'] = 'active') =>
  ({ id, status, access: [{ resourceId, scopes: [] }] }) as unknown as Client
const resource = (id: string, tokenType: Resource['tokenType'], status: Resource['status'] = 'active') =>
  ({ id, tokenType, status, algorithm: 'ES256' }) as unknown as Resource

const pathsOf = (clients: readonly Client[], resources: readonly Resource[], keys: readonly SigningKey[] = [key]) =>
  planDovecotKeys({ clients, resources, keys }, now).map(({ path }) => path)

test('a client has keys where it may ask for tokens that Dovecot can check, and nowhere else', () => {
  const resources = [resource('imap', 'JWT'), resource('web', 'at+jwt'), resource('old', 'JWT', 'disabled')]
  const clients = [client('app', 'imap'), client('off', 'imap', 'disabled'), client('page', 'web'), client('late', 'old')]
  expect(pathsOf(clients, resources)).toEqual([`app/ES256/${key.kid}`])
})

test('a withdrawn key is not there, and one that signs later is', () => {
  const withdrawn = { ...key, kid: 'gone', retiresAt: now, removedAt: now }
  const coming = { ...key, kid: 'next', signsFrom: new Date(now.getTime() + 1000) }
  expect(pathsOf([client('app', 'imap')], [resource('imap', 'JWT')], [key, withdrawn, coming])).toEqual([
    `app/ES256/${key.kid}`,
    'app/ES256/next',
  ])
})

test('a name never leads out of the folder', () => {
  expect(escapePart('https://app/100%')).toBe('https:%2f%2fapp%2f100%25')
  for (const name of ['', '.', '..', '.hidden']) expect(() => escapePart(name)).toThrow(TypeError)
})

test('a folder is made to hold what is wanted: written once, kept, and what is gone goes with its folder', async () => {
  const at = join(folder, 'new', 'keys')
  const [one, other] = [
    { path: 'a/ES256/1', text: 'one' },
    { path: 'b/ES256/2', text: 'other' },
  ] as const
  expect(await writeDovecotKeys(at, realm, [one, other])).toMatchObject({ written: 2, kept: 0, removed: 0 })
  expect(await writeDovecotKeys(at, realm, [one, other])).toMatchObject({ written: 0, kept: 2, removed: 0 })
  // As a crash may leave it behind.
  await writeFile(join(at, 'a/ES256/.draft.new'), 'half')
  expect(await writeDovecotKeys(at, realm, [{ ...one, text: 'changed' }])).toMatchObject({ written: 1, kept: 0, removed: 2 })
  expect(await readdir(at)).toEqual(['.postern-keys', 'a'])
  expect([await readdir(join(at, 'a/ES256')), await readFile(join(at, 'a/ES256/1'), 'utf8')]).toEqual([['1'], 'changed'])
})

test('where no client may ask there are no keys, and the command says what is to be done', () => {
  const present = (written: number, removed = 0) =>
    operations.find(({ name }) => name === 'key.export')?.present({ folder: '/keys', written, kept: 0, removed })?.note
  expect(present(0, 1)).toMatch(/^No client may ask.*postern client grant CLIENT RESOURCE.*\n.*doveadm reload$/)
  expect(present(1)).toBeUndefined()
})

test("somebody else's folder, another realm's, and one that cannot be written are refused untouched", async () => {
  const at = join(folder, 'precious')
  await mkdir(at)
  await writeFile(join(at, 'letter'), 'dear')
  await expect(writeDovecotKeys(at, realm, [])).rejects.toMatchObject({ code: 'conflict' })
  await expect(writeDovecotKeys(join(at, 'letter'), realm, [])).rejects.toMatchObject({ code: 'invalid' })
  expect(await readdir(at)).toEqual(['letter'])
  const ofRealm = join(folder, 'of-realm')
  await writeDovecotKeys(ofRealm, realm, [])
  await expect(writeDovecotKeys(ofRealm, 'another' as Realm['id'], [])).rejects.toMatchObject({ code: 'conflict' })
})
