import { createPrivateKey, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { createSkewedClock } from '../lab/clock-skew.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import type { Asked } from '../lab/history.ts'
import { openLaboratory } from '../lab/laboratory.ts'
import { startTrustingServer } from '../lab/mail-servers.ts'

const moves = { 'ten minutes ahead': 600, 'ten minutes behind': -600, 'an hour back': -3_600, 'a leap second': -1 } as const
/** What mail servers forgive, and what the service calls its clock right by, in seconds. */
const toleranceSeconds = 30
/** Between two deletions of what has expired, and a little. */
const sweepMilliseconds = 65_000

export default experiment(
  'F9',
  'The clock of one of two processes is wrong, and moves while it runs',
  async ({ seed, budget, defer }) => {
    const tally = createTally()
    // Of tokens that say a wrong time, what is held against their times cannot hold; so this laboratory is checked here.
    await using lab = openLaboratory({ seed, budget })
    // Ends with the outer one, too, where that is given up.
    defer(() => lab[Symbol.asyncDispose]())
    const server = await lab.postgres({ shared: true })
    const world = await lab.world({ databaseUrl: await server.createDatabase() })
    const skewed = createSkewedClock(0)
    lab.defer(() => skewed[Symbol.dispose]())
    const [right, wrong] = await Promise.all([world.service(), world.service({ environment: skewed.environment })])
    const browser = await world.browser('ann')
    const chain = await world.signedIn('chain', { browser, address: wrong.address })
    const [atRight, atWrong] = [world.client('right', right.address), world.client('wrong', wrong.address)]
    const { confidential, keyed } = world.sts.clients
    const trusting = startTrustingServer({ issuer: world.sts.issuer })
    const early = (await atRight.programToken(confidential)).answer?.body.access_token

    const assertion = () =>
      new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'RS256', kid: 'test', typ: 'client-authentication+jwt' })
        .setIssuer(keyed.clientId)
        .setSubject(keyed.clientId)
        .setAudience(world.sts.issuer)
        .setIssuedAt()
        .setExpirationTime('290s')
        .sign(createPrivateKey(keyed.privateKey ?? ''))
    const present = (client: typeof atRight, made: string) =>
      client.ask({
        act: 'program-token',
        path: world.tokenPath,
        form: {
          grant_type: 'client_credentials',
          scope: 'https://mail.contoso.com/.default',
          client_id: keyed.clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: made,
        },
      })
    const successes = (answers: readonly Asked[]) =>
      new Set(answers.filter(({ answer }) => answer?.status === 200).map(({ answer }) => answer?.text)).size

    for (const [name, seconds] of Object.entries(moves)) {
      await world.history.deed('clock-moved', wrong.address, async () => skewed.set(seconds))
      const ready = await atWrong.ask({ act: 'other', method: 'GET', path: '/readyz' })
      const red = ready.answer?.status === 503 && ready.answer.text.includes('differs from the database')
      tally.held(
        red === Math.abs(seconds) > toleranceSeconds,
        `${name}: /readyz said ${ready.answer?.status} ${ready.answer?.text}`,
      )
      const other = await atRight.ask({ act: 'other', method: 'GET', path: '/readyz' })
      tally.held(other.answer?.status === 200, `${name}: the process whose clock is right is not ready`)
      for (const order of [
        [atRight, atWrong, atRight],
        [atWrong, atRight, atWrong],
      ]) {
        const code = await browser.code()
        const answers: Asked[] = []
        for (const client of order) answers.push(await client.redeem(code))
        tally.held(successes(answers) <= 1, `${name}: a code was accepted ${successes(answers)} times`)
        const made = await assertion()
        const shown: Asked[] = []
        for (const client of order) shown.push(await present(client, made))
        tally.held(successes(shown) <= 1, `${name}: an assertion was accepted ${successes(shown)} times`)
      }
      const judged = await trusting.judge(early)
      tally.held(judged === 'accepted', `${name}: a token from before was refused: ${judged}`)
      await chain.refresh()
      // Back to what is right: whoever was sent away goes on.
      await world.history.deed('clock-moved', wrong.address, async () => skewed.set(0))
      const again = await chain.refreshUntilAnswered(20)
      tally.held(
        again.answer?.status === 200,
        `${name}: afterwards the chain was answered ${again.answer?.status} ${again.answer?.text}`,
      )
    }
    for (const seconds of [toleranceSeconds - 5, 5 - toleranceSeconds]) {
      skewed.set(seconds)
      const token = (await atWrong.programToken(confidential)).answer?.body.access_token
      const judged = await trusting.judge(token)
      tally.held(judged === 'accepted', `a token of a process that is ${seconds} s off was refused: ${judged}`)
    }
    if (lab.budget === 'long') {
      // What is over for the wrong clock alone must stay: the next deletion is by that clock.
      skewed.set(600)
      const made = await assertion()
      const first = await present(atRight, made)
      await wait(sweepMilliseconds)
      const second = await present(atRight, made)
      tally.held(
        first.answer?.status === 200 && second.answer?.status !== 200,
        `an assertion was answered ${first.answer?.status}, and after a deletion by the wrong clock ${second.answer?.status}`,
      )
    }
    for (const service of [right, wrong])
      tally.held(service.child.exitCode === null, `a process ended: ${service.output().slice(-300)}`)
    const { violations } = await lab.check()
    const others = violations.filter(({ invariant }) => invariant !== 'I12' && invariant !== 'I17')
    tally.held(others.length === 0, `invariants: ${others.slice(0, 3).map(({ invariant, seen }) => `${invariant} ${seen}`)}`)
    return tally.result(lab.requests())
  },
  { needs: ['libfaketime'] },
)
