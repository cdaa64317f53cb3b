import { PolicyError } from '../errors.ts'
import { findMailProtocol, type MailProtocol, mailProtocols } from './protocols.ts'
import { wildcard } from './wildcard.ts'

/** In falling order of strength: of the rules that match, the first of these that any of them says counts. */
export type AppAccess = (typeof appAccesses)[number]
export const appAccesses = ['block', 'quarantine', 'allow'] as const

/** Of one member any value is enough; every member that is there must match. `*` stands for any text, but not for none told at all. */
export interface AppMatch {
  readonly deviceType?: readonly string[]
  readonly model?: readonly string[]
  readonly userAgent?: readonly string[]
  readonly protocol?: readonly MailProtocol[]
}

/** What an app tells about itself, as mail servers hand it on. Nothing of it is proved, the protocol excepted. */
export interface AppTraits {
  readonly protocol: MailProtocol
  readonly deviceType?: string | undefined
  readonly model?: string | undefined
  readonly userAgent?: string | undefined
}

/** Which apps may be used at all. Made by {@link createAppAccessRule}. */
export interface AppAccessRule {
  readonly id: string
  readonly name: string
  readonly mode: 'on' | 'report-only' | 'off'
  readonly access: AppAccess
  readonly match: AppMatch
  readonly matches: (traits: AppTraits) => boolean
}

/** One list never needs to be longer, and every decision goes through it. */
const mostValues = 200
const longestValue = 256
const patterns = ['deviceType', 'model', 'userAgent'] as const

/**
 * Makes a stored rule ready to be asked.
 * @throws {PolicyError} with every problem at once; also for a rule that says nothing about apps, which the default access is for.
 */
export function createAppAccessRule(stored: {
  id: string
  name: string
  mode: AppAccessRule['mode']
  access: AppAccess
  match: unknown
}): AppAccessRule {
  const { id, name, mode, access } = stored
  const match = parseAppMatch(stored.match)
  return Object.freeze({ id, name, mode, access, match, matches: matcherOf(match) })
}

/**
 * Reads what a rule matches, strictly. Protocols in our spelling or Exchange's.
 * @throws {PolicyError}
 */
export function parseAppMatch(input: unknown): AppMatch {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new PolicyError(['must be an object'])
  const given = new Map<string, unknown>(Object.entries(input))
  const known: readonly string[] = [...patterns, 'protocol']
  const problems = [...given.keys()]
    .filter((name) => !known.includes(name))
    .map((name) => `${name}: is not known; known are ${known.join(', ')}`)
  const read = patterns.flatMap((name) => {
    const values = readList(given.get(name), name, problems)
    return values === undefined ? [] : [[name, values] as const]
  })
  const named = readList(given.get('protocol'), 'protocol', problems)
  const protocol = named?.flatMap((value, index) => {
    const found = findMailProtocol(value)
    if (found === undefined) problems.push(`protocol.${index}: is no mail protocol; there are ${mailProtocols.join(', ')}`)
    return found ?? []
  })
  if (problems.length === 0 && read.length === 0 && protocol === undefined)
    problems.push(`must have at least one of ${known.join(', ')}`)
  if (problems.length > 0) throw new PolicyError(problems)
  return Object.freeze({ ...Object.fromEntries(read), ...(protocol && { protocol: Object.freeze([...new Set(protocol)]) }) })
}

function readList(input: unknown, where: string, problems: string[]): readonly string[] | undefined {
  if (input === undefined) return undefined
  if (!Array.isArray(input) || input.length === 0 || input.length > mostValues) {
    problems.push(`${where}: must be a list of 1 to ${mostValues} values`)
    return undefined
  }
  const values: readonly unknown[] = input
  return Object.freeze(
    values.flatMap((value, index) => {
      if (typeof value === 'string' && value.length >= 1 && value.length <= longestValue) return [value]
      problems.push(`${where}.${index}: must be text of 1 to ${longestValue} characters`)
      return []
    }),
  )
}

function matcherOf(match: AppMatch): AppAccessRule['matches'] {
  const wanted = patterns.flatMap((name) => {
    const tests = match[name]?.map(wildcard)
    return tests === undefined ? [] : [{ name, tests }]
  })
  const protocols = match.protocol && new Set(match.protocol)
  return (traits) =>
    (protocols === undefined || protocols.has(traits.protocol)) &&
    wanted.every(({ name, tests }) => {
      const value = traits[name]
      return value !== undefined && tests.some((matches) => matches(value))
    })
}
