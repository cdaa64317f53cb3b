/** How a policy names resources: people write any name, policies keep the audience, which is what decisions compare. Pure. */
import type { Resource } from '@postern/storage'
import type { Conditions, PolicyDefinition } from '../policy/definition.ts'
import { findResource } from '../protocol/resources.ts'

/**
 * The audience of the resource that `name` means: its id, or any of its names with or without one trailing slash, as in a
 * live request. A disabled resource is known as well. `undefined`: no such resource.
 */
export function findAudience(resources: readonly Resource[], name: string): string | undefined {
  const enabled = resources.map((one): Resource => ({ ...one, status: 'active' }))
  const found =
    resources.find(({ id }) => id === name.toLowerCase()) ?? findResource(resources, name) ?? findResource(enabled, name)
  return found?.audience
}

/** `definition` with each resource as `toAudience` says, each once, and the problems where it says `undefined`. */
export function renameResources(
  definition: PolicyDefinition,
  toAudience: (name: string) => string | undefined,
): { readonly definition: PolicyDefinition; readonly problems: readonly string[] } {
  const problems: string[] = []
  const rename = (where: 'when' | 'except'): { readonly [key in typeof where]?: Conditions } => {
    const conditions = definition[where]
    if (conditions?.resource === undefined) return {}
    const audiences = conditions.resource.map((name, index) => {
      const audience = toAudience(name)
      if (audience === undefined)
        problems.push(`${where}.resource.${index}: there is no resource ${name} in this realm. See: postern resource list`)
      return audience ?? name
    })
    return { [where]: Object.freeze({ ...conditions, resource: Object.freeze([...new Set(audiences)]) }) }
  }
  return Object.freeze({
    definition: Object.freeze({ ...definition, ...rename('when'), ...rename('except') }),
    problems: Object.freeze(problems),
  })
}
