/** Runs modules against a target, one after the other, and gathers the report. It prints nothing. */
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
import type { Target } from './target.ts'

export interface ModuleResult {
  readonly name: string
  readonly area: Area
  readonly claim: string
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
}

export interface Report {
  readonly issuer: string | undefined
  readonly resource: string | undefined
  readonly startedAt: Date
  readonly results: readonly ModuleResult[]
  readonly counts: Readonly<Record<Verdict, number>>
}

/** A target that cannot be asked fails the module; a fault of the kit itself is thrown on. */
async function runModule(one: ConformanceModule, target: Target): Promise<ModuleResult> {
  const { checks, findings } = createChecks()
  try {
    await one.run(target, checks)
  } catch (error) {
    if (!(error instanceof ConformanceError)) throw error
    if (error.code === 'not_given') checks.skip('the kit', 'there is something to try', error.message)
    else checks.must('the kit', 'the target answers in a form that can be judged', false, `${error.code}: ${error.message}`)
  }
  return Object.freeze({ name: fileNameOf(one), area: one.area, claim: one.claim, verdict: decideVerdict(findings), findings })
}

/** @param options.onResult hears each result as it comes. */
export async function runModules(
  modules: readonly ConformanceModule[],
  target: Target,
  options: { readonly clock: () => Date; readonly onResult?: (result: ModuleResult) => void },
): Promise<Report> {
  const startedAt = options.clock()
  const results: ModuleResult[] = []
  for (const one of modules) {
    const result = await runModule(one, target)
    results.push(result)
    options.onResult?.(result)
  }
  const count = (verdict: Verdict) => results.filter((one) => one.verdict === verdict).length
  const counts = { pass: count('pass'), warn: count('warn'), fail: count('fail'), skip: count('skip') }
  return Object.freeze({
    issuer: target.hasIssuer ? target.issuer : undefined,
    resource: target.resource?.url,
    startedAt,
    results: Object.freeze(results),
    counts,
  })
}
