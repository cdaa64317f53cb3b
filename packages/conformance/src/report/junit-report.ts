/** Writes a report as JUnit XML, which every CI reads: a suite for each area, a case for each module. Pure. */
import type { Area, Finding } from '../conformance-module.ts'
import type { ModuleResult, Report } from '../runner.ts'
import { describeInterruption } from './terminal-report.ts'

/** XML 1.0 section 2.2: what no document may hold, not even escaped. */
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text for an element or an attribute: line ends in attributes would become spaces, so they are written as references. */
const xml = (text: string): string =>
  text
    .replaceAll(NOT_XML, '\ufffd')
    .replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? one)
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')

const describe = ({ clause, expected, seen }: Finding): string => `${expected}\n  saw: ${seen}\n  [${clause}]`

function renderCase(result: ModuleResult): string {
  const of = (...verdicts: readonly string[]) => result.findings.filter(({ verdict }) => verdicts.includes(verdict))
  const attributes = `classname="${xml(result.area)}" name="${xml(result.claim)}" time="${(result.milliseconds / 1000).toFixed(3)}"`
  const first = of('fail')[0]
  const inside: string[] = []
  if (first !== undefined)
    inside.push(`<failure message="${xml(first.expected)}">${xml(of('fail').map(describe).join('\n'))}</failure>`)
  else if (result.verdict === 'skip') {
    const why = of('skip').map(({ seen }) => seen)
    inside.push(`<skipped message="${xml([...new Set(why)].join('; ') || 'nothing was tried')}"/>`)
  }
  const noted = of('warn')
  if (noted.length > 0) inside.push(`<system-out>${xml(noted.map((one) => `warning: ${describe(one)}`).join('\n'))}</system-out>`)
  return inside.length === 0 ? `    <testcase ${attributes}/>` : `    <testcase ${attributes}>${inside.join('')}</testcase>`
}

/** The counts of a suite or of all suites, as attributes. */
const countsOf = (results: readonly ModuleResult[]): string => {
  const many = (verdict: string) => results.filter((one) => one.verdict === verdict).length
  const seconds = results.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000
  return `tests="${results.length}" failures="${many('fail')}" errors="0" skipped="${many('skip')}" time="${seconds.toFixed(3)}"`
}

export function renderJunit(report: Report): string {
  const areas: readonly Area[] = [...new Set(report.results.map(({ area }) => area))]
  // A suite may hold properties; the element around all suites may not.
  const { interrupted } = report
  const noted =
    interrupted === undefined
      ? []
      : [`    <properties><property name="interrupted" value="${xml(describeInterruption(interrupted))}"/></properties>`]
  const suites = areas.map((area) => {
    const results = report.results.filter((one) => one.area === area)
    const attributes = `name="${xml(area)}" timestamp="${report.startedAt.toISOString().replace(/\.\d+Z$/, '')}" ${countsOf(results)}`
    return [`  <testsuite ${attributes}>`, ...noted, ...results.map(renderCase), '  </testsuite>'].join('\n')
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="conformance" ${countsOf(report.results)}>`,
    ...suites,
    '</testsuites>\n',
  ].join('\n')
}
