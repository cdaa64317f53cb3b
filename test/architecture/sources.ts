/** Which files the guards of the house look at: every source that git would commit, node_modules and output left out. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.postern', '.screenshots', '.bench', 'coverage'])

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Lists the files under `folders` whose name ends in one of `endings`, sorted. A folder that is absent has no files. */
export async function findSources(folders: readonly string[], endings: readonly string[]): Promise<readonly Source[]> {
  const found: Source[] = []
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) await walk(path)
      if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        found.push({ path: relative(ROOT, path).replaceAll('\\', '/'), text: await readFile(path, 'utf8') })
      }
    }
  }
  for (const folder of folders) await walk(join(ROOT, folder))
  return found.sort((one, other) => (one.path < other.path ? -1 : 1))
}
