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
/** The highest of the four characters that are white space in JSON. */
const space = 0x20

/** The number of member names in valid JSON: its colons outside strings. Exact, one step for each character. */
function countNames(text: string): number {
  let names = 0
  // Stryker disable next-line EqualityOperator: the code one past the end is NaN, which is none of those looked for
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === colon) names += 1
    else if (code === quote) {
      // Stryker disable next-line EqualityOperator: likewise
      for (at += 1; at < text.length; at += 1) {
        const inside = text.charCodeAt(at)
        if (inside === backslash) at += 1
        else if (inside === quote) break
      }
    }
  }
  return names
}

/**
 * At least the number of member names, in a step for each colon: most JSON puts the colon right behind the quote of its name. A
 * string may hold the same two characters, so the count can be too high, never too low. `undefined`: white space stands
 * before a colon, perhaps between it and its name, and this way of counting would miss that name.
 */
// Stryker disable ConditionalExpression,BlockStatement,AssignmentOperator: a quick count that does not fit is no refusal, countNames decides
function countNamesQuickly(text: string): number | undefined {
  let names = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before === quote) names += 1
    // Stryker restore ConditionalExpression
    else if (before <= space) return undefined
  }
  return names
}
// Stryker restore BlockStatement,AssignmentOperator

/** True for a name that code elsewhere could mistake for a way to the prototype. */
const reachesPrototype = (name: string): boolean => name === '__proto__' || name === 'constructor' || name === 'prototype'

/**
 * Freezes what is inside `value` and counts its members. A negative number: nested too deeply, or a forbidden name. One pass by
 * name, because lists of keys and of values for each object cost more than everything that is looked for in them.
 */
function settle(value: JsonObject | readonly JsonValue[], depth: number): number {
  let members = 0
  if (Array.isArray(value)) {
    const items: readonly JsonValue[] = value
    for (const item of items) {
      const inside = settleItem(item, depth)
      if (inside < 0) return -1
      members += inside
    }
    return members
  }
  const object = value as JsonObject // not a list
  for (const name in object) {
    if (reachesPrototype(name)) return -1
    const inside = settleItem(object[name], depth)
    if (inside < 0) return -1
    members += inside + 1
  }
  return members
}

function settleItem(item: JsonValue | undefined, depth: number): number {
  if (typeof item !== 'object' || item === null) return 0
  if (depth === maxDepth) return -1
  const inside = settle(item, depth + 1)
  Object.freeze(item)
  return inside
}

/** True if an unpaired surrogate is in a name or string of `value`. Depth is already bounded. */
function isIllFormed(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return !value.isWellFormed()
  return Object.entries(value ?? {}).some(
    ([name, item]: [string, JsonValue | undefined]) => !name.isWellFormed() || isIllFormed(item),
  )
}

/**
 * Parses `text` as one JSON object. Everything inside the object is frozen; the object itself is not, so that its owner can
 * finish it. `text` must come from a strict UTF-8 decoder. Never throws.
 */
export function parseStrictObject(text: string): StrictJson {
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue // JSON.parse yields JSON values only, and does not recurse
  } catch {
    return refused('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused('not a JSON object')
  const kept = settle(value as JsonObject, 1) // neither null nor a list
  if (kept < 0) return refused(`nested deeper than ${maxDepth} levels, or a name that reaches a prototype`)
  // JSON.parse keeps one of two members with the same name: then fewer are kept than were written.
  if (countNamesQuickly(text) !== kept && countNames(text) !== kept) return refused('a repeated member name')
  // Strict UTF-8 has no surrogates: only an escape can spell one.
  // Stryker disable next-line ConditionalExpression,StringLiteral: looking without need finds nothing
  if (text.includes('\\') && isIllFormed(value)) return refused('an unpaired surrogate')
  return { ok: true, value: value as JsonObject }
}
