/** A map of bounded size: what was used least recently makes room. */
export class LeastRecentlyUsed<Value> {
  readonly #most: number
  readonly #values = new Map<string, Value>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): Value | undefined {
    const found = this.#values.get(key)
    if (found !== undefined) this.set(key, found)
    return found
  }

  set(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value) // the last of a map is the one used last
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }
}
