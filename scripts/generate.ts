/**
 * `pnpm generate` writes docs/reference from the sources that it describes, and sources made from packages. `--check` writes nothing and fails when a
 * page is not what it would write. It owns no text: each page is rendered from tables in the code (`scripts/reference/`).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderCommandsReference } from './reference/commands.ts'
import { renderConfigReference } from './reference/config.ts'
import { renderErrorsReference } from './reference/errors.ts'
import { renderEventsReference } from './reference/events.ts'
import { renderIconDrawings } from './reference/icons.ts'
import { renderSchemaReference } from './reference/schema.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const pages = {
  'docs/reference/config.md': renderConfigReference,
  'docs/reference/commands.md': renderCommandsReference,
  'docs/reference/errors.md': renderErrorsReference,
  'docs/reference/events.md': renderEventsReference,
  'docs/reference/schema.md': renderSchemaReference,
  'packages/sts/src/http/icon-drawings.generated.ts': renderIconDrawings,
} as const satisfies Record<string, () => string | Promise<string>>

const isCheck = process.argv.includes('--check')
const stale: string[] = []
await mkdir(join(root, 'docs/reference'), { recursive: true })
for (const [name, render] of Object.entries(pages)) {
  const path = join(root, name)
  const wanted = await render()
  const present = await readFile(path, 'utf8').catch(() => '')
  if (present === wanted) continue
  stale.push(name)
  if (!isCheck) await writeFile(path, wanted)
}
if (isCheck && stale.length > 0) {
  process.stderr.write(`out of date: ${stale.join(', ')}. Run: pnpm generate\n`)
  process.exitCode = 1
} else {
  process.stdout.write(stale.length === 0 ? 'everything generated is up to date.\n' : `Written: ${stale.join(', ')}\n`)
}
