import { createTally, experiment } from '../lab/experiment.ts'
import { startTrustingServer } from '../lab/mail-servers.ts'
import { openMovedWorld } from '../lab/moved-world.ts'
import { operate } from '../lab/operator.ts'

/** What is promised: within ten minutes, while the issuer answers. */
const documentedSeconds = 600
const stepSeconds = 30

export default experiment(
  'F12',
  'A signing key is withdrawn in an emergency',
  async (lab) => {
    const tally = createTally()
    const world = await openMovedWorld(lab)
    const { sts, clock } = world
    const client = await world.signedIn('client', await world.browser())
    const program = world.client('program')
    const reader = world.client('reader')
    const tokenOf = async () => (await program.programToken(sts.clients.confidential)).answer?.body.access_token
    const stolen = await tokenOf()
    /** One sees nothing but the old token, one sees new ones as well, one starts afterwards. */
    const quiet = startTrustingServer({ issuer: sts.issuer, clock })
    const busy = startTrustingServer({ issuer: sts.issuer, clock })
    for (const server of [quiet, busy])
      tally.held((await server.judge(stolen)) === 'accepted', 'the good token was refused at first')
    const [key] = await sts.kept.signingKeys.list(clock())
    await world.history.deed('key-withdrawn', key?.kid ?? '', () =>
      operate({ databaseUrl: world.databaseUrl, sts }, ['key', 'withdraw', key?.kid ?? '']),
    )
    const refresh = await client.refresh()
    tally.held(refresh.answer?.status === 400, `a refresh token of the withdrawn key was answered ${refresh.answer?.status}`)
    const fresh = await tokenOf()
    tally.held(
      (await startTrustingServer({ issuer: sts.issuer, clock }).judge(stolen)) !== 'accepted',
      'a server that starts now accepts it',
    )

    const refusedAfter = { quiet: Number.POSITIVE_INFINITY, busy: Number.POSITIVE_INFINITY }
    let back = 0
    for (let passed = 0; passed <= documentedSeconds; passed += stepSeconds) {
      if ((await busy.judge(fresh)) === 'accepted') back += 1
      for (const [name, server] of Object.entries({ quiet, busy }) as ['quiet' | 'busy', typeof quiet][]) {
        const judged = await server.judge(stolen)
        if (judged !== 'accepted') refusedAfter[name] = Math.min(refusedAfter[name], passed)
        else
          tally.held(
            refusedAfter[name] === Number.POSITIVE_INFINITY,
            `the ${name} server accepts the key again after ${passed} s`,
          )
      }
      world.pass(stepSeconds)
      // What the service says of its keys from then on, and signs with (I20).
      await reader.ask({ act: 'metadata', method: 'GET', path: `/${sts.realm.id}/discovery/v2.0/keys` })
      await tokenOf()
    }
    for (const [name, seconds] of Object.entries(refusedAfter))
      tally.held(seconds <= documentedSeconds, `the ${name} server went on for longer than ${documentedSeconds} s`)
    tally.held(back >= documentedSeconds / stepSeconds, `good tokens of the new key were accepted ${back} times only`)
    return tally.result(world.history.asked.length, {
      quietServerRefusesAfterSeconds: refusedAfter.quiet,
      busyServerRefusesAfterSeconds: refusedAfter.busy,
    })
  },
  { inShort: true },
)
