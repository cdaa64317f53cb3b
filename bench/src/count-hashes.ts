/**
 * Loaded before a service, in each of its processes: counts the password hashes that it runs, whoever asks for them. The file of
 * `POSTERN_BENCH_HASHES` grows by one byte for each, so that several processes share one count and reading it costs them nothing.
 */
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import process from 'node:process'

const file = process.env.POSTERN_BENCH_HASHES
if (file === undefined) throw new TypeError('POSTERN_BENCH_HASHES names no file')
// The very object that the service's own import is made from: both are one package at one version.
const argon2 = createRequire(import.meta.url)('@node-rs/argon2') as Record<'hash' | 'verify', (...given: unknown[]) => unknown>
for (const name of ['hash', 'verify'] as const) {
  const own = argon2[name]
  argon2[name] = (...given) => {
    appendFileSync(file, '.')
    return own(...given)
  }
}
