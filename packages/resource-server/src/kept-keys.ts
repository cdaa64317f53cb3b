/**
 * kept-keys lets the last good key set of an issuer outlive a restart, so that a mail server that starts while the token service
 * is away still knows whose tokens to accept.
 *
 * It owns the form in which a set is kept, its greatest age, and a keeper on disk. It fetches nothing and believes what it is
 * given back: whoever can write to the keeper can name keys that are accepted, exactly like whoever can change this program.
 * So the keeper on disk reads and writes nothing where others may write; who may write further up the path it does not ask.
 * @module
 */
import { createHash, randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Keeps one text for each issuer. Both may reject: `onProblem` is told, and the server goes on without. */
export interface KeyKeeper {
  /** The newest text that {@link save} was given for this issuer; `undefined`: nothing. */
  load(issuer: string): Promise<string | undefined>
  /** `at`: when the set was fetched, in whole seconds since 1970. A set that is older than the kept one must not replace it. */
  save(issuer: string, text: string, at: number): Promise<void>
}

/** A key set as it was published, and when it was fetched, in seconds since 1970. */
export type KeptKeys = Readonly<{ document: unknown; at: number }>

/** Why the keeper on disk does not touch a place, or a text. */
export type KeptKeysRefusal = 'not_a_directory' | 'not_a_file' | 'not_ours' | 'writable_for_others' | 'too_large'

/** Refused by the keeper on disk. The message names the path and the reason, for the log. */
export class KeptKeysError extends Error {
  override readonly name = 'KeptKeysError'
  readonly code: KeptKeysRefusal
  constructor(code: KeptKeysRefusal, message: string) {
    super(message)
    this.code = code
  }
}

/** In bytes. The largest set that is fetched has half of it. */
const maxKeptBytes = 1024 * 1024

/**
 * In seconds. Of two servers that save at the same moment one may be this much ahead; what is further ahead was written under a
 * wrong clock. What lies half-written for longer has lost its writer.
 */
const longestSave = 600

/** Pure. Whether another user owns it or may write to it, as sshd asks. Root may write everywhere anyway. */
export function ownershipProblem({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): KeptKeysRefusal | undefined {
  if (process.geteuid === undefined) return undefined // Windows tells neither by these numbers
  if (uid !== 0 && uid !== process.geteuid()) return 'not_ours'
  return (mode & 0o022) === 0 ? undefined : 'writable_for_others'
}

function demandOurs(path: string, stats: Stats): void {
  const problem = ownershipProblem(stats)
  if (problem === 'not_ours') throw new KeptKeysError(problem, `${path} belongs to another user (${stats.uid})`)
  if (problem !== undefined) throw new KeptKeysError(problem, `${path} may be written by others than its owner`)
}

async function demandOurDirectory(directory: string): Promise<void> {
  const found = await lstat(directory)
  if (!found.isDirectory()) throw new KeptKeysError('not_a_directory', `${directory} is no directory (or a link to one)`)
  demandOurs(directory, found)
}

/** Looks at the file that it has opened, so nobody can put another in its place in between. */
async function readOurFile(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (codeOf(error) === 'ELOOP') throw new KeptKeysError('not_a_file', `${path} is a link`)
    throw error
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new KeptKeysError('not_a_file', `${path} is no file`)
    demandOurs(path, found)
    if (found.size > maxKeptBytes) throw new KeptKeysError('too_large', `${path} has more than ${maxKeptBytes} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code // of what node:fs rejects with

/** What `reading` gives; `undefined` if there is no such file or directory. */
async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Another server that shares the directory may have been quicker. */
const removeIfThere = (path: string): Promise<void> => rm(path, { force: true })

/**
 * Keeps key sets as files in `directory`, which is made when it is not there, for this user alone (0700, files 0600). Written
 * beside and renamed, so that a crash leaves the old or the new one. Several servers may share it: each set has a file that is
 * named by its issuer and its time, the newest is read, and older ones are removed. Nothing in it is secret.
 *
 * Both functions throw {@link KeptKeysError} if the directory or the file is a link, of another user (root is trusted), or may be
 * written by group or others, and if a set has more than 1 MiB. NOT checked: the directories above, and on Windows who may write.
 */
export function keepKeysIn(directory: string): KeyKeeper {
  const nameOf = (issuer: string): string => createHash('sha256').update(issuer).digest('hex')

  /** The files of this issuer, newest first. */
  async function filesOf(issuer: string): Promise<readonly Readonly<{ path: string; at: number }>[]> {
    const form = new RegExp(`^${nameOf(issuer)}\\.(\\d{1,15})\\.json$`)
    const files = (await readdir(directory)).flatMap((name) => {
      const at = form.exec(name)?.[1]
      return at === undefined ? [] : [{ path: join(directory, name), at: Number(at) }]
    })
    return files.sort((one, other) => other.at - one.at)
  }

  /** Removes what writers have left that did not come to the end; `written` tells what time it is on that disk. */
  async function removeLeftovers(written: Stats): Promise<void> {
    for (const name of await readdir(directory)) {
      if (!/^[0-9a-f-]{36}\.new$/.test(name)) continue
      const path = join(directory, name)
      const found = await unlessMissing(lstat(path))
      if (found !== undefined && written.mtimeMs - found.mtimeMs > longestSave * 1000) await removeIfThere(path)
    }
  }

  return Object.freeze({
    async load(issuer: string) {
      if ((await unlessMissing(demandOurDirectory(directory).then(() => true))) === undefined) return undefined
      for (const { path } of await filesOf(issuer)) {
        const text = await unlessMissing(readOurFile(path)) // missing: a newer one came while we looked
        if (text !== undefined) return text
      }
      return undefined
    },
    async save(issuer: string, text: string, at: number) {
      if (!Number.isSafeInteger(at) || at < 0) throw new TypeError('at must be whole seconds since 1970')
      if (Buffer.byteLength(text) > maxKeptBytes)
        throw new KeptKeysError('too_large', `a set of ${issuer} has more than ${maxKeptBytes} bytes`)
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await demandOurDirectory(directory)
      const beside = join(directory, `${randomUUID()}.new`)
      await writeFile(beside, text, { mode: 0o600, flag: 'wx', flush: true })
      const written = await lstat(beside)
      // Each time has a name of its own: a slow writer cannot put its older set in the place of a newer one.
      await rename(beside, join(directory, `${nameOf(issuer)}.${at}.json`))
      for (const file of await filesOf(issuer)) if (file.at < at || file.at > at + longestSave) await removeIfThere(file.path)
      await removeLeftovers(written)
    },
  })
}

export const writeKeptKeys = (issuer: string, { document, at }: KeptKeys): string =>
  JSON.stringify({ issuer, at, jwks: document })

/**
 * Pure. What was kept, if it is of this issuer and was fetched less than `forget` seconds ago; else the reason why it is not
 * used. A set from the future is not used: nobody could say how old it is.
 */
export function readKeptKeys(text: string, facts: { issuer: string; now: number; forget: number }): KeptKeys | string {
  let kept: unknown
  try {
    kept = JSON.parse(text)
  } catch {
    return 'what was kept is not JSON'
  }
  if (typeof kept !== 'object' || kept === null) return 'what was kept is not ours'
  const { issuer, at, jwks } = kept as Readonly<Record<string, unknown>>
  if (issuer !== facts.issuer) return 'what was kept is of another issuer'
  if (!Number.isSafeInteger(at)) return 'what was kept does not tell its age'
  const age = facts.now - Number(at)
  if (age < 0) return 'what was kept is from the future'
  if (age >= facts.forget) return `what was kept is older than ${facts.forget} s`
  return Object.freeze({ document: jwks, at: Number(at) })
}
