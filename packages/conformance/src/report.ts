/** Renders results for people (lines for a terminal) and for programs (JSON). Pure. */
import type { Verdict } from './conformance-module.ts'
import type { ModuleResult, Report } from './runner.ts'

const MARK: Readonly<Record<Verdict, string>> = { pass: 'pass', warn: 'WARN', fail: 'FAIL', skip: 'skip' }

/** One line for a result, and one for each finding that needs attention; all findings when `verbose`. */
export function renderResult(result: ModuleResult, options: { readonly verbose?: boolean } = {}): string {
  const shown = result.findings.filter(
    (one) => options.verbose === true || one.verdict === 'fail' || one.verdict === 'warn' || one.verdict === 'skip',
  )
  const lines = shown.map(
    (one) => `       ${MARK[one.verdict]}  ${one.expected}\n             saw: ${one.seen}   [${one.clause}]`,
  )
  return [`${MARK[result.verdict]}   ${result.area}: ${result.claim}`, ...lines].join('\n')
}

export function renderSummary(report: Report): string {
  const { pass, warn, fail, skip } = report.counts
  return `${pass} passed, ${warn} with warnings, ${fail} failed, ${skip} skipped`
}

/** The JSON report: stable names, times in ISO 8601, no token in it. */
export const renderJson = (report: Report): string => `${JSON.stringify(report, undefined, 2)}\n`
