import type { Middleware } from 'koa'
import type { Logger } from 'pino'

/** Holds a UUID (36) and the names of ours. What is longer ends here (R134): tokens, and the 43 of a sign-in's uid. */
const longestSegment = 40
const hasLongSegment = new RegExp(`[^/]{${longestSegment + 1}}`)

/**
 * The path as it may be logged: without the query, and without segments long enough to be a code or a token.
 * Does NOT hide short secrets in a path; no route of ours takes one.
 */
export const loggablePath = (path: string): string =>
  hasLongSegment.test(path)
    ? path
        .split('/')
        .map((segment) => (segment.length > longestSegment ? '[long]' : segment))
        .join('/')
    : path

/** One line a request: who, what, how it went, how long. No query, no header, no body (R134). */
export function requestLog(options: { logger: Logger; clock: () => Date }): Middleware {
  return async (ctx, next) => {
    const began = options.clock().getTime()
    const write = (status: number): void => {
      options.logger.info(
        {
          method: ctx.method,
          path: loggablePath(ctx.path),
          status,
          ms: options.clock().getTime() - began,
          reference: ctx.state.reference,
          source: ctx.state.source,
        },
        'request',
      )
    }
    try {
      await next()
    } catch (cause) {
      write(500)
      throw cause
    }
    write(ctx.status)
  }
}
