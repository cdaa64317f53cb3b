import type { Condition } from './condition.ts'

/** By id, or by user principal name without regard to case. */
export const account: Condition = {
  isValue: (value) => value.length >= 1 && value.length <= 320,
  expects: 'an account: its id or user principal name, of 1 to 320 characters',
  matcher: (values) => {
    const named = new Set(values.map((value) => value.toLowerCase()))
    return ({ accountNames: [id, upn] }) => named.has(id) || named.has(upn)
  },
}
