/** Renders results as lines for a terminal. Pure: whether it is one, and how wide, is the command's to know. */
import type { Verdict } from '../conformance-module.ts'
import { type JudgedId, judgePlan, notTested, type Plan, whyNot } from '../plans.ts'
import type { ModuleResult, Progress, Report } from '../runner.ts'

const MARK: Readonly<Record<Verdict, string>> = { pass: 'pass', warn: 'WARN', fail: 'FAIL', skip: 'skip' }

/** One line for a result, and one for each finding that needs attention; all findings when `verbose`. */
export function renderResult(result: ModuleResult, options: { readonly verbose?: boolean } = {}): string {
  const shown = result.findings.filter(
    (one) => options.verbose === true || one.verdict === 'fail' || one.verdict === 'warn' || one.verdict === 'skip',
  )
  const lines = shown.map(
    ({ verdict, expected, seen, clause }) =>
      `       ${MARK[verdict]}  ${expected}\n             ${verdict === 'skip' ? 'why' : 'saw'}: ${seen}   [${clause}]`,
  )
  return [`${MARK[result.verdict]}   ${result.area}: ${result.claim}`, ...lines].join('\n')
}

export function renderSummary(report: Report): string {
  const { pass, warn, fail, skip } = report.counts
  const said = `${countRuns(report)}: ${pass} passed, ${warn} with warnings, ${fail} failed, ${skip} skipped`
  return report.interrupted === undefined ? said : `${said}; ${describeInterruption(report.interrupted)}`
}

/** What a report says that is not whole. */
export const describeInterruption = ({ by, notRun }: NonNullable<Report['interrupted']>): string =>
  `interrupted by ${by}, ${notRun} not run`

/** How many runs of how many modules: one may be run in several ways. */
export function countRuns({ results }: Pick<Report, 'results'>): string {
  const modules = new Set(results.map(({ name }) => name.replace(/ \(.*\)$/, ''))).size
  const one = modules === 1 ? 'module' : 'modules'
  return modules === results.length ? `${modules} ${one}` : `${results.length} runs of ${modules} ${one}`
}

/** One line for each plan of which anything was run, and below it each id that was not tried, with the reason. */
export function renderPlans(report: Report, plans: readonly Plan[]): string {
  const judged = plans.map((plan) => ({ plan, ids: judgePlan(plan, report.results) }))
  const count = (ids: ReturnType<typeof judgePlan>, ...verdicts: readonly string[]) =>
    ids.filter(({ verdict }) => verdicts.includes(verdict)).length
  return judged
    .filter(({ ids }) => ids.some(({ verdict }) => verdict !== 'not run'))
    .map(({ plan, ids }) => {
      const held = `${count(ids, 'pass', 'warn')} of ${ids.length}`.padStart(9)
      const rest = [
        [count(ids, 'fail'), 'failed'],
        [count(ids, 'skip'), 'skipped'],
        [count(ids, 'not run'), 'not run'],
      ] as const
      const said = rest.filter(([many]) => many > 0).map(([many, word]) => `${many} ${word}`)
      const line = `${held}  ${plan.title}${said.length === 0 ? '' : ` (${said.join(', ')})`}`
      return [line, ...renderUntried(plan, ids, report)].join('\n')
    })
    .join('\n')
}

/** Not those that somebody left out by choosing others. */
function renderUntried(plan: Plan, ids: readonly JudgedId[], { results }: Report): readonly string[] {
  return ids.flatMap(({ id, verdict }) => {
    if (verdict !== 'skip' && !(verdict === 'not run' && id in notTested)) return []
    return [`${' '.repeat(11)}${verdict === 'skip' ? 'skipped' : 'not run'}: ${id}: ${whyNot(plan, id, results).join('; ')}`]
  })
}

/** What was skipped and why, each reason once, with the modules that it kept from being tried. */
export function renderSkipped(report: Report): string {
  return [...groupSkipped(report)].map(([why, names]) => `${why}\n${names.map((name) => `  ${name}`).join('\n')}`).join('\n')
}

/** Reasons, and the modules of which something was skipped for each. */
export function groupSkipped(report: Report): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const { name, findings } of report.results)
    for (const { verdict, seen } of findings) {
      if (verdict !== 'skip') continue
      const names = groups.get(seen) ?? []
      if (!names.includes(name)) names.push(name)
      groups.set(seen, names)
    }
  return groups
}

const BAR = 24

/** The line that shows how far a run is, at most `columns` wide. */
export function renderProgress({ done, total, current }: Progress, columns: number): string {
  const full = total === 0 ? 0 : Math.round((done / total) * BAR)
  const line = `${'\u2588'.repeat(full)}${'\u2591'.repeat(BAR - full)} ${done}/${total}  ${current}`
  return line.length > columns ? line.slice(0, Math.max(0, columns)) : line
}
