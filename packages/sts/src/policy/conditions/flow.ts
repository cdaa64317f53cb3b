import { z } from 'zod'
import { flows } from '../signals.ts'
import type { Condition } from './condition.ts'

/** By the way the caller came. */
export const flow: Condition = {
  value: z.enum(flows),
  matcher: (values) => {
    const named = new Set(values)
    return (signals) => named.has(signals.flow)
  },
}
