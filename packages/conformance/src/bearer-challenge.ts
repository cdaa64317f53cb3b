/** Reads the Bearer challenge out of a `WWW-Authenticate` value (RFC 9110 section 11.6.1), other schemes skipped over. */

const PART =
  /\s*(?:,\s*)*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+([A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?)/y

/**
 * Finds the first Bearer challenge and its parameters, names in lower case. `undefined`: there is none. Reading stops at
 * the first thing that is no challenge; what came before counts.
 */
export function findBearerChallenge(header: string | null): ReadonlyMap<string, string> | undefined {
  if (header === null) return undefined
  let found: Map<string, string> | undefined
  let inBearer = false
  PART.lastIndex = 0
  for (let part = PART.exec(header); part !== null; part = PART.exec(header)) {
    const [, name, quoted, plain, scheme] = part
    if (scheme !== undefined) {
      if (inBearer) break
      inBearer = scheme.toLowerCase() === 'bearer'
      if (inBearer) found = new Map()
    } else if (inBearer && name !== undefined) {
      found?.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '')
    }
    if (part[0] === '') break
  }
  return found
}
