/** Names by which servers ask for each other: `client_id/host`, the principal with a host of F§1.2, without a realm. Pure. */
import { parsePrincipal } from '@postern/resource-server'

/** Host names in any letter case, as in an address; a wildcard or a lone dot is none. */
const host = /^(?!.*\.\.)[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/i

/** Whether `name` has the form. A URI never has: its colon comes before its first slash. */
export function isTargetName(name: string): boolean {
  const principal = name.includes('*') ? undefined : parsePrincipal(name)
  return (
    principal?.host !== undefined &&
    principal.realm === undefined &&
    /^[A-Za-z0-9._-]{1,128}$/.test(principal.clientId) &&
    host.test(principal.host)
  )
}

/**
 * What is wrong with a resource's name, or `undefined`. The client part must be its own principal: a token for another
 * server's name would be that server's.
 */
export function findTargetNameProblem(name: string, principalId: string | undefined): string | undefined {
  if (!isTargetName(name)) return undefined
  const owner = name.slice(0, name.indexOf('/'))
  if (owner === principalId) return undefined
  return principalId === undefined
    ? `${name} needs the principal ${owner} (principal-id)`
    : `${name} would be a name of ${owner}, but the principal of this resource is ${principalId}`
}

/** The name of a server at a host. */
export const toTargetName = (clientId: string, hostName: string): string => `${clientId}/${hostName.toLowerCase()}`
