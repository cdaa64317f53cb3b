/**
 * The whole kit against everything of ours: the service with Contoso's mail server, the mail servers that trust the kit, and
 * Contoso's mail client as a program.
 *
 * It owns the order and the joining of reports. `pnpm conformance` prints what it returns; the tests beside it demand it.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import {
  type ConformanceModule,
  createTarget,
  type ModuleResult,
  modules,
  type Progress,
  type Report,
  runModules,
} from '@postern/conformance'
import { startMailServers } from './mail-server-stage.ts'
import { moveClock } from './moved-clock.ts'
import { startPosternStage } from './postern-stage.ts'

export interface Watching {
  readonly onResult?: (result: ModuleResult) => void
  readonly onProgress?: (progress: Progress) => void
  /** Which modules are run; by default all. */
  readonly chosen?: readonly ConformanceModule[]
  /** Stops the run; what was found until then is in the report. */
  readonly interruption?: AbortSignal
}

const LIBRARY = 'the library alone'

const MAIL_CLIENT = fileURLToPath(new URL('../../examples/contoso/src/unattended-client.ts', import.meta.url))

/** A program has its own clock, so these scenes are played in real time. */
async function runClientModules(watching: Watching): Promise<Report> {
  const clientUnderTest = { command: [process.execPath, MAIL_CLIENT] }
  const clock = () => new Date()
  const { chosen = modules } = watching
  const aboutClients = chosen.filter(({ area }) => area === 'client')
  return runModules(aboutClients, createTarget({ clientUnderTest, clock }), { clock, ...watching })
}

/** Runs every module; those about mail servers once more for a server that is nothing but the library. */
export async function runEverything(watching: Watching = {}): Promise<Report> {
  const client = await runClientModules(watching)
  if (watching.interruption?.aborted === true) return client
  using time = moveClock()
  const { clock, wait } = time
  await using postern = await startPosternStage(clock)
  await using mail = await startMailServers(clock)
  const target = createTarget({ ...postern.target, mailServer: mail.contoso, clock, wait })
  const { chosen = modules } = watching
  const aboutServers = chosen.filter(({ area }) => area !== 'client')
  const whole = await runModules(aboutServers, target, { clock, everyVariant: true, ...watching })
  const aboutMail = chosen.filter(({ area }) => area === 'resource-server')
  const named = (result: ModuleResult): ModuleResult =>
    Object.freeze({ ...result, name: `${result.name} (${LIBRARY})`, claim: `${result.claim}: ${LIBRARY}` })
  const library = await runModules(aboutMail, createTarget({ mailServer: mail.library, clock, wait }), {
    clock,
    interruption: watching.interruption,
    onResult: (result) => watching.onResult?.(named(result)),
  })
  return join(whole, [{ ...library, results: library.results.map(named) }, client])
}

/** One report of several; one that is not whole makes all of it not whole. */
function join(report: Report, more: readonly Report[]): Report {
  const all = [report, ...more]
  const results = Object.freeze(all.flatMap((one) => one.results))
  const parts = all.flatMap(({ interrupted }) => interrupted ?? [])
  const notRun = parts.reduce((sum, one) => sum + one.notRun, 0)
  const count = (verdict: string) => results.filter((one) => one.verdict === verdict).length
  return Object.freeze({
    ...report,
    results,
    ...(parts[0] !== undefined && { interrupted: { by: parts[0].by, notRun } }),
    counts: { pass: count('pass'), warn: count('warn'), fail: count('fail'), skip: count('skip') },
  })
}
