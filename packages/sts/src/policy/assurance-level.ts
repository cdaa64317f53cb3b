import { isSatisfied, type Requirement } from './requirements.ts'

/** Values of the claim `acr`, weakest first. Each one includes those before it. */
export const assuranceLevels = ['urn:postern:acr:aal1', 'urn:postern:acr:aal2', 'urn:postern:acr:phishing-resistant'] as const
export type AssuranceLevel = (typeof assuranceLevels)[number]

/**
 * The level that the shown evidence amounts to (`amr`, RFC 8176).
 *
 * Does NOT check that anything was shown: with no evidence the answer is the lowest level, which promises nothing beyond
 * whatever let the caller in.
 */
export function acrOf(amr: readonly string[]): AssuranceLevel {
  if (isSatisfied('phishing-resistant', amr)) return 'urn:postern:acr:phishing-resistant'
  return isSatisfied('second-factor', amr) ? 'urn:postern:acr:aal2' : 'urn:postern:acr:aal1'
}

/** Whether `actual` is at least what was asked for (`acr_values`, OpenID Connect Core section 3.1.2.1). A level that we do not know is never met. */
export function satisfiesAcr(requested: string, actual: AssuranceLevel): boolean {
  const levels: readonly string[] = assuranceLevels
  return levels.includes(requested) && levels.indexOf(requested) <= levels.indexOf(actual)
}

/** What must be shown to reach one of `requested`, the least that will do. A level that we do not know asks for a second factor and is not met by it. */
export function requirementOf(requested: readonly string[]): Requirement {
  const levels: readonly string[] = assuranceLevels
  const known = requested.filter((one) => levels.includes(one))
  const hardOnly = known.length > 0 && known.every((one) => one === 'urn:postern:acr:phishing-resistant')
  return hardOnly ? 'phishing-resistant' : 'second-factor'
}
