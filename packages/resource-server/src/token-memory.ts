/**
 * token-memory remembers tokens that were verified, so that the same token costs one look-up the next time.
 *
 * It owns the bounds: number of tokens and their characters in all. It does not decide whether a remembered token still
 * holds: validator.ts looks at time and key on every use. The whole token is compared, never a digest or a part of it alone.
 * @module
 */

type Entry<Kept> = Readonly<{ token: string; kept: Kept }>

/** Characters of the signature's end that a token is filed under: 192 bits, enough to tell honest tokens apart. */
const fileLength = 32

/**
 * Two generations of a hash table: what was used recently survives, and nothing is ever scanned. Tokens are filed under their end,
 * because hashing a whole token costs more than everything else here; then the whole token is compared. A forged token that
 * ends like a good one misses, and pushes nothing out, because only verified tokens are ever remembered.
 */
export class TokenMemory<Kept> {
  readonly #perGeneration: number
  readonly #charactersPerGeneration: number
  #young = new Map<string, Entry<Kept>>()
  #old = new Map<string, Entry<Kept>>()
  #youngCharacters = 0

  /** At most `most` tokens (an odd number counts as the next even one) and `mostCharacters` characters of tokens are held. 0: none. */
  constructor(most: number, mostCharacters = 32 * 1024 * 1024) {
    this.#perGeneration = Math.ceil(most / 2)
    this.#charactersPerGeneration = mostCharacters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  find(token: string): Kept | undefined {
    if (this.#perGeneration === 0) return undefined
    const file = token.slice(-fileLength)
    const young = this.#young.get(file)
    if (young?.token === token) return young.kept
    const old = this.#old.get(file)
    if (old?.token !== token) return undefined
    this.#old.delete(file)
    this.remember(token, old.kept)
    return old.kept
  }

  remember(token: string, kept: Kept): void {
    if (this.#perGeneration === 0) return
    const file = token.slice(-fileLength)
    if (this.#young.has(file)) return
    if (this.#young.size >= this.#perGeneration || this.#youngCharacters + token.length > this.#charactersPerGeneration) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngCharacters = 0
    }
    this.#young.set(file, { token, kept })
    this.#youngCharacters += token.length
  }

  forget(token: string): void {
    const file = token.slice(-fileLength)
    if (this.#young.get(file)?.token === token) {
      this.#young.delete(file)
      this.#youngCharacters -= token.length
    }
    if (this.#old.get(file)?.token === token) this.#old.delete(file)
  }
}
