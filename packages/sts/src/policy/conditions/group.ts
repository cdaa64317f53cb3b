import type { Condition } from './condition.ts'

/** By name of a group, without regard to case: a slip of the shift key must not switch a policy off. */
export const group: Condition = {
  isValue: (value) => value.length >= 1 && value.length <= 256,
  expects: 'the name of a group, of 1 to 256 characters',
  matcher: (values) => {
    const named = new Set(values.map((value) => value.toLowerCase()))
    return ({ groups }) => groups.some((one) => named.has(one))
  },
}
