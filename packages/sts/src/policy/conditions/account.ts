import { z } from 'zod'
import type { Condition } from './condition.ts'

/** By id, or by user principal name without regard to case. */
export const account: Condition = {
  value: z.string().min(1).max(320),
  matcher: (values) => {
    const named = new Set(values.map((value) => value.toLowerCase()))
    return ({ account: { id, upn } }) => named.has(id.toLowerCase()) || named.has(upn.toLowerCase())
  },
}
