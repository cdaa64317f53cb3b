/**
 * The C library that jazzer.js was built with (2.38) is newer than that of some systems that are still cared for, Debian 12
 * among them. There the fuzzers run with the libraries of Debian 13, unpacked beside the packages: nothing of the system changes.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const NEEDED = [2, 38] as const
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1']
const SOURCE = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n'

/** Whether `version`, e.g. `2.36`, is enough. A system without glibc (macOS, Windows) has a build of its own: enough. Pure. */
export function isEnough(version: string | undefined): boolean {
  if (version === undefined) return true
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

function glibcVersion(): string | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } } // documented, typed as object
  return header.glibcVersionRuntime
}

/**
 * What a program must be started with: nothing where the system's library will do, else the loader and libraries below
 * `folder`. `missing` where neither is there.
 */
export function findLoader(folder: string): readonly string[] | 'missing' {
  if (isEnough(glibcVersion())) return []
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const libraries = join(folder, 'root', 'usr', 'lib', `${architecture}-linux-gnu`)
  const loader = join(libraries, process.arch === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2')
  return existsSync(loader) ? [loader, '--library-path', libraries] : 'missing'
}

/** Unpacks the libraries of Debian 13 below `folder`, by this system's apt and its keys. Rejects where there is no apt. */
export async function unpackLibraries(folder: string): Promise<void> {
  for (const name of ['lists/partial', 'cache/archives/partial', 'packages']) await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'sources.list'), SOURCE)
  const options = [
    ['Dir::Etc::sourcelist', join(folder, 'sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::Cache', join(folder, 'cache')],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, 'update'])
  const packages = join(folder, 'packages')
  await run('apt-get', [...options, 'download', ...PACKAGES.map((name) => `${name}/trixie`)], { cwd: packages })
  for (const file of await readdir(packages)) await run('dpkg-deb', ['-x', join(packages, file), join(folder, 'root')])
}
