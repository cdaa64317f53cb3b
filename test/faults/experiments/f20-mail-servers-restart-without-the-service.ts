import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepKeysIn } from '@postern/resource-server'
import { freePort } from '../../support/sts-process.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { startTrustingServer } from '../lab/mail-servers.ts'
import { operate } from '../lab/operator.ts'

const daySeconds = 86_400

export default experiment(
  'F20',
  'All mail servers restart while the token service is down',
  async (lab) => {
    const tally = createTally()
    const server = await lab.postgres({ shared: true })
    const databaseUrl = await server.createDatabase()
    const port = await freePort()
    const world = await lab.world({ databaseUrl, baseUrl: `http://localhost:${port}` })
    const service = await world.service({ port })
    const folder = await mkdtemp(join(tmpdir(), 'postern-kept-'))
    lab.defer(() => rm(folder, { recursive: true }))
    let moved = 0
    const clock = () => new Date(Date.now() + moved * 1000)
    const { issuer } = world.sts
    const keeping = () => startTrustingServer({ issuer, clock, keepKeys: keepKeysIn(folder) })
    const program = world.client('program', service.address)
    const token = (await program.programToken(world.sts.clients.confidential)).answer?.body.access_token

    tally.held((await keeping().judge(token)) === 'accepted', 'the good token was refused at first')
    await service.kill()
    // The set is kept in the background; the next start is the first thing that needs it.
    let restarted = await keeping().judge(token)
    for (let tries = 0; tries < 50 && restarted !== 'accepted'; tries += 1) restarted = await keeping().judge(token)
    tally.held(restarted === 'accepted', `a server that restarts says ${restarted}`)
    const without = await startTrustingServer({ issuer, clock }).judge(token)
    tally.held(without === 'keys_unavailable', `a server that keeps nothing says ${without}`)
    moved = daySeconds + 60
    const old = await keeping().judge(token)
    tally.held(old === 'keys_unavailable', `a set of more than a day is used: ${old}`)
    moved = -3_600
    const future = await keeping().judge(token)
    tally.held(future === 'keys_unavailable', `a set from the future is used: ${future}`)

    // The service comes back with another key: what is on the disk counts no more.
    moved = 0
    const [key] = await world.sts.kept.signingKeys.list(clock())
    await world.history.deed('key-withdrawn', key?.kid ?? '', () => operate(world, ['key', 'withdraw', key?.kid ?? '']))
    await world.service({ port })
    const fresh = (await program.programToken(world.sts.clients.confidential)).answer?.body.access_token
    const later = keeping()
    tally.held((await later.judge(fresh)) === 'accepted', 'a token of the new key was refused')
    tally.held((await later.judge(token)) !== 'accepted', 'the disk was believed over the issuer')
    return tally.result(lab.requests())
  },
  { inShort: true },
)
