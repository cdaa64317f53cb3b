/**
 * Makes the image of a migrated PGlite database, which tests that want an empty database in memory begin with.
 *
 * To make a database takes PGlite over a second of both processor and clock, in a process that has made none yet more than
 * three; to read the image a third of one. It does not spare the check: who opens it migrates it, and is refused when a
 * migration has changed since.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import type { Session } from '../connect.ts'
import { defaultMigrations, migrate, readMigrations } from '../migrate.ts'

const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url))
/** Out of the sight of git, and gone with the modules. Every set of migrations has an image of its own there. */
const FOLDER = fileURLToPath(new URL('../../../../node_modules/.cache/postern', import.meta.url))

/** For vitest's `globalSetup`. Tests find the file through `POSTERN_TEST_IMAGE`. */
export default async function setup(): Promise<void> {
  const file = join(FOLDER, `database-${await fingerprint()}.tar`)
  if (!existsSync(file)) {
    await mkdir(FOLDER, { recursive: true })
    // Under a name of its own first: another run may be making the same.
    const unfinished = `${file}.${randomUUID()}`
    await writeFile(unfinished, await makeImage())
    await rename(unfinished, file)
  }
  process.env.POSTERN_TEST_IMAGE = file
}

/** Of all that the image comes from: the migrations, and the version of PGlite, which package.json pins. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(PACKAGE))
  for (const { name, sha256 } of await readMigrations(defaultMigrations)) hash.update(`${name} ${sha256}\n`)
  return hash.digest('hex').slice(0, 16)
}

async function makeImage(): Promise<Uint8Array> {
  const database = await PGlite.create()
  try {
    const session: Session = {
      query: async (text, parameters = []) => (await database.query<Record<string, unknown>>(text, [...parameters])).rows,
      runScript: async (text) => void (await database.exec(text)),
    }
    await migrate({ session: (work) => work(session) })
    await database.exec('checkpoint')
    return new Uint8Array(await (await database.dumpDataDir('none')).arrayBuffer())
  } finally {
    await database.close()
  }
}
