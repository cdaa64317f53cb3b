import { z } from 'zod'
import type { Condition } from './condition.ts'

/** By the name under which the signals carry the resource, to the letter. A request for no resource matches none. */
export const resource: Condition = {
  value: z.string().min(1).max(2048),
  matcher: (values) => {
    const named = new Set(values)
    return (signals) => signals.resource !== undefined && named.has(signals.resource)
  },
}
