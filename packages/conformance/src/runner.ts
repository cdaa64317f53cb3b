/**
 * Runs modules against a target, one after the other, and gathers the report. It prints nothing.
 *
 * It owns what a result is: findings, the verdict, and the exchanges of that module with every secret struck out.
 */
import {
  type Area,
  type ConformanceModule,
  createChecks,
  decideVerdict,
  type Finding,
  fileNameOf,
  type Verdict,
} from './conformance-module.ts'
import { ConformanceError } from './errors.ts'
import { createRecorder, type Exchange } from './exchanges.ts'
import { createRedactor, type Redactor } from './redaction.ts'
import type { ResponseMode, Target } from './target.ts'

export interface ModuleResult {
  /** The module's file name; with ` (form_post)` behind it where it was run in that way once more. */
  readonly name: string
  readonly area: Area
  readonly claim: string
  /** How the target was asked to answer authorization requests. */
  readonly responseMode: ResponseMode
  /** The Foundation's module ids that it stands for. */
  readonly ids: readonly string[]
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** The first 40 exchanges, redacted. */
  readonly exchanges: readonly Exchange[]
  /** How many more there were. */
  readonly exchangesOmitted: number
  readonly milliseconds: number
}

export interface Report {
  readonly issuer: string | undefined
  readonly resource: string | undefined
  /** The mail server that trusts the kit. */
  readonly mailServer: string | undefined
  readonly startedAt: Date
  /** Somebody stopped the run: by what, and how many runs are missing. Absent in a whole report. */
  readonly interrupted?: { readonly by: string; readonly notRun: number }
  readonly results: readonly ModuleResult[]
  readonly counts: Readonly<Record<Verdict, number>>
}

export interface Progress {
  /** How many have ended. */
  readonly done: number
  readonly total: number
  /** The claim of the one that runs now. */
  readonly current: string
}

export interface RunOptions {
  readonly clock: () => Date
  /** Hears each result as it comes. */
  readonly onResult?: (result: ModuleResult) => void
  /** Hears of each module before it runs. */
  readonly onProgress?: (progress: Progress) => void
  /** Runs modules that have variants once in each. Default no: the target's own way of answering only. */
  readonly everyVariant?: boolean
  /** Stops the run where it is; its reason says by what. What was found until then is in the report, the module of the moment is not. */
  readonly interruption?: AbortSignal | undefined
}

interface Step {
  readonly one: ConformanceModule
  readonly responseMode?: ResponseMode
}

/** Everything that the developer said is secret. */
function secretsOf(target: Target): readonly string[] {
  const people = [target.person, target.secondPerson].flatMap((person) => [person?.password, person?.totpSecret])
  const clients = Object.values(target.clients).map((client: { readonly secret?: string } | undefined) => client?.secret)
  const tokens = [target.resource?.token, target.server?.person?.token, target.registration.initialAccessToken]
  return [...people, ...clients, ...tokens].filter((one) => one !== undefined)
}

/** A target that cannot be asked fails the module; so does a fault of the kit, which then goes on to the next. */
async function runModule(
  { one, responseMode }: Step,
  given: Target,
  redactor: Redactor,
  clock: () => Date,
): Promise<ModuleResult> {
  const startedAt = clock().getTime()
  const { checks, findings } = createChecks(redactor.redact)
  const recorder = createRecorder(redactor)
  const stop = given.watch(recorder.hear)
  try {
    await one.run(responseMode === undefined ? given : given.withResponseMode(responseMode), checks)
  } catch (error) {
    if (error instanceof ConformanceError && (error.code === 'not_given' || error.code === 'wait_too_long'))
      checks.skip('the kit', 'there is something to try', error.message)
    else if (error instanceof ConformanceError)
      checks.must('the kit', 'the target answers in a form that can be judged', false, `${error.code}: ${error.message}`)
    else checks.must('the kit', 'the module comes to its end', false, describeFault(error))
  } finally {
    stop()
  }
  const { exchanges, omitted } = recorder.tell()
  return Object.freeze({
    name: responseMode === undefined ? fileNameOf(one) : `${fileNameOf(one)} (${responseMode})`,
    area: one.area,
    claim: responseMode === undefined ? one.claim : `${one.claim}, by ${responseMode}`,
    responseMode: responseMode ?? given.responseMode,
    ids: one.ids ?? [],
    verdict: decideVerdict(findings),
    findings: Object.freeze(findings.map((finding) => Object.freeze({ ...finding, seen: redactor.redact(finding.seen) }))),
    exchanges,
    exchangesOmitted: omitted,
    milliseconds: clock().getTime() - startedAt,
  })
}

const describeFault = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))

/** Resolves when the run is stopped; never without a signal. */
const whenStopped = (interruption: AbortSignal | undefined): Promise<undefined> =>
  new Promise((resolve) => {
    if (interruption?.aborted === true) resolve(undefined)
    else interruption?.addEventListener('abort', () => resolve(undefined), { once: true })
  })

/** Runs all that were chosen, whatever fails, and adds up. */
export async function runModules(modules: readonly ConformanceModule[], target: Target, options: RunOptions): Promise<Report> {
  const startedAt = options.clock()
  const redactor = createRedactor(secretsOf(target))
  const steps = modules.flatMap((one): readonly Step[] => [
    { one },
    ...(options.everyVariant === true ? (one.variants ?? []).map((responseMode) => ({ one, responseMode })) : []),
  ])
  const { interruption } = options
  const stopped = whenStopped(interruption)
  const results: ModuleResult[] = []
  for (const step of steps) {
    if (interruption?.aborted === true) break
    options.onProgress?.({ done: results.length, total: steps.length, current: step.one.claim })
    const result = await Promise.race([runModule(step, target, redactor, options.clock), stopped])
    if (result === undefined) break
    results.push(result)
    options.onResult?.(result)
  }
  const count = (verdict: Verdict) => results.filter((one) => one.verdict === verdict).length
  const counts = { pass: count('pass'), warn: count('warn'), fail: count('fail'), skip: count('skip') }
  return Object.freeze({
    issuer: target.hasIssuer ? target.issuer : undefined,
    resource: target.resource?.url,
    mailServer: target.mailServer?.url,
    startedAt,
    ...(interruption?.aborted === true && {
      interrupted: { by: String(interruption.reason), notRun: steps.length - results.length },
    }),
    results: Object.freeze(results),
    counts,
  })
}
