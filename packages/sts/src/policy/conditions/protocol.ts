import { findMailProtocol, mailProtocols } from '../mail/protocols.ts'
import type { Condition } from './condition.ts'

/** By the mail protocol that an app came by, in our spelling or Exchange's. Whoever does not come by one matches none. */
export const protocol: Condition = {
  isValue: (value) => findMailProtocol(value) !== undefined,
  expects: `one of ${mailProtocols.join(', ')}`,
  matcher: (values) => {
    const named = new Set(values.map(findMailProtocol))
    return ({ signals }) => signals.protocol !== undefined && named.has(findMailProtocol(signals.protocol))
  },
}
