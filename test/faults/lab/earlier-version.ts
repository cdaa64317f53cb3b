/**
 * earlier-version checks an earlier commit of this repository out beside it, with the packages that are installed here, so
 * that its processes can run together with ours.
 *
 * It needs the history of the repository: a shallow clone has no earlier version. It changes nothing in this checkout.
 * @module
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What starts `postern`, newest name first. */
const PROGRAMS = ['bin/postern.js', 'src/cli.ts']

export interface EarlierVersion {
  readonly commit: string
  /** The newest migration, which it does not know. */
  readonly migration: string
  /** What starts it. */
  readonly program: string
  remove(): void
}

/** The commit before the one that brought the newest migration. @throws {TypeError} where the history does not reach there. */
export function checkOutBeforeNewestMigration(): EarlierVersion {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const migration =
    readdirSync(join(ROOT, 'migrations'))
      .filter((name) => name.endsWith('.sql'))
      .toSorted()
      .at(-1) ?? ''
  const added = git('log', '--diff-filter=A', '--format=%H', '-1', '--', `migrations/${migration}`)
  if (added === '') throw new TypeError(`the history does not tell when ${migration} came; fetch all of it`)
  const commit = git('rev-parse', '--short', `${added}~1`)
  const folder = mkdtempSync(join(tmpdir(), 'postern-earlier-'))
  // The files alone, without making a worktree that this repository would remember.
  execFileSync('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', commit, folder], { cwd: ROOT })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const kind of ['packages', 'examples'])
    for (const name of readdirSync(join(folder, kind))) {
      const installed = join(ROOT, kind, name, 'node_modules')
      // Links to packages of the workspace are relative, so they lead to the earlier ones.
      if (existsSync(installed))
        cpSync(installed, join(folder, kind, name, 'node_modules'), { recursive: true, verbatimSymlinks: true })
    }
  return Object.freeze({
    commit,
    migration,
    program: PROGRAMS.map((name) => join(folder, 'packages/sts', name)).find((file) => existsSync(file)) ?? '',
    remove: () => rmSync(folder, { recursive: true, force: true }),
  })
}
