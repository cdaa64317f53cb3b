/**
 * main starts the service and stops it well: listen, drain, close. It owns sockets and signals of one process.
 *
 * It does not know what the service does with a request (`compose.ts` builds that), how it was configured (`config/`), nor of
 * other processes (`supervise.ts`).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Store } from '@postern/storage'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { systemClock } from './clock.ts'
import { compose, isInstalled, openStore, type Service } from './compose.ts'
import { ConfigError } from './config/errors.ts'
import { loadMasterKey, loadOrMakeMasterKey } from './config/master-key.ts'
import { type Config, relaxationsOf } from './config/parse.ts'
import { createDelivery, createOutboxWorker, type Delivery } from './delivery/delivery.ts'
import { pathOf } from './http/request-target.ts'
import { createLog } from './log.ts'
import { StartRefused } from './start-refused.ts'
import { sweepRegularly } from './sweep.ts'

/** How long after the start the process has what it needs, so that what is left over can go. */
const settledMilliseconds = 2_000
/** How long requests in flight may take when we are told to stop. */
const drainMilliseconds = 10_000
/** How often the outbox is looked at. */
const postMilliseconds = 5_000
/** How often owners of mail apps are looked for who have not heard of them; a new one wakes the telling at once. */
const tellMilliseconds = 5_000
/** How often the feed of what has ended is looked at. Connections end so much later, and what their server takes. */
const endMilliseconds = 1_000
/** How often partners are looked through for one whose metadata is due. */
const partnersMilliseconds = 60_000
const operationsPaths = new Set(['/healthz', '/readyz', '/metrics'])

export interface RunningServer {
  readonly service: Service
  readonly store: Store
  /** Stops accepting, lets requests in flight finish for 10 s at most, and closes the store. */
  close(): Promise<void>
}

/**
 * The key. Where its file is missing it is made if `mayMake` says so, but never for a database that is used with one.
 * @throws {ConfigError} about the master key; what the store throws, where it had to be asked.
 */
export async function openMasterKey(
  config: Pick<Config, 'masterKey' | 'database'>,
  mayMake: boolean,
): Promise<{ key: Uint8Array; made: boolean }> {
  try {
    return { key: await loadMasterKey(config), made: false }
  } catch (error) {
    if (!isMissing(error) || config.masterKey.kind !== 'file') throw error
    if (!(await isInstalled(config))) {
      if (!mayMake) throw error
      return loadOrMakeMasterKey(config, randomBytes)
    }
  }
  try {
    // Another process may have made it for both of us meanwhile.
    return { key: await loadMasterKey(config), made: false }
  } catch (error) {
    if (!isMissing(error) || config.masterKey.kind !== 'file') throw error
    throw new ConfigError(
      'master_key_missing',
      `There is no master key at ${config.masterKey.path}, but the database is used with one. Copy the master key of this installation there (chmod 600), or point POSTERN_MASTER_KEY_FILE at it.`,
      { cause: error },
    )
  }
}

const isMissing = (error: unknown): boolean => error instanceof ConfigError && error.code === 'master_key_missing'

/**
 * Opens the store, builds the service, and listens. Resolved: it answers.
 * @throws {ConfigError} about the master key; {@link StartRefused} when a port cannot be had; what the store throws.
 */
export async function startServer(
  config: Config,
  options: {
    log: Logger
    /** Runs once with the open store before the first request, e.g. to seed it. */
    prepare?: (parts: { store: Store; service: Service }) => Promise<void>
  },
): Promise<RunningServer> {
  const { log } = options
  for (const relaxation of relaxationsOf(config)) log.warn({ relaxation }, `development mode: ${relaxation}`)
  const { key: masterKey } = await openMasterKey(config, config.development)
  const store = await openStore(config, { masterKey, clock: systemClock })
  const metrics = new Registry()
  const delivery = createDelivery(config.delivery, {
    log,
    clock: systemClock,
    development: config.development,
    registry: metrics,
  })
  const listeners: Listener[] = []
  const close = async (mailApps?: Service['mailApps']) => {
    // Readers who wait are sent away first, or they would hold up the end.
    await Promise.all([mailApps?.close(), ...listeners.map((listener) => listener.drain())])
    await delivery.close()
    await store.close()
  }
  try {
    const service = compose({ config, store, masterKey, clock: systemClock, log, delivery, metrics })
    await options.prepare?.({ store, service })
    const onMain = config.opsPort === undefined ? service.handle : withoutOperations(service.handle)
    const wanted = [
      { port: config.port, setting: 'POSTERN_PORT', handle: onMain },
      ...(config.opsPort === undefined
        ? []
        : [{ port: config.opsPort, setting: 'POSTERN_OPS_PORT', handle: onlyOperations(service.handle) }]),
    ]
    for (const { handle, ...at } of wanted) {
      const listener = createListener(handle)
      listeners.push(listener)
      await listen(listener.server, { host: config.host, ...at })
    }
    log.info({ host: config.host, ports: wanted.map(({ port }) => port), baseUrl: config.baseUrl }, 'listening')
    const stopSweeping = sweepRegularly({ removeExpired: service.removeExpired, store, log, clock: systemClock })
    const posting = postRegularly({ store, delivery, log })
    const regular = [
      setInterval(() => void service.partners.run(), partnersMilliseconds).unref(),
      setInterval(() => void service.mailApps.tellOwners(), tellMilliseconds).unref(),
      setInterval(() => void service.mailApps.endElsewhere(), endMilliseconds).unref(),
    ]
    return Object.freeze({
      service,
      store,
      async close() {
        clearInterval(posting)
        for (const one of regular) clearInterval(one)
        await stopSweeping()
        await close(service.mailApps)
      },
    })
  } catch (error) {
    await close()
    throw error
  }
}

/** Sends what is in the outbox, now and then, for as long as the process has other reasons to live. */
function postRegularly(parts: { store: Store; delivery: Delivery; log: Logger }): NodeJS.Timeout | undefined {
  const { store, log } = parts
  const { mailer, counters } = parts.delivery
  if (mailer === undefined) return undefined
  const worker = createOutboxWorker({ store, mailer, clock: systemClock, log, counters })
  return setInterval(() => void worker.run(), postMilliseconds).unref()
}

/** Starts, prints nothing, and stays until SIGTERM or SIGINT; then drains and ends the process. */
export async function serve(config: Config, log: Logger = createLog(config)): Promise<void> {
  const server = await startServer(config, { log })
  endWithSignals(() => server.close(), log)
  setTimeout(giveBackMemory, settledMilliseconds).unref()
}

/**
 * Start-up leaves three times as much heap reserved as the service then lives in, and V8 keeps that for as long as nobody asks
 * for anything. A collection of last resort gives it back to the machine, once.
 */
function giveBackMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** A second signal ends the process at once. A rejection that nobody caught is a fault of ours: log it and end. */
export function endWithSignals(close: () => Promise<void>, log: Logger): void {
  let ending = false
  const end = (signal: string) => {
    if (ending) process.exit(1)
    ending = true
    log.info({ signal }, 'stopping')
    close().then(
      () => exitWhenLogged(log, 0),
      (fault: unknown) => {
        log.fatal({ err: fault }, 'could not stop well')
        exitWhenLogged(log, 1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (fault: unknown) => {
      log.fatal({ err: fault }, event)
      exitWhenLogged(log, 1)
    })
  }
}

function exitWhenLogged(log: Logger, code: number): void {
  log.flush(() => process.exit(code))
  // Should the log's reader be gone, the end must not wait for it.
  setTimeout(() => process.exit(code), 1000).unref()
}

interface Listener {
  readonly server: Server
  /** Stops accepting and waits for requests in flight, 10 s at most. */
  drain(): Promise<void>
}

function createListener(handle: Handle): Listener {
  const inFlight = new Set<ServerResponse>()
  const limits = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000, maxHeaderSize: 32_768 }
  const server = createServer(limits, (request, response) => {
    inFlight.add(response)
    response.on('close', () => {
      inFlight.delete(response)
      // A connection that was kept alive would hold us up.
      if (!server.listening) server.closeIdleConnections()
    })
    handle(request, response)
  })
  // Longer than the 60 s after which usual proxies let go: whoever lets go first must not be us.
  server.keepAliveTimeout = 65_000
  return {
    server,
    async drain() {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // So that a proxy does not send its next request down a connection that is about to close.
      for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close')
      const late = setTimeout(() => server.closeAllConnections(), drainMilliseconds)
      await closed
      clearTimeout(late)
    },
  }
}

function listen(server: Server, at: { host: string; port: number; setting: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new StartRefused(
            'port_taken',
            `Port ${at.port} of ${at.host} is taken. Stop what uses it, or choose another with ${at.setting}.`,
            { cause: error },
          ),
        )
      else if (error.code === 'EACCES')
        reject(
          new StartRefused(
            'port_forbidden',
            `Port ${at.port} may not be used by this user. Choose one above 1023 with ${at.setting}, behind a proxy.`,
            { cause: error },
          ),
        )
      else reject(error)
    })
    server.listen(at.port, at.host, () => resolve())
  })
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** Any other spelling of these paths is refused by the service itself, see request-target.ts. */
const isOperation = (request: IncomingMessage): boolean => operationsPaths.has(pathOf(request))

const onlyOperations =
  (handle: Handle): Handle =>
  (request, response) =>
    isOperation(request) ? handle(request, response) : notFound(response)

const withoutOperations =
  (handle: Handle): Handle =>
  (request, response) =>
    isOperation(request) ? notFound(response) : handle(request, response)

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found\n')
}
