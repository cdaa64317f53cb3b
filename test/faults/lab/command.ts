/** command runs `postern` as an administrator does, on a database of the laboratory. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestSts } from '@postern/sts/testing'

const CLI = fileURLToPath(new URL('../../../packages/sts/bin/postern.js', import.meta.url))

/** Ends with what the command wrote, and its exit code. */
export const runPostern = (
  { sts, databaseUrl }: { sts: Pick<TestSts, 'masterKey' | 'baseUrl'>; databaseUrl: string },
  ...words: readonly string[]
): Promise<{ code: unknown; written: string }> =>
  new Promise((resolve) => {
    const env = {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      POSTERN_DATABASE_URL: databaseUrl,
      POSTERN_MASTER_KEY: Buffer.from(sts.masterKey).toString('base64'),
      POSTERN_BASE_URL: sts.baseUrl,
      POSTERN_DEVELOPMENT: 'true',
    }
    execFile(process.execPath, [CLI, ...words], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, written: `${out}${err}` }),
    )
  })
