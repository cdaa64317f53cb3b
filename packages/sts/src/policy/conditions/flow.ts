import { flows } from '../signals.ts'
import type { Condition } from './condition.ts'

/** By the way the caller came. */
export const flow: Condition = {
  isValue: (value) => flows.some((one) => one === value),
  expects: `one of ${flows.join(', ')}`,
  matcher: (values) => {
    const named = new Set(values)
    return ({ signals }) => named.has(signals.flow)
  },
}
