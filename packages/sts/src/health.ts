import type { Middleware } from 'koa'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Clock } from './clock.ts'

/** What the service says about itself to those who run it. */
export interface Health {
  readonly middleware: Middleware
}

/**
 * `/healthz`: the process answers. `/readyz`: it can do its work, that is, the database answers and its clock agrees with
 * ours. `/metrics`: Prometheus text. None tells a secret; put them on a port of their own where even that is too much.
 */
export function createHealth(options: {
  clock: Clock
  /** The database's time; throws when it is away. */
  databaseTime: () => Promise<Date>
  /** Further checks by name, e.g. that the realms have keys that sign. Throw when not ready. */
  checks: Readonly<Record<string, () => Promise<void>>>
  /** Where other parts count as well. */
  registry?: Registry
  /** Greatest difference between our clock and the database's, in seconds (R99). */
  maximumSkewSeconds?: number
}): Health {
  const { clock, registry = new Registry(), maximumSkewSeconds = 30 } = options
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'postern_http_requests_total',
    help: 'Answered requests',
    labelNames: ['method', 'status'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'postern_http_request_seconds',
    help: 'Time to answer',
    labelNames: ['method'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })

  async function readiness(): Promise<Record<string, string>> {
    const theirs = options.databaseTime()
    const checks: Record<string, () => Promise<void>> = {
      ...options.checks,
      database: async () => {
        await theirs
      },
      clock: async () => {
        const skew = Math.abs((await theirs).getTime() - clock().getTime()) / 1000
        if (skew > maximumSkewSeconds) throw new RangeError(`differs from the database's by ${Math.round(skew)} s`)
      },
    }
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await check()
          return [name, 'ok'] as const
        } catch (fault) {
          return [name, fault instanceof RangeError ? fault.message : 'unavailable'] as const
        }
      }),
    )
    return Object.fromEntries(results)
  }

  return {
    middleware: async (ctx, next) => {
      const answers = ctx.method === 'GET' || ctx.method === 'HEAD'
      if (answers && ctx.path === '/healthz') {
        ctx.body = { status: 'ok' }
      } else if (answers && ctx.path === '/readyz') {
        const checks = await readiness()
        const ready = Object.values(checks).every((one) => one === 'ok')
        ctx.status = ready ? 200 : 503
        if (!ready) ctx.set('Retry-After', '2')
        ctx.body = { status: ready ? 'ok' : 'not ready', checks }
      } else if (answers && ctx.path === '/metrics') {
        ctx.type = registry.contentType
        ctx.body = await registry.metrics()
      } else {
        const took = seconds.startTimer({ method: ctx.method })
        try {
          await next()
        } finally {
          took()
          requests.inc({ method: ctx.method, status: String(ctx.status) })
        }
      }
    },
  }
}
