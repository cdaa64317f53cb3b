import { parsePrincipal } from '@postern/resource-server'

/** Longer ones are no assertions; see the limit of forms. */
const longestAssertion = 48 * 1024

/** Who an assertion says that it is of, and by which certificate. */
export type Claimed = Readonly<{ clientId: string; x5t?: string }>

/**
 * The client id that an assertion claims in its `iss`, and the thumbprint in its header. NOTHING of it is verified: it only
 * says whose metadata may be worth a reading. `undefined`: it claims no principal in a readable way. Never throws.
 */
export function claimedPrincipal(assertion: string): Claimed | undefined {
  if (assertion.length > longestAssertion) return undefined
  const [header = '', payload = ''] = assertion.split('.', 3)
  const issuer = readMember(payload, 'iss')
  const clientId = issuer === undefined ? undefined : parsePrincipal(issuer)?.clientId
  if (clientId === undefined) return undefined
  // Some servers pad it.
  const x5t = readMember(header, 'x5t')?.replace('=', '')
  return Object.freeze({ clientId, ...(x5t === undefined ? {} : { x5t }) })
}

function readMember(part: string, name: string): string | undefined {
  try {
    const members: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof members !== 'object' || members === null || !Object.hasOwn(members, name)) return undefined
    const value = (members as Record<string, unknown>)[name] // the line above looked
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
