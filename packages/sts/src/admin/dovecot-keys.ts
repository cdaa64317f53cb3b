/**
 * The public keys of a realm as files that a Dovecot 2.3 reads when it checks tokens by itself: `<client>/<algorithm>/<kid>`,
 * one PEM each.
 *
 * It owns which files there are and how they get to a folder and leave it. Which keys sign is in protocol/signing-keys.ts.
 * @module
 */
import { randomUUID, X509Certificate } from 'node:crypto'
import { chmod, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Client, Realm, Resource, SigningKey } from '@postern/storage'
import { decideKeyUse } from '../protocol/signing-keys.ts'
import { OperationRefused } from './errors.ts'
import { makeFolder } from './make-folder.ts'

export interface KeyFile {
  /** In the folder, with `/` between its parts. */
  readonly path: string
  /** PEM. */
  readonly text: string
}

/**
 * Pure. A key file for every published key and every active client that may ask for a token of type `JWT`, for that is the one
 * type that Dovecot 2.3.19 checks. It looks a key up by `azp` of the token, so a client without files is refused there.
 */
export function planDovecotKeys(
  of: { clients: readonly Client[]; resources: readonly Resource[]; keys: readonly SigningKey[] },
  now: Date,
): readonly KeyFile[] {
  const algorithms = new Map(
    of.resources
      .filter(({ tokenType, status }) => tokenType === 'JWT' && status === 'active')
      .map((one) => [one.id, one.algorithm]),
  )
  const { published } = decideKeyUse(of.keys, now)
  const pems = published.map((key) => ({ ...key, text: toPublicKeyPem(key) }))
  return of.clients.flatMap(({ id, status, access }) => {
    if (status !== 'active') return []
    const wanted = new Set(access.flatMap(({ resourceId }) => algorithms.get(resourceId) ?? []))
    return pems
      .filter(({ algorithm }) => wanted.has(algorithm))
      .map(({ algorithm, kid, text }) => Object.freeze({ path: [id, algorithm, kid].map(escapePart).join('/'), text }))
  })
}

/** As Dovecot writes a part of the name: `/` and `%` are escaped (its db-oauth2, 2.3). */
export function escapePart(part: string): string {
  if (part === '' || part.startsWith('.')) throw new TypeError(`${part} is no name that a file may have`)
  return part.replaceAll('%', '%25').replaceAll('/', '%2f')
}

const toPublicKeyPem = ({ certificate }: SigningKey): string =>
  new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }).toString()

export interface KeyFolder {
  readonly folder: string
  readonly written: number
  readonly kept: number
  readonly removed: number
}

/** Says whose folder it is, so that no other file is taken for a key that has to go. */
const marker = '.postern-keys'

/**
 * Makes the folder hold these files and no others. Each appears whole or not at all, new ones before old ones go, and a file that
 * is right already is left alone. A folder that is not empty and was not made for this realm is not touched.
 * @throws {OperationRefused} `conflict`: somebody else's folder; `invalid`: it cannot be written
 */
export async function writeDovecotKeys(directory: string, realm: Realm['id'], files: readonly KeyFile[]): Promise<KeyFolder> {
  const folder = resolve(directory)
  try {
    return await synchronise(folder, realm, files)
  } catch (error) {
    if (error instanceof OperationRefused || !(error instanceof Error && 'code' in error)) throw error
    throw new OperationRefused('invalid', `The keys cannot be written to ${folder}: ${error.message}`, { cause: error })
  }
}

async function synchronise(folder: string, realm: Realm['id'], files: readonly KeyFile[]): Promise<KeyFolder> {
  await makeReadable(folder)
  const owner = await findText(join(folder, marker))
  if (owner === undefined ? (await readdir(folder)).length > 0 : owner.trim() !== realm)
    throw new OperationRefused(
      'conflict',
      `${folder} was not made for the keys of this realm, and what is no longer valid is removed there. Name an empty folder.`,
    )
  if (owner === undefined) await put(join(folder, marker), `${realm}\n`)
  const present = await listFiles(folder)
  let written = 0
  for (const { path, text } of files) {
    if ((await findText(join(folder, path))) === text) continue
    await put(join(folder, path), text)
    written += 1
  }
  const wanted = new Set(files.map(({ path }) => path))
  const gone = present.filter((path) => path !== marker && !wanted.has(path))
  for (const path of gone) await rm(join(folder, path), { force: true })
  await removeEmptyFolders(folder)
  return Object.freeze({ folder, written, kept: files.length - written, removed: gone.length })
}

/** Under another name first, so that nobody ever reads half of it. */
async function put(path: string, text: string): Promise<void> {
  await makeReadable(dirname(path))
  const draft = join(dirname(path), `.${randomUUID()}.new`)
  const file = await open(draft, 'wx', 0o644)
  try {
    await file.writeFile(text)
    await file.chmod(0o644)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

/** Dovecot reads as a user of its own, whatever the umask of who exports; what was there keeps its mode. */
async function makeReadable(path: string): Promise<void> {
  const topmost = await makeFolder(path)
  for (let made = path; topmost !== undefined && made.length >= topmost.length; made = dirname(made)) await chmod(made, 0o755)
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  for (const path of folders.toSorted((a, b) => b.length - a.length)) if ((await readdir(path)).length === 0) await rmdir(path)
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
