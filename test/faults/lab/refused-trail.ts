/** refused-trail makes a database take no rows of the trail any more, for as long as something is tried. */
import { withDatabase } from './sql.ts'

/** While `work` runs each row of the trail is refused, and so is whatever belongs to the same transaction or statement. */
export const whileTrailIsRefused = <T>(databaseUrl: string, work: () => Promise<T>): Promise<T> =>
  withDatabase(databaseUrl, async (sql) => {
    await sql(
      `create function refuse_row() returns trigger language plpgsql as $$ begin raise exception 'no room for this row'; end $$`,
    )
    await sql('create trigger refuse_row before insert on audit_event for each row execute function refuse_row()')
    try {
      return await work()
    } finally {
      await sql('drop function refuse_row() cascade')
    }
  })
