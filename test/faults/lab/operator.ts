/** operator runs `postern …` as an administrator does at a shell, against the database of an experiment. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CLI = fileURLToPath(new URL('../../../packages/sts/bin/postern.js', import.meta.url))
const run = promisify(execFile)

/** What the command printed as JSON. Rejects with what it said when it ended badly. */
export async function operate(
  at: { databaseUrl: string; sts: { masterKey: Uint8Array; baseUrl: string } },
  words: readonly string[],
): Promise<unknown> {
  const { stdout } = await run(process.execPath, [CLI, ...words, '--json'], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POSTERN_DATABASE_URL: at.databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(at.sts.masterKey).toString('base64'),
      POSTERN_BASE_URL: at.sts.baseUrl,
      POSTERN_DEVELOPMENT: 'true',
    },
  })
  return JSON.parse(stdout)
}
