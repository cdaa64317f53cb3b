/**
 * Writes a report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. Pure.
 *
 * It owns what is shown and in which order; how it looks is html-style.ts, how exchanges are shown is html-exchanges.ts.
 */
import type { Area, Finding, Verdict } from '../conformance-module.ts'
import { type JudgedId, judgePlan, type Plan, plans, whyNot } from '../plans.ts'
import type { ModuleResult, Report } from '../runner.ts'
import { escapeHtml as text } from './html-escape.ts'
import { renderExchanges } from './html-exchanges.ts'
import { style } from './html-style.ts'
import { countRuns, describeInterruption, groupSkipped } from './terminal-report.ts'

const AREAS: Readonly<Record<Area, string>> = {
  issuer: 'Issuer',
  'resource-server': 'Resource server',
  'server-to-server': 'Between servers',
  client: 'Client',
}

const WORDS: Readonly<Record<Verdict | 'not run', string>> = {
  pass: 'Passed',
  warn: 'Warning',
  fail: 'Failed',
  skip: 'Skipped',
  'not run': 'Not run',
}

/** What asks for attention first. */
const MODULES: readonly Verdict[] = ['fail', 'warn', 'pass', 'skip']
const FINDINGS: readonly Verdict[] = ['fail', 'warn', 'skip', 'pass']

const count = (results: readonly { readonly verdict: string }[], verdict: string): number =>
  results.filter((one) => one.verdict === verdict).length

const counted = (many: number, one: string, more: string): string => `${many} ${many === 1 ? one : more}`

/** A mark that is told apart by form and word, not by colour alone. */
const mark = (verdict: Verdict): string => `<span class="mark ${verdict}"><span>${WORDS[verdict]}</span></span>`

/** What a reader wants to know first, as one sentence. */
function headline(report: Report): string {
  const { counts, results, interrupted } = report
  if (interrupted !== undefined) {
    const failed = counts.fail === 0 ? 'none failed' : `${counts.fail} failed`
    const stopped = describeInterruption(interrupted)
    return `${stopped.charAt(0).toUpperCase()}${stopped.slice(1)}; of ${countRuns(report)} ${failed}.`
  }
  if (results.length === 0) return 'Nothing was run.'
  if (counts.fail > 0) return `${counts.fail} of ${countRuns(report)} ${counts.fail === 1 ? 'fails' : 'fail'}.`
  const tried = { results: results.filter(({ verdict }) => verdict !== 'skip') }
  if (tried.results.length === 0) return 'Nothing could be tried.'
  const all = tried.results.length === 1 ? 'The one module' : `All ${countRuns(tried)}`
  const held = `${all}${counts.skip === 0 ? '' : ' that could be tried'} ${tried.results.length === 1 ? 'holds' : 'hold'}.`
  return counts.warn === 0 ? held : `${held} ${counted(counts.warn, 'warning', 'warnings')}.`
}

/** Four numbers and a bar in their proportion. */
function renderCounts({ counts, results }: Report): string {
  const shown = (['pass', 'warn', 'fail', 'skip'] as const).filter((verdict) => counts[verdict] > 0)
  const bar = shown.map((verdict) => `<i class="${verdict}" style="flex-grow:${counts[verdict]}"></i>`).join('')
  const numbers = (['pass', 'warn', 'fail', 'skip'] as const)
    .map(
      (verdict) =>
        `<div class="${verdict}${counts[verdict] === 0 ? ' none' : ''}"><dt>${WORDS[verdict]}</dt><dd>${counts[verdict]}</dd></div>`,
    )
    .join('')
  return results.length === 0 ? '' : `<div class="bar" aria-hidden="true">${bar}</div><dl class="counts">${numbers}</dl>`
}

function renderFinding({ verdict, clause, expected, seen }: Finding): string {
  const saw = seen === '' ? '' : `<p class="seen"><b>${verdict === 'skip' ? 'Why' : 'Seen'}</b> <code>${text(seen)}</code></p>`
  return `<li class="${verdict}">${mark(verdict)}<div><p class="expected">${text(expected)}</p>${saw}<p class="clause">${text(clause)}</p></div></li>`
}

/** Where a module stands on the page. */
const anchorOf = (result: ModuleResult): string => `${result.area}-${result.name.replaceAll(/[^a-z0-9]+/g, '-')}`

function renderModule(result: ModuleResult, issuer: string | undefined): string {
  const { findings, ids, verdict, claim } = result
  const inOrder = FINDINGS.flatMap((each) => findings.filter((one) => one.verdict === each))
  const stands = ids.length === 0 ? '' : `<p class="ids">Stands for ${ids.map((id) => `<code>${text(id)}</code>`).join(', ')}</p>`
  return `<li class="module" id="${text(anchorOf(result))}"><details${verdict === 'fail' ? ' open' : ''}>
<summary>${mark(verdict)}<span class="claim">${text(claim)}</span><span class="many">${counted(findings.length, 'check', 'checks')}</span></summary>
<div class="inside"><ul class="findings">${inOrder.map(renderFinding).join('')}</ul>${stands}${renderExchanges(result, issuer)}</div></details></li>`
}

function renderArea(area: Area, report: Report): string {
  const results = report.results.filter((one) => one.area === area)
  const words = (['fail', 'warn', 'pass', 'skip'] as const)
    .map((verdict) => [count(results, verdict), WORDS[verdict].toLowerCase()] as const)
    .filter(([many]) => many > 0)
    .map(([many, word]) => `${many} ${word}`)
  const inOrder = MODULES.flatMap((each) => results.filter((one) => one.verdict === each))
  return `<section id="${area}"><h2>${AREAS[area]}</h2><p class="sum">${words.join(', ')}</p><ul class="modules">${inOrder.map((one) => renderModule(one, report.issuer)).join('\n')}</ul></section>`
}

/** What was wanted and what was seen instead: the first of a module's failures. */
function renderMissed({ findings }: ModuleResult): string {
  const [first, ...more] = findings.filter(({ verdict }) => verdict === 'fail')
  if (first === undefined) return ''
  const rest = more.length === 0 ? '' : ` <span class="many">and ${counted(more.length, 'more', 'more')}</span>`
  return `<span>Expected: ${text(first.expected)}</span><span>Saw: <code>${text(first.seen)}</code>${rest}</span>`
}

/** The failures, each a link to its place: what a reader with little time reads. */
function renderFailures({ results }: Report): string {
  const failed = results.filter(({ verdict }) => verdict === 'fail')
  if (failed.length === 0) return ''
  const line = (result: ModuleResult) =>
    `<li><a href="#${text(anchorOf(result))}">${text(result.claim)}</a>${renderMissed(result)}</li>`
  return `<section id="failures"><h2>What fails</h2><ol class="failures">${failed.map(line).join('')}</ol></section>`
}

function renderPlan(plan: Plan, ids: readonly JudgedId[], results: readonly ModuleResult[]): string {
  const held = ids.filter(({ verdict }) => verdict === 'pass' || verdict === 'warn').length
  const dots = ids
    .map(({ id, verdict }) => `<i class="${verdict.replace(' ', '-')}" title="${text(id)}: ${WORDS[verdict]}"></i>`)
    .join('')
  const others = ids.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'warn')
  const why = (id: string, verdict: string) => (verdict === 'fail' ? '' : `: ${text(whyNot(plan, id, results).join('; '))}`)
  const list = others
    .map(({ id, verdict }) => `<li><code>${text(id)}</code> ${WORDS[verdict].toLowerCase()}${why(id, verdict)}</li>`)
    .join('')
  const rest =
    others.length === 0
      ? ''
      : `<details><summary>${counted(others.length, 'module', 'modules')} without a pass</summary><ul>${list}</ul></details>`
  return `<li><h3>${text(plan.title)}</h3><p class="held"><b>${held}</b> of ${ids.length}</p><div class="dots" aria-hidden="true">${dots}</div>${rest}</li>`
}

function renderPlanList(report: Report): string {
  const judged = plans.map((plan) => ({ plan, ids: judgePlan(plan, report.results) }))
  const shown = judged.filter(({ ids }) => ids.some(({ verdict }) => verdict !== 'not run'))
  if (shown.length === 0) return ''
  return `<section id="plans"><h2>Plans of the OpenID Foundation</h2><p class="sum">By module id. A run of one's own is evidence, not a certificate.</p><ul class="plans">${shown.map(({ plan, ids }) => renderPlan(plan, ids, report.results)).join('')}</ul></section>`
}

function renderSkippedList(report: Report): string {
  const groups = [...groupSkipped(report)]
  if (groups.length === 0) return ''
  const line = ([why, names]: readonly [string, readonly string[]]) =>
    `<li><details><summary><span>${text(why)}</span><span class="many">${counted(names.length, 'module', 'modules')}</span></summary><ul>${names.map((name) => `<li>${text(name.replaceAll('-', ' '))}</li>`).join('')}</ul></details></li>`
  return `<section id="skipped"><h2>Not tried, and why</h2><p class="sum">Skipped is never passed.</p><ul class="skipped">${groups.map(line).join('')}</ul></section>`
}

const when = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ', ')} UTC`

/** The whole page. */
export function renderHtml(report: Report): string {
  const areas = (['issuer', 'resource-server', 'server-to-server', 'client'] as const).filter((area) =>
    report.results.some((one) => one.area === area),
  )
  const links = areas.map((area) => `<a href="#${area}">${AREAS[area]}</a>`)
  const tested = [report.issuer, report.resource, report.mailServer].filter((one) => one !== undefined)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>Conformance: ${text(headline(report))}</title>
<style>${style}</style>
</head>
<body>
<header class="${report.counts.fail > 0 ? 'fail' : 'pass'}">
<p class="over">Conformance report</p>
<h1>${text(headline(report))}</h1>
<p class="tested">${tested.map((one) => `<code>${text(one)}</code>`).join(' ')}</p>
<p class="when"><time datetime="${report.startedAt.toISOString()}">${when(report.startedAt)}</time></p>
${renderCounts(report)}
<nav aria-label="Areas">${links.join('')}</nav>
</header>
<main>
${renderFailures(report)}
${renderPlanList(report)}
${areas.map((area) => renderArea(area, report)).join('\n')}
${renderSkippedList(report)}
</main>
<footer><p>Tokens, codes, cookies, passwords and secrets were struck out before this file was written.</p></footer>
</body>
</html>
`
}
