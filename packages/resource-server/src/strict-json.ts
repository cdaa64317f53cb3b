/**
 * strict-json reads the JSON of hostile senders: what JSON.parse reads, and nothing that two parsers could read differently.
 *
 * It refuses repeated member names at any depth (RFC 7515 section 4, RFC 8725bis), member names that reach a prototype,
 * nesting beyond a limit, and unpaired surrogates. It does not know tokens: compact-token.ts does.
 * @module
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [name: string]: JsonValue | undefined }

export type StrictJson = Readonly<{ ok: true; value: JsonObject } | { ok: false; reason: string }>

const maxDepth = 8
const refused = (reason: string): StrictJson => ({ ok: false, reason })

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Counts the colons outside strings: in valid JSON, the number of written member names. Runs before JSON.parse, on
 * anything, so that the nesting limit holds before anything recurses. `undefined`: nested too deeply.
 */
function countWrittenMembers(text: string): number | undefined {
  let members = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      for (at += 1; at < text.length; at += 1) {
        const inside = text.charCodeAt(at)
        if (inside === backslash) at += 1
        else if (inside === quote) break
      }
    } else if (code === colon) members += 1
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > maxDepth) return undefined
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return members
}

/** A name that code elsewhere could mistake for a way to the prototype. */
const reachesPrototype = (name: string): boolean => name === '__proto__' || name === 'constructor' || name === 'prototype'

/** Freezes the tree and counts its members. -1: a forbidden name or an unpaired surrogate. Depth is already bounded. */
function settle(value: JsonValue, escapes: boolean): number {
  if (typeof value === 'string') return escapes && !value.isWellFormed() ? -1 : 0
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) {
      const inside = settle(item, escapes)
      if (inside < 0) return -1
      members += inside
    }
  } else {
    const object = value as JsonObject
    for (const name in object) {
      if (reachesPrototype(name) || (escapes && !name.isWellFormed())) return -1
      const item = object[name]
      members += 1
      if (typeof item === 'object' || (escapes && typeof item === 'string')) {
        const inside = settle(item, escapes)
        if (inside < 0) return -1
        members += inside
      }
    }
  }
  return members
}

function freezeInside(object: JsonObject): void {
  for (const name in object) {
    const item = object[name]
    if (typeof item === 'object' && item !== null) {
      freezeInside(item as JsonObject) // arrays are walked by index the same way
      Object.freeze(item)
    }
  }
}

/**
 * Parses `text` as one JSON object. Everything inside the object is frozen; the object itself is not, so that its owner can
 * finish it. `text` must come from a fatal UTF-8 decoder. Never throws.
 */
export function parseStrictObject(text: string): StrictJson {
  const written = countWrittenMembers(text)
  if (written === undefined) return refused(`nested deeper than ${maxDepth} levels`)
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue // JSON.parse yields JSON values only
  } catch {
    return refused('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused('not a JSON object')
  const kept = settle(value, text.includes('\\'))
  if (kept < 0) return refused('a forbidden member name or an unpaired surrogate')
  if (kept !== written) return refused('a repeated member name')
  freezeInside(value as JsonObject)
  return { ok: true, value: value as JsonObject }
}
