import type { Made, Rights } from './made.ts'

/** What was or will be made, for people. Pure. `audienceOf`: how people know a resource. */
export function describeMade(made: Made, audienceOf: (resource: string) => string): string {
  switch (made.kind) {
    case 'domain':
      return `domain ${made.domain} of the realm`
    case 'client':
      return `client ${made.client} (${made.displayName})`
    case 'grant-types':
      return `client ${made.client} may use ${made.grantTypes.join(', ')}`
    case 'certificate':
      return `certificate ${made.x5t} of ${made.client}`
    case 'metadata':
      return `metadata of ${made.client} is read from ${made.url}`
    case 'resource':
      return `resource ${made.audience}, also called ${made.names.filter((name) => name !== made.audience).join(', ')}`
    case 'resource-names':
      return `resource ${audienceOf(made.resource)} is also called ${made.names.join(', ')}`
    case 'resource-principal':
      return `resource ${audienceOf(made.resource)} has the principal ${made.client}`
    case 'resource-scopes':
      return `resource ${audienceOf(made.resource)} knows ${made.scopes.join(', ')}`
    case 'access':
      return `${made.client} may ask for ${audienceOf(made.resource)}: ${made.scopes.join(', ')}`
    case 'delegation':
      return made.before === undefined
        ? `${made.client} may act for people at ${audienceOf(made.resource)}: ${made.scopes.join(', ')}`
        : `${made.client} may act for people at ${audienceOf(made.resource)} otherwise than before (${describeRights(made.before)})`
  }
}

/** What may be done for people, and for whom it may not. Pure. */
export const describeRights = ({ scopes, exceptGroups }: Rights): string =>
  `${scopes.join(', ')}; ${exceptGroups.length === 0 ? 'nobody is excepted' : `except the group${exceptGroups.length === 1 ? '' : 's'} ${exceptGroups.join(', ')}`}`
