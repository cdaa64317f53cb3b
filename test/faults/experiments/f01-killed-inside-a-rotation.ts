import { startSteppingProxy } from '../../support/stepping-proxy.ts'
import { freePort } from '../../support/sts-process.ts'
import { createTally, experiment } from '../lab/experiment.ts'

export default experiment('F1', 'kill -9 at every step of a refresh rotation, then an honest retry', async (lab) => {
  const tally = createTally()
  const world = await lab.world()
  const proxy = await startSteppingProxy(world.databaseUrl)
  lab.defer(() => proxy.close())
  const port = await freePort()
  const start = () => world.service({ databaseUrl: proxy.url, port })
  let victim = await start()
  const browser = await world.browser('ann')
  const newClient = (name: string) => world.signedIn(name, { browser })

  // How many messages one rotation sends, measured and not assumed; the first one after a start reads what later ones remember.
  const warm = async () => {
    const client = await newClient('warm-up')
    client.address = victim.address
    await client.refresh()
  }
  await warm()
  const sample = await newClient('sample')
  sample.address = victim.address
  proxy.arm({ step: Number.MAX_SAFE_INTEGER, when: 'before', strike: () => undefined })
  await sample.refresh()
  const { messages } = proxy.disarm()
  tally.held(messages > 1, `a rotation sent ${messages} messages`)

  let killed = 0
  for (const when of ['before', 'after'] as const)
    for (let step = 1; step <= messages; step += 1) {
      const client = await newClient(`${when} ${step}`)
      const first = client.token
      client.address = victim.address
      proxy.arm({ step, when, strike: () => victim.child.kill('SIGKILL') })
      await client.refresh()
      if (proxy.disarm().struck) killed += 1
      client.address = world.sts.baseUrl
      client.token = first
      const retry = await client.refresh(first)
      const again = await client.refresh(first)
      const next = await client.refresh()
      tally.held(
        retry.answer?.status === 200 && again.answer?.text === retry.answer.text && next.answer?.status === 200,
        `killed ${when} message ${step}: ${retry.answer?.status} ${retry.answer?.body.error ?? ''}, again ${again.answer?.status}, next ${next.answer?.status}`,
      )
      await victim.kill()
      victim = await start()
      await warm()
    }
  tally.held(killed === messages * 2, `the process was killed ${killed} times of ${messages * 2}`)
  return tally.result(lab.requests(), { killed })
})
