import { z } from 'zod'
import type { Condition } from './condition.ts'

/** By name of a group, without regard to case: a slip of the shift key must not switch a policy off. */
export const group: Condition = {
  value: z.string().min(1).max(256),
  matcher: (values) => {
    const named = new Set(values.map((value) => value.toLowerCase()))
    return (signals) => signals.account.groups.some((one) => named.has(one.toLowerCase()))
  },
}
