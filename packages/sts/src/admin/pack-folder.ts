import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperationRefused } from './errors.ts'

/**
 * Writes files to a folder, each whole or not at all and readable for everybody: a web server may serve them from there. Only
 * the folder itself is made, not those above it. `ours`: names that it may hold already; a folder with others is refused unless
 * that is `meant`, and they stay. Returns the folder's absolute path.
 * @throws {OperationRefused} `conflict`: it holds other files; `invalid`: it cannot be written. Nothing was written in the first case.
 */
export async function writePackFolder(
  directory: string,
  files: readonly { readonly name: string; readonly content: Uint8Array }[],
  { ours, meant }: { ours: readonly string[]; meant: boolean },
): Promise<string> {
  const folder = resolve(directory)
  try {
    await makeOrOpen(folder)
    const others = (await readdir(folder)).filter((name) => !ours.includes(name) && !draftName.test(name))
    if (others.length > 0 && !meant)
      throw new OperationRefused(
        'conflict',
        `${folder} holds other files (${tell(others)}). Nothing was written. Name a folder of its own, or say --force to write beside them.`,
      )
    for (const { name, content } of files) await put(folder, name, content)
  } catch (error) {
    if (error instanceof OperationRefused || !(error instanceof Error && 'code' in error)) throw error
    throw new OperationRefused('invalid', `The files cannot be written to ${folder}: ${error.message}`, { cause: error })
  }
  return folder
}

async function makeOrOpen(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** What a run before this one may have left behind when it was killed. */
const draftName = /^\.[\da-f-]{36}\.new$/

const tell = (names: readonly string[]): string => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`

async function put(folder: string, name: string, content: Uint8Array): Promise<void> {
  const draft = join(folder, `.${randomUUID()}.new`)
  try {
    const file = await open(draft, 'wx', 0o644)
    try {
      await file.writeFile(content)
      await file.chmod(0o644)
    } finally {
      await file.close()
    }
    await rename(draft, join(folder, name))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
