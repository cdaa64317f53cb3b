/**
 * supervise keeps as many processes as were asked for, all on the same port. It serves nothing itself and loads nothing of the
 * service.
 * @module
 */
import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import type { Config } from './config/parse.ts'
import { createLog } from './log.ts'
import { StartRefused } from './start-refused.ts'

/** How a worker ended: `code` is null where a signal ended it. */
export type WorkerEnd = Readonly<{ code: number | null; signal: string | null }>

/**
 * Whether a worker ended well after it was told to by `told`. One that was still starting had nothing to finish and knew no
 * signal yet, so the signal itself ended it.
 */
export const endedWell = ({ code, signal }: WorkerEnd, told: NodeJS.Signals): boolean =>
  code === 0 || (code === null && signal === told)

/**
 * Keeps `config.workers` processes until SIGTERM or SIGINT; then passes the signal on and waits for all. One that cannot even start ends all, so
 * that the mistake is seen.
 * @throws {StartRefused} `worker_failed`: one could not start, or did not stop well.
 */
export function supervise(config: Pick<Config, 'workers' | 'logLevel'>, log: Logger = createLog(config)): Promise<void> {
  return new Promise((resolve, reject) => {
    let told: NodeJS.Signals | undefined
    let failed = false
    const ready = new Set<number>()
    const endAll = (signal: NodeJS.Signals) => {
      told = signal
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
    }
    cluster.on('listening', (worker: Worker) => ready.add(worker.id))
    cluster.on('exit', (worker: Worker, code: number | null, signal: string | null) => {
      if (told === undefined && ready.has(worker.id)) {
        log.error({ worker: worker.id, code, signal }, 'a worker ended; starting another')
        cluster.fork()
        return
      }
      failed ||= told === undefined || !endedWell({ code, signal }, told)
      if (told === undefined) endAll('SIGTERM')
      if (Object.keys(cluster.workers ?? {}).length > 0) return
      if (failed) reject(new StartRefused('worker_failed', 'A worker could not start or stop. Its log says why.'))
      else resolve()
    })
    process.on('SIGTERM', () => endAll('SIGTERM'))
    process.on('SIGINT', () => endAll('SIGINT'))
    for (let count = 0; count < config.workers; count++) cluster.fork()
  })
}
