import { createHash, createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseOptions } from '@node-rs/argon2'
import { AccountsError } from './errors.ts'
import { type HashQueue, hashesAtOnce } from './hash-queue.ts'
import { createHashThreads } from './hash-threads.ts'

/** Cost of one hash (RFC 9106). `memoryKibibytes` are taken for each hash that runs. */
export type HashParameters = Readonly<{ memoryKibibytes: number; passes: number; lanes: number }>

/** The first recommendation of the OWASP password storage cheat sheet (R83). */
export const defaultParameters: HashParameters = Object.freeze({ memoryKibibytes: 19_456, passes: 2, lanes: 1 })

/** One set for the process, however many services it runs: the cores are the same. */
const threads = createHashThreads({ most: hashesAtOnce(availableParallelism()) })

/**
 * Turns passwords into what is stored, and back into an answer. Every call is one full hash and waits for its turn;
 * `source` tells for whom, see {@link HashQueue.run}.
 */
export interface Hashing {
  /** @throws {Overloaded} */
  hash(password: string, source?: string): Promise<string>
  /**
   * `rehash`: the password is right, and was kept with other parameters or another pepper than those in use.
   * @throws {Overloaded}
   * @throws {AccountsError} `pepper_unknown`
   */
  verify(stored: string, password: string, source?: string): Promise<'right' | 'rehash' | 'wrong'>
  /** Costs what {@link Hashing.verify} costs and proves nothing, for names that nobody has (R87). @throws {Overloaded} */
  verifyNothing(password: string, source?: string): Promise<void>
}

/**
 * Argon2id, 128-bit random salt, 256-bit tag, kept as a PHC string. With a `pepper`, HMAC-SHA-256 of the password under
 * it is what is hashed (R84), and the string begins with `pepper:<first 8 hex digits of the SHA-256 of the pepper>`, so
 * that passwords from before its introduction go on working and move over at the next sign-in.
 */
export function createHashing(parts: { queue: HashQueue; pepper?: Uint8Array; parameters?: HashParameters }): Hashing {
  const { queue, pepper, parameters = defaultParameters } = parts
  const options = { memoryCost: parameters.memoryKibibytes, timeCost: parameters.passes, parallelism: parameters.lanes }
  const mark = pepper === undefined ? '' : markOf(pepper)
  const nothing = `$argon2id$v=19$m=${options.memoryCost},t=${options.timeCost},p=${options.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

  const material = (password: string, stored: string): Uint8Array => {
    const bytes = Buffer.from(normalise(password), 'utf8')
    const storedMark = /^pepper:[0-9a-f]{8}/.exec(stored)?.[0] ?? ''
    if (storedMark === '') return bytes
    if (pepper === undefined || storedMark !== mark) {
      throw new AccountsError('pepper_unknown', `A password is kept under ${storedMark}, which is not the configured pepper.`)
    }
    // As text, since the hash function takes nothing that is not UTF-8.
    return Buffer.from(createHmac('sha256', pepper).update(bytes).digest('base64'))
  }

  return Object.freeze({
    hash: async (password: string, source?: string) =>
      mark + (await queue.run(() => threads.hash(material(password, mark), options), source)),

    async verify(stored: string, password: string, source?: string) {
      const phc = stored.slice(stored.indexOf('$'))
      const isRight = await queue.run(() => threads.verify(phc, material(password, stored)), source)
      if (!isRight) return 'wrong'
      const kept = parseOptions(phc)
      const isCurrent =
        stored.startsWith(`${mark}$argon2id$`) &&
        kept.memoryCost === options.memoryCost &&
        kept.timeCost === options.timeCost &&
        kept.parallelism === options.parallelism
      return isCurrent ? 'right' : 'rehash'
    },

    async verifyNothing(password: string, source?: string) {
      await queue.run(() => threads.verify(nothing, material(password, mark)), source)
    },
  } satisfies Hashing)
}

/** Keyboards and systems write one character in several ways; all are one password (NIST SP 800-63B-4 section 3.1.1.2). */
export const normalise = (password: string): string => password.toWellFormed().normalize('NFKC')

const markOf = (pepper: Uint8Array): string => {
  if (pepper.length < 32) throw new TypeError('A pepper must have at least 32 bytes.')
  return `pepper:${createHash('sha256').update(pepper).digest('hex').slice(0, 8)}`
}
