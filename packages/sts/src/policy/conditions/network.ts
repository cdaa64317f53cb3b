import type { Condition } from './condition.ts'
import { isInRange, parseRange } from './ip-address.ts'

/** By source address. Not known, or no address at all: `'unknown'`. */
export const network: Condition = {
  isValue: (value) => parseRange(value) !== undefined,
  expects: 'an IP address or a range such as 10.0.0.0/8 or 2001:db8::/32',
  matcher: (values) => {
    const ranges = values.flatMap((value) => parseRange(value) ?? [])
    return ({ source }) => (source === undefined ? 'unknown' : ranges.some((range) => isInRange(source, range)))
  },
}
