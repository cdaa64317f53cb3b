import { z } from 'zod'
import type { Condition } from './condition.ts'

/** By client identifier, to the letter (RFC 6749 section 2.2 gives it no other equality). */
export const client: Condition = {
  value: z.string().min(1).max(128),
  matcher: (values) => {
    const named = new Set(values)
    return (signals) => named.has(signals.client.id)
  },
}
