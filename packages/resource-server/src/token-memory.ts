/**
 * token-memory remembers tokens that were verified, so that the same token costs one look-up the next time.
 *
 * It owns the bounds: number of tokens and their characters in all. It does not decide whether a remembered token still
 * holds: validator.ts looks at time and key on every use. The key is the whole token, never a digest or a part of it.
 * @module
 */

/** A hash table of bounded size with two generations: what was used recently survives, and nothing is ever scanned. */
export class TokenMemory<Kept> {
  readonly #perGeneration: number
  readonly #charactersPerGeneration: number
  #young = new Map<string, Kept>()
  #old = new Map<string, Kept>()
  #youngCharacters = 0

  /** At most `most` tokens and `mostCharacters` characters of tokens are held. 0: nothing is remembered. */
  constructor(most: number, mostCharacters = 32 * 1024 * 1024) {
    this.#perGeneration = Math.floor(most / 2)
    this.#charactersPerGeneration = mostCharacters / 2
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  find(token: string): Kept | undefined {
    const young = this.#young.get(token)
    if (young !== undefined) return young
    const old = this.#old.get(token)
    if (old !== undefined) {
      this.#old.delete(token)
      this.remember(token, old)
    }
    return old
  }

  remember(token: string, kept: Kept): void {
    if (this.#perGeneration === 0 || this.#young.has(token)) return
    if (this.#young.size >= this.#perGeneration || this.#youngCharacters + token.length > this.#charactersPerGeneration) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngCharacters = 0
    }
    this.#young.set(token, kept)
    this.#youngCharacters += token.length
  }

  forget(token: string): void {
    if (this.#young.delete(token)) this.#youngCharacters -= token.length
    this.#old.delete(token)
  }
}
