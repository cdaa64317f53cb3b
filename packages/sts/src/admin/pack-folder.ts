import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperationRefused } from './errors.ts'

/**
 * Writes files to a folder, each whole or not at all and readable for everybody: a web server may serve them from there. Other
 * files stay. Returns the folder's absolute path.
 * @throws {OperationRefused} `invalid`: it cannot be written
 */
export async function writePackFolder(
  directory: string,
  files: readonly { readonly name: string; readonly content: Uint8Array }[],
): Promise<string> {
  const folder = resolve(directory)
  try {
    await mkdir(folder, { recursive: true })
    for (const { name, content } of files) await put(folder, name, content)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new OperationRefused('invalid', `The files cannot be written to ${folder}: ${error.message}`, { cause: error })
  }
  return folder
}

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
