import { connect, type Socket } from 'node:net'
import { createTally, experiment } from '../lab/experiment.ts'
import { load } from '../lab/load.ts'

const idleConnections = 1_000
const slowSenders = 100
/** One more than the service allows itself for a request, in bytes. */
const tooLong = 300_000
/** What is asked of everybody else's waiting: the 99th in a hundred below twice that of the quiet phase, which is never called shorter than this. */
const quietFloorMilliseconds = 50

export default experiment(
  'F21',
  'Strangers hold on to connections, send slowly, too much, or with headers that lie',
  async (lab) => {
    const tally = createTally()
    const [idle, slow, asks] = lab.budget === 'short' ? [100, 20, 200] : [idleConnections, slowSenders, 2_000]
    const server = await lab.postgres({ shared: true })
    const world = await lab.world({ databaseUrl: await server.createDatabase() })
    const service = await world.service()
    const honest = world.client('honest', service.address)
    const { confidential } = world.sts.clients
    const round = () =>
      load({ total: asks, sideBySide: 8, ask: async () => (await honest.programToken(confidential)).answer?.status ?? 0 })
    await round()
    const quiet = await round()

    const sockets: Socket[] = []
    const open = (first: string): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = connect(service.port, '127.0.0.1', () => {
          socket.write(first)
          resolve(socket)
        })
        sockets.push(socket)
        socket.once('error', reject)
        socket.on('error', () => undefined)
      })
    lab.defer(() => {
      for (const socket of sockets) socket.destroy()
    })
    await Promise.all(Array.from({ length: idle }, () => open('')))
    const senders = await Promise.all(
      Array.from({ length: slow }, () =>
        open(
          `POST ${world.tokenPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n`,
        ),
      ),
    )
    const headers = await Promise.all(Array.from({ length: slow }, () => open('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ')))
    const drip = setInterval(() => {
      for (const socket of [...senders, ...headers]) if (!socket.destroyed) socket.write('a')
    }, 200)
    lab.defer(() => clearInterval(drip))
    const began = performance.now()
    const besieged = await round()
    const [before, during] = [quiet.within(0.99), besieged.within(0.99)]
    tally.held(besieged.byStatus['200'] === asks, `beside strangers answers were ${JSON.stringify(besieged.byStatus)}`)
    tally.held(
      during < 2 * Math.max(before, quietFloorMilliseconds),
      `the 99th of a hundred waited ${Math.round(during)} ms, ${Math.round(before)} ms in quiet`,
    )

    for (const [name, ask] of Object.entries({
      'a body': { path: world.tokenPath, act: 'other', body: `grant_type=${'x'.repeat(tooLong)}` },
      'a header': { path: world.tokenPath, act: 'other', body: 'grant_type=x', headers: { 'x-long': 'x'.repeat(40_000) } },
      'an address': { path: `${world.tokenPath}?${'x'.repeat(40_000)}`, act: 'other', method: 'GET' },
    } as const)) {
      const { answer } = await honest.ask(ask)
      tally.held(
        answer === undefined || (answer.status >= 400 && answer.status < 500),
        `${name} that is too long was answered ${answer?.status}`,
      )
    }
    // I19 judges what these answers say of themselves; here, that no lie brings a fault or a redirect elsewhere.
    const lies = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      'x-forwarded-port': '1',
      'x-forwarded-for': `${'1.2.3.4, '.repeat(200)}<script>`,
      forwarded: 'for="[::1]";host=evil.example;proto=https',
      'x-original-url': '/admin',
      'x-http-method-override': 'DELETE',
    }
    for (const path of ['/.well-known/openid-configuration', '/oauth2/v2.0/authorize', '/discovery/v2.0/keys']) {
      const { answer } = await honest.ask({
        act: 'metadata',
        method: 'GET',
        path: `/${world.sts.realm.id}${path}`,
        headers: lies,
      })
      const said = `${answer?.text} ${JSON.stringify(answer?.headers)}`
      tally.held(
        answer !== undefined && answer.status < 500 && !said.includes('evil.example'),
        `${path} with lies: ${answer?.status}`,
      )
    }

    // The limits end those who never finish; 45 s is the longest of them, and what the server takes to look.
    const untilGone = async (some: readonly Socket[]) => {
      for (let tries = 0; tries < 500 && some.some(({ destroyed }) => !destroyed); tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 100))
      return some.filter(({ destroyed }) => !destroyed).length
    }
    if (lab.budget === 'long') {
      const left = await untilGone([...senders, ...headers])
      tally.held(
        left === 0,
        `${left} of ${2 * slow} slow senders are still connected after ${Math.round((performance.now() - began) / 1000)} s`,
      )
    }
    tally.held(service.child.exitCode === null, `the process ended: ${service.output().slice(-300)}`)
    const after = await honest.programToken(confidential)
    tally.held(after.answer?.status === 200, `afterwards a token was answered ${after.answer?.status}`)
    return tally.result(lab.requests(), {
      idle,
      slow: 2 * slow,
      quietMilliseconds: Math.round(before),
      besiegedMilliseconds: Math.round(during),
    })
  },
)
