import { connect, migrate } from '../../packages/storage/src/index.ts'
import { code, renderHead, renderMarkdownTable } from './page.ts'

type Row = Readonly<Record<string, unknown>>

/** docs/reference/schema.md, from a database that was just migrated. */
export async function renderSchemaReference(): Promise<string> {
  const connection = await connect({ kind: 'pglite' })
  try {
    await migrate(connection)
    const ask = (sql: string) => connection.session((session) => session.query(sql)) as Promise<readonly Row[]> // rows have their columns by name
    const columns = await ask(`select table_name, column_name, data_type, is_nullable from information_schema.columns
      where table_schema = current_schema() and table_name <> 'migration' order by table_name, ordinal_position`)
    const constraints = await ask(`select c.relname as table_name, k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema() and k.contype <> 'n' order by c.relname, k.contype desc, k.conname`)
    const indexes = await ask(`select tablename as table_name, indexname as name, indexdef as definition from pg_indexes
      where schemaname = current_schema() order by tablename, indexname`)
    const constraintNames = new Set(constraints.map(({ name }) => name))
    const tables = [...new Set(columns.map((column) => String(column.table_name)))].map((table) => {
      const of = (rows: readonly Row[]) => rows.filter((row) => row.table_name === table)
      const listed = of(columns).map((row) => [
        code(String(row.column_name)),
        String(row.data_type),
        row.is_nullable === 'YES' ? 'may be null' : '',
      ])
      // The index of a constraint is told by the constraint.
      const rules = [...of(constraints), ...of(indexes).filter(({ name }) => !constraintNames.has(name))]
      const lines = rules.map(
        ({ name, definition }) =>
          `- ${code(String(name))}: ${code(String(definition).replace(/ ON (?:public\.)?\S+ USING btree/, ''))}`,
      )
      return `## ${table}\n\n${renderMarkdownTable(['Column', 'Type', ''], listed)}\n\n${lines.join('\n')}`
    })
    const words =
      'The tables as the files of `migrations/` make them, alike on PostgreSQL and on the embedded database. Columns that end in `_sealed` are encrypted, those that end in `_hash` hold keyed hashes.'
    return `${renderHead('Database schema', words)}\n${tables.join('\n\n')}\n`
  } finally {
    await connection.close()
  }
}
