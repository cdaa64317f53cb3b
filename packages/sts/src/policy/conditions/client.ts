import type { Condition } from './condition.ts'

/** By client identifier, to the letter (RFC 6749 section 2.2 gives it no other equality). */
export const client: Condition = {
  isValue: (value) => value.length >= 1 && value.length <= 128,
  expects: 'a client identifier, of 1 to 128 characters',
  matcher: (values) => {
    const named = new Set(values)
    return ({ signals }) => named.has(signals.client.id)
  },
}
