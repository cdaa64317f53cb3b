/**
 * Reads `WWW-Authenticate` by the letter of RFC 9110 sections 11.2 and 11.6.1, several challenges in one line or in several.
 *
 * It owns the grammar only: a header that does not follow it is undefined. bearer-challenge.ts reads more forgivingly.
 */

export interface ReadChallenge {
  /** In lower case. */
  readonly scheme: string
  /** In the order of the header, names in lower case, quoted values unescaped. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly token68?: string
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const PARAMETER = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*)"|(${TOKEN}))[ \\t]*(?=,|$)`,
  'y',
)
const SCHEME = new RegExp(`(${TOKEN})(?: +|(?=[ \\t]*(?:,|$)))`, 'y')
const TOKEN68 = /([A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|$)/y
const SEPARATOR = /[ \t]*,[ \t]*/y

/** The challenges of a header, or undefined when it breaks the grammar. */
export function readChallenges(header: string): readonly ReadChallenge[] | undefined {
  const found: { scheme: string; parameters: (readonly [string, string])[]; token68?: string }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match
  }
  const text = header.trimEnd().length
  while (at < text) {
    while (take(SEPARATOR)); // a list may have empty elements (RFC 9110 section 5.6.1)
    if (at >= text) break
    const current = found.at(-1)
    const parameter = current === undefined || current.token68 !== undefined ? undefined : take(PARAMETER)
    if (parameter !== undefined) {
      const [, name = '', quoted, plain = ''] = parameter
      current?.parameters.push([name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain])
      continue
    }
    const scheme = take(SCHEME)?.[1]
    if (scheme === undefined) return undefined
    const next: (typeof found)[number] = { scheme: scheme.toLowerCase(), parameters: [] }
    found.push(next)
    if (at >= text || header[at] === ',') continue
    const first = take(PARAMETER)
    if (first !== undefined) {
      next.parameters.push([(first[1] ?? '').toLowerCase(), first[2]?.replaceAll(/\\(.)/g, '$1') ?? first[3] ?? ''])
      continue
    }
    const token68 = take(TOKEN68)?.[1]
    if (token68 === undefined) return undefined
    next.token68 = token68
  }
  return found
}
