import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { DirectoryInUse } from './errors.ts'

/** Files that this process holds: a lock with our own pid that is not among them is left from an earlier process. */
const held = new Set<string>()

const isNodeError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error

/** The start of a process in clock ticks since boot, so that a pid used again is not mistaken (Linux only; else empty). */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isNodeError(error) && error.code === 'EPERM'
  }
}

/** Whose lock it is, or `undefined` when its process is gone. */
function holderOf(file: string): number | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined // it went away since
  }
  const [first = '', start = ''] = text.trim().split(' ')
  const pid = Number(first)
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (pid === process.pid) return held.has(file) ? pid : undefined
  return isAlive(pid) && startOf(pid) === start ? pid : undefined
}

/**
 * Takes `<directory>.lock` for this process. Returns how to give it back.
 *
 * A lock whose process is gone is taken over. Not safe between two machines that share the directory, nor against two
 * processes that take over the same left lock within the same instant.
 * @throws {DirectoryInUse}
 */
export function lockDirectory(directory: string): () => void {
  const file = `${directory.replace(/[/\\]+$/, '')}.lock`
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx', mode: 0o600 })
      held.add(file)
      return () => {
        if (held.delete(file)) unlinkSync(file)
      }
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'EEXIST') throw error
    }
    const holder = holderOf(file)
    if (holder !== undefined) throw new DirectoryInUse(directory, holder)
    try {
      renameSync(file, `${file}.left`)
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error
    }
  }
  throw new DirectoryInUse(directory, holderOf(file) ?? process.pid)
}
