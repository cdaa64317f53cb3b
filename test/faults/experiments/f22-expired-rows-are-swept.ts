import { addResults, createTally, experiment } from '../lab/experiment.ts'
import type { LabWorld } from '../lab/laboratory.ts'
import { runHistory } from '../lab/model/random-histories.ts'
import { count, withDatabase } from '../lab/sql.ts'

/** As many ended families and artifacts as are made up, beside those that live. */
const MADE_UP = { short: 300, long: 5000 } as const
/** Small, so that a sweep meets the living again and again. */
const BATCH = 50

export default experiment(
  'F22',
  'Expired rows are swept away while a random history goes on: nothing live goes, and nothing ended stays',
  async (lab) => {
    const tally = createTally()
    let swept = 0
    let world: LabWorld | undefined
    const result = await runHistory(lab, {
      most: lab.budget === 'short' ? 25 : 150,
      people: lab.budget === 'short' ? 2 : 5,
      kills: lab.budget === 'long',
      async beside(stage) {
        if (world === undefined) await makeUpEnded(stage.world.databaseUrl, MADE_UP[lab.budget])
        world = stage.world
        swept += await world.sts.store.removeExpired(new Date(), BATCH)
      },
    })
    if (world === undefined) throw new TypeError('the history ended before anything was swept')
    // Whatever lives was asked for by the history. What is over goes within as many sweeps as it fills.
    const sweeps = Math.ceil((MADE_UP[lab.budget] * 4) / BATCH) + 50
    const now = new Date()
    for (let times = 0; times < sweeps; times += 1) swept += await world.sts.store.removeExpired(now, BATCH)
    const left = await count(
      world.databaseUrl,
      `select (select count(*) from refresh_token where issued_at < now() - interval '20 hours')
        + (select count(*) from refresh_family where id like 'ended %')
        + (select count(*) from oidc_artifact where expires_at <= now() - interval '30 minutes')
        + (select count(*) from replay_claim where expires_at <= now() - interval '30 minutes')`,
    )
    tally.held(left === 0, `${left} rows that are over stayed after ${sweeps} sweeps`)
    tally.held(swept >= MADE_UP[lab.budget] * 4, `${swept} rows were swept of ${MADE_UP[lab.budget] * 4} that were over`)
    return addResults(result, tally.result(0, { swept }))
  },
  { inShort: true },
)

/** Copies of what there is, an hour over. */
async function makeUpEnded(url: string, rows: number): Promise<void> {
  await withDatabase(url, async (sql) => {
    await sql(
      `insert into replay_claim (realm_id, claim_hash, expires_at)
       select id, sha256(convert_to('ended ' || number, 'UTF8')), now() - interval '1 hour' from realm, generate_series(1, $1::integer) number`,
      [rows],
    )
    await sql(
      `insert into oidc_artifact (realm_id, kind, id_hash, payload_sealed, expires_at)
       select id, 'Session', sha256(convert_to('ended ' || number, 'UTF8')), '\\x00', now() - interval '1 hour'
       from realm, generate_series(1, $1::integer) number`,
      [rows],
    )
    await sql(
      `with ended as (
         insert into refresh_family (realm_id, id, client_id, started_at, last_used_at, ends_at)
         select realm_id, 'ended ' || number, client.id, now() - interval '2 days', now() - interval '1 day', now() - interval '1 hour'
         from client, generate_series(1, $1::integer) number where client.id = (select min(id) from client)
         returning realm_id, id
       )
       insert into refresh_token (realm_id, handle_hash, family_id, payload_sealed, issued_at, expires_at)
       select realm_id, sha256(convert_to(id, 'UTF8')), id, '\\x00', now() - interval '1 day', now() - interval '2 hours' from ended`,
      [rows],
    )
  })
}
