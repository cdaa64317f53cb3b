/** What a figure was measured on: without it a figure means nothing. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'
import process from 'node:process'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  readonly versions: Readonly<Record<string, string>>
  readonly measuredAt: string
  /** Of this repository, with `+` where files differ from it. Absent outside of one. */
  readonly commit?: string
}

const require = createRequire(import.meta.url)

/** Reads the version of a package that may not export its package.json, so by way of its folder. */
function versionOf(name: string): string {
  const manifest: { version: string } = require(`../node_modules/${name}/package.json`)
  return manifest.version
}

function readCommit(): string | undefined {
  const cwd = new URL('.', import.meta.url)
  const git = (...given: string[]) =>
    execFileSync('git', given, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', ':/packages', ':/bench', ':/migrations') !== ''
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return undefined // a copy without its history, or no git here
  }
}

export function describeMachine(packages: readonly string[], now: Date): Machine {
  const commit = readCommit()
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    versions: {
      node: process.versions.node,
      openssl: process.versions.openssl,
      ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    },
    measuredAt: now.toISOString(),
    ...(commit === undefined ? {} : { commit }),
  }
}
