/**
 * What the command `postern-conformance` does, for any output.
 *
 * Exit codes: 0 nothing failed, 1 something did, 2 wrong usage; 130 and 143 when SIGINT or SIGTERM stopped the run: what was found
 * until then is reported, and every program that was started is ended.
 */
import { open, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { renderNames } from './choosing.ts'
import { chooseModules, createProgram, describeTarget, type Options } from './command-line.ts'
import { ConformanceError } from './errors.ts'
import { modules } from './modules.ts'
import { plans } from './plans.ts'
import { lookFirst } from './preflight.ts'
import { renderHtml } from './report/html-report.ts'
import { renderJson } from './report/json-report.ts'
import { renderJunit } from './report/junit-report.ts'
import { renderPlans, renderSummary } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { startMailServer } from './started-mail-server.ts'
import { stopPrograms } from './started-programs.ts'
import { createTarget } from './target.ts'
import { targetExample } from './target-example.ts'
import { createTerminal, type Output } from './terminal.ts'

/** Where the command runs. */
export interface Surroundings {
  readonly out: Output
  readonly error: Pick<Output, 'write'>
  readonly clock: () => Date
  /** Stops the run; the reason is the name of the signal, such as `SIGINT`. */
  readonly interruption?: AbortSignal
}

/** What a wrong file or a wrong flag ends with. */
const WRONG_USAGE = 2

/** What a file system may say to a path that somebody gave. */
const OF_FILES = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR', 'EROFS', 'ENOSPC', 'ENAMETOOLONG', 'EMFILE'])

/** A report that cannot be written is told before the run, which may take a night; an existing file stays as it is until then. */
async function tryReports({ json, junit, html }: Options): Promise<void> {
  for (const path of [json, junit, html]) if (typeof path === 'string') await (await open(path, 'a')).close()
}

/** Each is tried, whatever became of the others; the first failure is thrown at the end. */
async function writeReports(report: Report, { json, junit, html }: Options, { out }: Surroundings): Promise<void> {
  if (json === true) out.write(renderJson(report))
  const written = await Promise.allSettled([
    ...(typeof json === 'string' ? [writeFile(json, renderJson(report))] : []),
    ...(junit === undefined ? [] : [writeFile(junit, renderJunit(report))]),
    ...(html === undefined ? [] : [writeFile(html, renderHtml(report))]),
  ])
  for (const one of written) if (one.status === 'rejected') throw one.reason
}

async function run(options: Options, surroundings: Surroundings): Promise<number> {
  const { out, clock } = surroundings
  const { modules: chosen, plan, notes } = chooseModules(modules, options)
  if (options.list === true) {
    out.write(renderNames(chosen))
    return 0
  }
  const described = await describeTarget(options, clock)
  await tryReports(options)
  const terminal = createTerminal(out, { silent: options.json === true, verbose: options.verbose === true })
  for (const note of notes) terminal.say(note)
  const { interruption } = surroundings
  // At once: the module of the moment may wait for a program that has nothing more to say.
  interruption?.addEventListener('abort', () => void stopPrograms(), { once: true })
  await using mailServer = await startMailServer(described.mailServer, terminal.say)
  const client = described.clientUnderTest
  const look = {
    ...described,
    ...(mailServer.known && { mailServer: mailServer.known }),
  }
  const refusedClients = await lookFirst(createTarget(look), new Set(chosen.map(({ area }) => area)))
  for (const why of refusedClients.values()) terminal.say(why)
  const target = createTarget({
    ...look,
    refusedClients,
    patient: options.patient === true,
    onWait: ({ seconds, reason }) => terminal.say(`waits ${seconds} s for ${reason}`),
    ...(client && { clientUnderTest: { announce: terminal.say, ...client } }),
  })
  const report = await runModules(chosen, plan === undefined ? target : target.withResponseMode(plan.responseMode), {
    clock,
    everyVariant: plan === undefined,
    interruption,
    onProgress: terminal.progress,
    onResult: terminal.result,
  })
  terminal.end(['', renderPlans(report, plans), renderSummary(report)].filter((line, at) => at === 0 || line !== ''))
  await writeReports(report, options, surroundings)
  if (interruption?.aborted === true) await stopPrograms()
  return report.counts.fail > 0 || (options.strict === true && report.counts.warn > 0) ? 1 : 0
}

async function init(path: string, { out }: Surroundings): Promise<number> {
  await writeFile(path, targetExample, { flag: 'wx' })
  out.write(`${path} is written: fill it in, then run postern-conformance --target ${path}\n`)
  return 0
}

/** Wrong usage is 2, whatever found it: commander, an address, a file that is not there or already there. */
function codeOf(error: unknown, surroundings: Surroundings): number {
  const misused = (message: string): number => {
    surroundings.error.write(`${message}\n`)
    return WRONG_USAGE
  }
  if (error instanceof ConformanceError) return misused(error.message)
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  if (code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version') return 0
  if (typeof code === 'string' && code.startsWith('commander.')) return WRONG_USAGE
  const path: unknown = error instanceof Error ? Reflect.get(error, 'path') : undefined
  const file = typeof path === 'string' ? path : 'the file'
  if (code === 'EEXIST') return misused(`${file} is there already, and was left alone`)
  if (typeof code === 'string' && OF_FILES.has(code)) return misused(`cannot read or write ${file}: ${code}`)
  throw error
}

/** @param given the arguments behind the name of the command. Returns the exit code; throws only what is a fault of the kit. */
export async function runCommand(given: readonly string[], surroundings: Surroundings): Promise<number> {
  let code = 0
  const program = createProgram(surroundings, {
    run: async (options) => {
      code = await run(options, surroundings)
    },
    init: async (path) => {
      code = await init(path, surroundings)
    },
  })
  const { interruption, error: says } = surroundings
  const ofSignal = () => 128 + (constants.signals[String(interruption?.reason) as NodeJS.Signals] ?? 0)
  try {
    await program.parseAsync(given, { from: 'user' })
    return interruption?.aborted === true ? ofSignal() : code
  } catch (error) {
    if (interruption?.aborted !== true) return codeOf(error, surroundings)
    says.write(`interrupted by ${interruption.reason} before the first module\n`)
    return ofSignal()
  }
}
