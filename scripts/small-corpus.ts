/**
 * Chooses from many inputs the few that reach all the code that all of them reach together, the shortest first. It asks V8 which
 * blocks ran, so it needs no fuzzer; what a person wrote (`seed-*`) stays in any case. Run as a
 * program of its own by scripts/fuzz.ts: `small-corpus.ts target.cjs from... into`.
 *
 * It counts blocks of the target's own file only, and not how often they ran: coarser than what the fuzzer went by, on purpose.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'

const [target = '', ...folders] = process.argv.slice(2)
const into = folders.pop() ?? ''
const url = pathToFileURL(target).href

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { fuzz }: { fuzz: (data: Buffer) => void } = createRequire(import.meta.url)(target)

/** The blocks that ran since the last time. */
async function blocks(): Promise<readonly string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result
    .filter((script) => script.url === url || script.url === target)
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .filter(({ count }) => count > 0)
    .map(({ startOffset, endOffset }) => `${startOffset}-${endOffset}`)
}

const inputs = new Map<string, Buffer>()
for (const folder of folders) for (const name of await readdir(folder)) inputs.set(name, await readFile(join(folder, name)))
const byLength = [...inputs].toSorted(([, one], [, other]) => one.length - other.length)
const reached = new Set(await blocks())
const kept: [string, Buffer][] = []
for (const [name, data] of byLength) {
  fuzz(data)
  const added = (await blocks()).filter((block) => !reached.has(block))
  if (added.length === 0 && !name.startsWith('seed-')) continue
  for (const block of added) reached.add(block)
  kept.push([name, data])
}
if (kept.length === 0) throw new TypeError(`no input reaches anything in ${target}`)
await rm(into, { recursive: true, force: true })
await mkdir(into, { recursive: true })
for (const [name, data] of kept) await writeFile(join(into, name), data)
