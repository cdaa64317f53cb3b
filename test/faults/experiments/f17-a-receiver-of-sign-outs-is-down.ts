import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClientId } from '@postern/storage'
import { signInOnce } from '../../support/person-browser.ts'
import { freePort } from '../../support/sts-process.ts'
import { createTally, experiment } from '../lab/experiment.ts'
import { claimsOf } from '../lab/history.ts'
import { operate } from '../lab/operator.ts'
import { count } from '../lab/sql.ts'

/** More tries than this for one sign-out would be a burden to a receiver that is in trouble. */
const mostTries = 9

export default experiment('F17', 'The receiver of back-channel sign-outs is down for half a minute', async (lab) => {
  const tally = createTally()
  const [refusing, failing] = lab.budget === 'short' ? [1_500, 1_500] : [15_000, 15_000]
  const server = await lab.postgres({ shared: true })
  const world = await lab.world({ databaseUrl: await server.createDatabase() })
  const port = await freePort()
  let works = false
  let tries = 0
  const got: string[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8')
    })
    request.on('end', () => {
      tries += 1
      if (works) got.push(new URLSearchParams(body).get('logout_token') ?? '')
      response.writeHead(works ? 200 : 503).end()
    })
  })
  lab.defer(() => {
    receiver.closeAllConnections()
    receiver.close()
  })
  const id = world.sts.clients.confidential.clientId as ClientId // a brand has no runtime part
  const client = await world.sts.kept.clients.find(id)
  if (client === undefined) throw new TypeError('no such client')
  await world.sts.kept.clients.replace({ ...client, backchannelLogoutUri: `http://127.0.0.1:${port}/signed-out` })
  // Two processes: each sign-out is told by one of them.
  await Promise.all([world.service(), world.service()])

  // Who tells begins with what comes after the first look of anybody (RevocationStore.takeTurn).
  for (
    let waited = 0;
    waited < 300 && (await count(world.databaseUrl, 'select count(*) from revocation_reader')) === 0;
    waited += 1
  )
    await wait(100)

  const people = [world.sts.mary, world.sts.joe]
  for (const person of people)
    await world.history.deed('signed-out', person.account.id, () => operate(world, ['account', 'end-sessions', person.upn]))
  // And somebody leaves at our own page, where oidc-provider tells the apps, once.
  const leaving = await world.person('leaving')
  const browser = await signInOnce(world.sts, leaving)
  world.history.unrecorded(1)
  await browser.code({ client: world.sts.clients.confidential, scope: 'openid' })
  const page = `${world.sts.issuer}/oauth2/v2.0/logout`
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(await (await browser.get(page)).text())?.[1] ?? ''
  await browser.post(`${page}/confirm`, { xsrf, logout: 'yes' })
  people.push(leaving)
  await wait(refusing)
  receiver.listen(port, '127.0.0.1')
  await once(receiver, 'listening')
  await wait(failing)
  tally.held(got.length === 0, 'the receiver had nothing to take, and took something')
  const triedBefore = tries
  works = true
  for (let waited = 0; waited < 900 && got.length < people.length; waited += 1) await wait(100)
  await wait(lab.budget === 'short' ? 0 : 3_000)
  const told = got.map((token) => claimsOf(token))
  for (const { account, upn } of people) {
    const times = told.filter(({ sub }) => sub === account.id).length
    tally.held(times === 1, `the receiver took the sign-out of ${upn} ${times} times`)
  }
  tally.held(new Set(told.map(({ jti }) => jti)).size === told.length, 'two logout tokens have the same jti')
  const now = Date.now() / 1000
  tally.held(
    told.every(({ exp, iat }) => Number(exp) > now - 60 && Number(exp) - Number(iat) <= 120),
    'a logout token was old when it was told',
  )
  tally.held(tries <= mostTries * people.length, `the receiver was asked ${tries} times for ${people.length} sign-outs`)
  return tally.result(lab.requests() + tries, { triesThatFailed: triedBefore, triesInAll: tries })
})
