/** Rows that expired yesterday, in the tables of the service that hold most of what expires. Made by SQL in the database. */
import { randomBytes } from 'node:crypto'
import type { Connection } from '@postern/storage'

const PAYLOAD = 606
let turn = 0

/** About `rows` rows, two fifths artifacts, a fifth each refresh tokens, their families and replay claims. Returns how many. */
export async function expire(
  connection: Connection,
  { realmId, clientId, rows }: { readonly realmId: string; readonly clientId: string; readonly rows: number },
): Promise<number> {
  turn += 1
  const fifth = Math.floor(rows / 5)
  const digest = (what: string) => `sha256(convert_to('${turn}/${what}/' || n, 'UTF8'))`
  const payload = `'\\x${randomBytes(PAYLOAD).toString('hex')}'::bytea`
  const ended = `now() - interval '1 day' - n * interval '1 millisecond'`
  await connection.runScript(`
    set session_replication_role = replica;
    insert into oidc_artifact (realm_id, kind, id_hash, payload_sealed, grant_id, client_id, expires_at)
      select '${realmId}', case n % 2 when 0 then 'AuthorizationCode' else 'Session' end, ${digest('artifact')}, ${payload},
        'expired-${turn}-' || n, '${clientId}', ${ended} from generate_series(1, ${2 * fifth}) n;
    insert into refresh_family (realm_id, id, client_id, started_at, last_used_at, ends_at)
      select '${realmId}', 'expired-${turn}-' || n, '${clientId}', now() - interval '90 days', ${ended}, ${ended}
      from generate_series(1, ${fifth}) n;
    insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
      select '${realmId}', ${digest('token')}, 'expired-${turn}-' || n, ${payload}, now() - interval '90 days', ${ended}
      from generate_series(1, ${fifth}) n;
    insert into replay_claim (realm_id, claim_hash, expires_at)
      select '${realmId}', ${digest('claim')}, ${ended} from generate_series(1, ${fifth}) n;
    reset session_replication_role;
    analyze oidc_artifact; analyze refresh_family; analyze refresh_token; analyze replay_claim;`)
  return 5 * fifth
}
