import { type PolicyDefinition, parsePolicy } from './definition.ts'

/** The policy that every realm begins with. It has no conditions, so nobody has to be named to be protected. */
export function firstPolicy(): { readonly name: string; readonly mode: 'on'; readonly definition: PolicyDefinition } {
  return Object.freeze({
    name: 'Everybody needs a second factor',
    mode: 'on',
    definition: parsePolicy({ require: ['second-factor'] }),
  })
}
