/** What CBOR (RFC 8949) a soft authenticator needs: integers, bytes, texts and maps, shortest form, order as given. */
export type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor>

export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return join(head(3, Buffer.byteLength(value)), Buffer.from(value))
  if (value instanceof Uint8Array) return join(head(2, value.length), value)
  const entries = [...value].flatMap(([name, one]) => [encodeCbor(name), encodeCbor(one)])
  return join(head(5, value.size), ...entries)
}

function head(major: number, argument: number): Uint8Array {
  const first = major << 5
  if (argument < 24) return Uint8Array.of(first | argument)
  if (argument < 0x100) return Uint8Array.of(first | 24, argument)
  if (argument < 0x1_0000) return Uint8Array.of(first | 25, argument >> 8, argument & 0xff)
  throw new TypeError('nothing here is as long as that')
}

export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
