/**
 * One thread that hashes and does nothing else; started and spoken to by hash-threads.ts. Plain JavaScript, as reading TypeScript
 * costs a thread 10 MiB more.
 *
 * On Linux a thread has a priority of its own, and this one gives way to all others: whoever waits for a token is not to wait for
 * somebody's password. Elsewhere, and where it may not be changed, it stays as it is.
 */
import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

const lower = 10
const lowest = 19

try {
  const [, , thread] = readlinkSync('/proc/thread-self').split('/')
  setPriority(Number(thread), Math.min(lowest, getPriority(Number(thread)) + lower))
} catch {
  // No Linux, or no /proc: hashes then compete as equals.
}

parentPort.on('message', ({ password, stored, options }) => {
  try {
    parentPort.postMessage({ result: stored === undefined ? hashSync(password, options) : verifySync(stored, password) })
  } catch (failed) {
    parentPort.postMessage({ failed })
  }
})
