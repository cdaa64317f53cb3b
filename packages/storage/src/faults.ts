import { StorageUnavailable, type UnavailableReason } from './errors.ts'

/** SQLSTATE classes and codes after which the same request may succeed later (PostgreSQL manual, appendix A). */
const states: readonly (readonly [prefix: string, reason: UnavailableReason])[] = [
  ['08', 'unreachable'], // connection exception
  ['28', 'unreachable'], // the server does not let us in: for the caller there is no database
  ['3D000', 'unreachable'], // no such database
  ['25006', 'unreachable'], // read-only: a standby after a failover
  ['57014', 'timeout'], // statement_timeout
  ['55P03', 'timeout'], // lock_timeout
  ['25P03', 'timeout'], // idle_in_transaction_session_timeout
  ['57P', 'unreachable'], // shutting down, crashed, starting up, database dropped
  ['53', 'exhausted'], // disk full, out of memory, too many connections
  ['58', 'exhausted'], // I/O error of the server's system
  ['40001', 'contention'],
  ['40P01', 'contention'],
]

/** Errors of Node's sockets and name look-up. */
const systemCodes = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENETDOWN ENOENT EADDRNOTAVAIL EMFILE'.split(
    ' ',
  ),
)

/** pg and PGlite tell some of their own faults by text alone. */
const texts: readonly (readonly [text: RegExp, reason: UnavailableReason])[] = [
  [/timeout exceeded when trying to connect/i, 'exhausted'],
  [/query read timeout|timeout expired/i, 'timeout'],
  [/connection terminated|connection error|not queryable|connection ended|pool after calling end|PGlite is clos/i, 'unreachable'],
]

const stringMember = (error: object, name: string): string | undefined => {
  const value = (error as Record<string, unknown>)[name] // any object may be asked for a member
  return typeof value === 'string' ? value : undefined
}

function reasonOf(error: unknown): UnavailableReason | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const code = stringMember(error, 'code')
  if (code !== undefined) {
    if (systemCodes.has(code)) return 'unreachable'
    const state = states.find(([prefix]) => code.startsWith(prefix))
    if (state !== undefined) return state[1]
  }
  const message = stringMember(error, 'message') ?? ''
  return texts.find(([text]) => text.test(message))?.[1]
}

/** What to throw for `error`: {@link StorageUnavailable} where trying later may help, else the error itself. */
export function toStorageFault(error: unknown): unknown {
  if (error instanceof StorageUnavailable) return error
  const reason = reasonOf(error)
  return reason === undefined ? error : new StorageUnavailable(reason, { cause: error })
}

/** Whether the connection that raised `error` must not be used again. */
export function breaksConnection(error: unknown): boolean {
  if (!(error instanceof StorageUnavailable) || error.reason === 'contention') return false
  const code = typeof error.cause === 'object' && error.cause !== null ? stringMember(error.cause, 'code') : undefined
  // A server that still answers with an ordinary statement error keeps its session; everything else is gone or unknown.
  return code === undefined || systemCodes.has(code) || code.startsWith('08') || code.startsWith('57P') || code === '25P03'
}
