/**
 * `pnpm scoreboard` writes docs/reference/scoreboard.md from the newest figures that the last runs left: `.bench/*.json` of
 * `pnpm bench`, `.faults/*.json` of `pnpm faults`, `.conformance/report.json` of `pnpm conformance`, and `.attack/*.json` of the
 * mutation tests and fuzzers. It runs and measures nothing. What was not run says so.
 *
 * `--from DIRECTORY` reads these folders below another directory, `--out FILE` writes elsewhere. A page that has more figures than there
 * are runs here stays as it is: a fresh clone has none. `--drop` writes it all the same.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Report } from '../packages/conformance/src/index.ts'
import { listSkipped } from '../test/conformance/skipped-on-purpose.ts'
import { EXPERIMENTS } from '../test/faults/experiments.ts'
import { INVARIANTS } from '../test/faults/lab/invariants/invariants.ts'
import { readWords } from './command-words.ts'
import { type FoundReport, renderScoreboard } from './scoreboard-page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = readWords('usage: pnpm scoreboard [--from DIRECTORY] [--out FILE] [--drop]', {
  drop: { type: 'boolean', default: false },
  from: { type: 'string', default: root },
  out: { type: 'string', default: join(root, 'docs/reference/scoreboard.md') },
})

/** A file that is not there, or that a run which was cut off left half, is no report. */
async function readReport(folder: string, file: string): Promise<readonly FoundReport[]> {
  const path = join(values.from, folder, file)
  try {
    const [text, { mtime }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return [{ file, writtenAt: mtime, content: Object(JSON.parse(text)) }]
  } catch {
    return []
  }
}

async function readAll(folder: string): Promise<readonly FoundReport[]> {
  const names = await readdir(join(values.from, folder)).catch(() => [])
  const wanted = names.filter((name) => name.endsWith('.json')).toSorted()
  return (await Promise.all(wanted.map((name) => readReport(folder, name)))).flat()
}

/** The report with the written reason beside each finding that is skipped. */
function withReasons(found: FoundReport | undefined): FoundReport | undefined {
  if (found === undefined || !Array.isArray(found.content.results)) return undefined
  const report = found.content as unknown as Report
  const results = report.results.map((one) => ({
    ...one,
    findings: one.findings.map((finding) => {
      const [skipped] = listSkipped({ ...report, results: [{ ...one, findings: [finding] }] })
      return skipped?.because === undefined ? finding : { ...finding, because: skipped.because }
    }),
  }))
  return { ...found, content: { ...found.content, results } }
}

const page = renderScoreboard({
  benches: await readAll('.bench'),
  faults: await readAll('.faults'),
  faultTable: { experiments: EXPERIMENTS, invariants: INVARIANTS },
  conformance: withReasons((await readReport('.conformance', 'report.json'))[0]),
  attacks: await readAll('.attack'),
})
const countGaps = (text: string): number => text.match(/\bnot run\b/gi)?.length ?? 0
const standing = await readFile(values.out, 'utf8').catch(() => undefined)
if (standing !== undefined && countGaps(page) > countGaps(standing) && !values.drop) {
  process.stderr.write(
    `${values.out} has figures for which there is no run here; it stays as it is. Run them too, or say --drop to write "not run".\n`,
  )
  process.exit(1)
}
await writeFile(values.out, page)
process.stdout.write(`${values.out}\n`)
