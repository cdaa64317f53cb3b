/**
 * Finds out which process has the embedded database open, before `npm start` starts another on it.
 *
 * It reads the lock that the storage keeps beside the database. It takes no lock: that is the service's business.
 */
import { existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

/** The process that the lock names. `undefined`: there is no lock, or it is left from a process that is gone. */
export function findRunning(lock: string): number | undefined {
  const [pid = '', start = ''] = existsSync(lock) ? readFileSync(lock, 'utf8').trim().split(' ') : []
  if (!/^[1-9]\d{0,9}$/.test(pid)) return undefined
  // The number may be somebody else's by now. Linux says when a process began; elsewhere the lock has no start.
  const runs = start === '' ? isAlive(Number(pid)) : beginOf(pid) === start
  return runs ? Number(pid) : undefined
}

/** The 22nd field of proc_pid_stat(5), counted behind the name, which may hold spaces. */
function beginOf(pid: string): string | undefined {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
