/** sql asks a database of the laboratory directly, as an operator would with psql, in one session. */
import { connect } from '@postern/storage'

export type Sql = (text: string, parameters?: readonly unknown[]) => Promise<readonly Readonly<Record<string, unknown>>[]>

export async function withDatabase<T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const connection = connect({ kind: 'postgres', url, poolSize: 1, statementMilliseconds: 60_000, applicationName: 'laboratory' })
  try {
    return await connection.session((session) => work((text, parameters) => session.query(text, parameters)))
  } finally {
    await connection.close()
  }
}

/** The one number that a query gives. */
export const count = (url: string, text: string): Promise<number> =>
  withDatabase(url, async (sql) => Number(Object.values((await sql(text))[0] ?? {})[0]))
