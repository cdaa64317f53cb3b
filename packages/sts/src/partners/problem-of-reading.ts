import { DiscoveryError, type DiscoveryErrorCode } from '@postern/resource-server'

/** What a server that is away or not well answers like; all else is something that it says or does. */
const passing: ReadonlySet<DiscoveryErrorCode> = new Set(['unreachable', 'timed_out', 'status_unexpected'])

/** Says why a document could not be read. `undefined`: the error is a fault of ours and must be thrown on. */
export function problemOfReading(
  error: unknown,
):
  | { readonly outcome: 'unavailable'; readonly detail: string }
  | { readonly outcome: 'refused'; readonly code: 'document_refused'; readonly detail: string }
  | undefined {
  if (!(error instanceof DiscoveryError)) return undefined
  const detail = [error.code, error.detail].filter((one) => one !== undefined).join(': ')
  return passing.has(error.code)
    ? Object.freeze({ outcome: 'unavailable', detail })
    : Object.freeze({ outcome: 'refused', code: 'document_refused', detail })
}
