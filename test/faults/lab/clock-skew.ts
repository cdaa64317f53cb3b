/**
 * clock-skew gives one process another time than the rest of the machine has, and moves it while the process runs, by
 * libfaketime. Timers go on as they do: only what time it is changes, as when an operator sets a clock.
 * @module
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SkewedClock extends Disposable {
  /** For the process that is to have it. */
  readonly environment: Readonly<Record<string, string>>
  /** So many seconds before (negative) or after everybody else's, from the next look at the clock on. */
  set(seconds: number): void
}

const NAME = 'libfaketime.so.1'

/** Where the library is, as the packages of Debian and Fedora put it; `undefined`: not installed. */
export function findFaketime(): string | undefined {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].filter((folder) => existsSync(folder))
  const ofArchitecture = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu')) : []
  return [...folders, ...ofArchitecture.map((name) => `/usr/lib/${name}`)]
    .map((folder) => join(folder, 'faketime', NAME))
    .find((file) => existsSync(file))
}

export function createSkewedClock(seconds: number): SkewedClock {
  const library = findFaketime()
  if (library === undefined) throw new TypeError('libfaketime is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'postern-clock-'))
  const file = join(folder, 'offset')
  const set = (offset: number) => writeFileSync(file, `${offset < 0 ? '-' : '+'}${Math.abs(offset)}\n`)
  set(seconds)
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
