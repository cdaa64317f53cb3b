/** Reads answers of other servers without letting them fill the memory. */

/** The body of `response`, or undefined if it is longer than `maxBytes`; then the rest is not read. */
export async function readBounded(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  if (response.body === null) return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    // Node's streams are iterable; leaving the loop cancels
    length += chunk.length
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
