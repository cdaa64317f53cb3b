import { runPostern } from '../lab/command.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import type { Asked } from '../lab/history.ts'
import { withDatabase } from '../lab/sql.ts'

/** The copy that PostgreSQL itself makes of a database nobody uses: what a restored dump is, without the dump's program. */
const copy = (url: string, from: string, to: string): Promise<void> =>
  withDatabase(url, async (sql) => {
    await sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()', [from])
    await sql(`create database ${to} template ${from}`)
  })

export default experiment(
  'F18',
  'A backup is put back: what was used up, rotated or revoked in the lost hour must not come alive with it',
  async (lab) => {
    const tally = createTally()
    const server = await lab.postgres()
    const before = await server.createDatabase()
    const world = await lab.world({ databaseUrl: before })
    const name = new URL(before).pathname.slice(1)
    const browser = await world.browser('ann')
    const kept = await world.signedIn('untouched', { browser })
    const rotated = await world.signedIn('rotated meanwhile', { browser })
    const revoked = await world.signedIn('revoked meanwhile', { browser })
    const code = await browser.code()
    const atBackup = rotated.token
    await copy(server.url, name, `${name}_backup`)

    // The lost hour.
    await rotated.refresh()
    await rotated.refresh()
    await revoked.revoke()
    const late = world.client('code of before, redeemed in the lost hour')
    await late.redeem(code)

    // Put back, and then what docs/guides/install.md says.
    const restored = new URL(before)
    restored.pathname = `/${name}_backup`
    world.moveTo(restored.href)
    const service = await world.history.deed('restored', world.sts.realm.id, async () => {
      const ended = await runPostern({ sts: world.sts, databaseUrl: restored.href }, 'realm', 'after-restore')
      tally.held(ended.code === 0, `realm after-restore ended with ${ended.code}: ${ended.written.slice(0, 200)}`)
      return world.service({ databaseUrl: restored.href })
    })
    for (const client of [kept, rotated, revoked, late]) client.address = service.address
    const refused = async (what: string, asking: Promise<Asked>) => {
      const { answer } = await asking
      tally.held(
        answer?.status === 400 && answer.body.error === 'invalid_grant',
        `${what} was answered ${answer?.status} ${answer?.text.slice(0, 80)}`,
      )
    }
    await refused('the token of a session that nobody touched', kept.refresh())
    await refused('a token from the lost hour', rotated.refresh())
    await refused('the token that was current at the backup and used up in the lost hour', rotated.refresh(atBackup))
    await refused('a token that was revoked in the lost hour', revoked.refresh())
    const withdrawn = await revoked.introspect(revoked.accessToken ?? '')
    tally.held(
      withdrawn.answer?.body.active === false,
      `introspection says of an access token that was withdrawn in the lost hour: ${withdrawn.answer?.text.slice(0, 80)}`,
    )
    await refused('a token of a code that was redeemed in the lost hour', late.refresh())
    await refused('that code', world.client('code of before, shown again', service.address).redeem(code))
    const program = await world.client('program', service.address).programToken(world.sts.clients.confidential)
    tally.held(program.answer?.status === 200, `the restored service answered a program ${program.answer?.status}`)
    return tally.result(lab.requests())
  },
)
