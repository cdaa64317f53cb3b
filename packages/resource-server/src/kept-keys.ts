/**
 * kept-keys lets the last good key set of an issuer outlive a restart, so that a mail server that starts while the token service
 * is away still knows whose tokens to accept.
 *
 * It owns the form in which a set is kept, its greatest age, and a keeper on disk. It fetches nothing and believes what it is
 * given back: whoever can write to the keeper can name keys that are accepted, exactly like whoever can change this program.
 * @module
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Keeps one text for each issuer. Both may reject: `onProblem` is told, and the server goes on without. */
export interface KeyKeeper {
  /** What {@link save} was last given for this issuer; `undefined`: nothing. */
  load(issuer: string): Promise<string | undefined>
  save(issuer: string, text: string): Promise<void>
}

/** A key set as it was published, and when it was fetched, in seconds since 1970. */
export type KeptKeys = Readonly<{ document: unknown; at: number }>

/**
 * Keeps key sets as files in `directory`, which is made when it is not there, for this user alone (0700, files 0600). Written
 * beside and renamed, so that a crash leaves the old or the new one. Several servers may share it. Nothing in it is secret;
 * it must not be writable for others.
 */
export function keepKeysIn(directory: string): KeyKeeper {
  const fileOf = (issuer: string): string => join(directory, `${createHash('sha256').update(issuer).digest('hex')}.json`)
  return Object.freeze({
    async load(issuer: string) {
      try {
        return await readFile(fileOf(issuer), 'utf8')
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(issuer: string, text: string) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const beside = join(directory, `${randomUUID()}.new`)
      await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
      await rename(beside, fileOf(issuer))
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
