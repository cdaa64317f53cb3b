/**
 * `pnpm generate` writes docs/reference from the sources that it describes. `--check` writes nothing and fails when a
 * page is not what it would write. It owns no text: each page is rendered from tables in the code (`scripts/reference/`).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderCommandsReference } from './reference/commands.ts'
import { renderConfigReference } from './reference/config.ts'
import { renderErrorsReference } from './reference/errors.ts'
import { renderEventsReference } from './reference/events.ts'
import { renderSchemaReference } from './reference/schema.ts'

const directory = fileURLToPath(new URL('../docs/reference', import.meta.url))

const pages = {
  'config.md': renderConfigReference,
  'commands.md': renderCommandsReference,
  'errors.md': renderErrorsReference,
  'events.md': renderEventsReference,
  'schema.md': renderSchemaReference,
} as const satisfies Record<string, () => string | Promise<string>>

const isCheck = process.argv.includes('--check')
const stale: string[] = []
await mkdir(directory, { recursive: true })
for (const [name, render] of Object.entries(pages)) {
  const path = join(directory, name)
  const wanted = await render()
  const present = await readFile(path, 'utf8').catch(() => '')
  if (present === wanted) continue
  stale.push(name)
  if (!isCheck) await writeFile(path, wanted)
}
if (isCheck && stale.length > 0) {
  process.stderr.write(`docs/reference is out of date: ${stale.join(', ')}. Run: pnpm generate\n`)
  process.exitCode = 1
} else {
  process.stdout.write(stale.length === 0 ? 'docs/reference is up to date.\n' : `Written: ${stale.join(', ')}\n`)
}
