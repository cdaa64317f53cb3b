import { startPostgres } from './postgres-server.ts'

/**
 * For vitest's `globalSetup`: one PostgreSQL for the whole run, found by tests through `POSTERN_TEST_POSTGRES`.
 * Returns how to end it.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startPostgres()
  process.env.POSTERN_TEST_POSTGRES = server.url
  return () => server.stop()
}
