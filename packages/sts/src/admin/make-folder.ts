import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes the folder, and those above it, where they are missing. `path` is absolute. Returns the topmost one that was made.
 * In place of the recursive `mkdir` of Node, which tries for ever where a folder is there and takes no other, such as /proc.
 */
export async function makeFolder(path: string, { mode = 0o777 }: { mode?: number } = {}): Promise<string | undefined> {
  try {
    await mkdir(path, { mode })
    return path
  } catch (error) {
    if (await isFolder(path)) return undefined
    const above = dirname(path)
    const isAboveMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT' && !(await isFolder(above))
    if (!isAboveMissing || above === path) throw error
    const topmost = await makeFolder(above, { mode })
    const made = await makeFolder(path, { mode })
    return topmost ?? made
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Whoever cannot see it is told so by what the caller tried.
    return false
  }
}
