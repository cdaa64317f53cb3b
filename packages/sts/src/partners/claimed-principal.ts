import { parsePrincipal } from '@postern/resource-server'

/** Longer ones are no assertions; see the limit of forms. */
const longestAssertion = 48 * 1024

/**
 * The client id that an assertion claims in its `iss`. NOTHING of it is verified: it only says whose metadata may be worth a
 * reading. `undefined`: it claims none in a readable way. Never throws.
 */
export function claimedPrincipal(assertion: string): string | undefined {
  if (assertion.length > longestAssertion) return undefined
  const payload = assertion.split('.', 3)[1] ?? ''
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const issuer = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined
    return typeof issuer === 'string' ? parsePrincipal(issuer)?.clientId : undefined
  } catch {
    return undefined
  }
}
