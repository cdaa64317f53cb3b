import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

async function blocksOf(guide: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'docs/guides', guide), 'utf8')
  return [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

test.each([
  ['dovecot', 'dovecot.md'],
  ['postfix', 'dovecot.md'],
  ['nginx', 'nginx.md'],
])('every file of examples/%s stands in %s as the tests run it', async (folder, guide) => {
  const blocks = await blocksOf(guide)
  // The guide links the script, whose text nobody types.
  const names = (await readdir(join(ROOT, 'examples', folder))).filter((name) => !name.endsWith('.lua'))
  expect(names.length).toBeGreaterThan(1)
  for (const name of names) expect(blocks, name).toContain(await readFile(join(ROOT, 'examples', folder, name), 'utf8'))
})
