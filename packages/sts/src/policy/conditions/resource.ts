import type { Condition } from './condition.ts'

/** By the name under which the signals carry the resource, to the letter. A request for no resource matches none. */
export const resource: Condition = {
  isValue: (value) => value.length >= 1 && value.length <= 2048,
  expects: 'a resource, of 1 to 2048 characters',
  matcher: (values) => {
    const named = new Set(values)
    return ({ signals }) => signals.resource !== undefined && named.has(signals.resource)
  },
}
