import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { canary, centre, delivery, gateway, kannelSender, message, smppSender } from './parts.ts'

const both = async () => {
  const [smsc, web] = [await centre(), await gateway()]
  return { smsc, web, ...delivery([smppSender(smsc), kannelSender(web)]) }
}
const viaGateway = { outcome: 'accepted', sender: 'gateway' }

/** Takes connections and says nothing: the slowest way to be down. */
async function blackHole(): Promise<{ port: number; url: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, url: `http://127.0.0.1:${port}` }
}

/** Time passes only when the test says so: how busy the machine is does not count. */
function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('the next sender delivers, once', () => {
  test('when the centre is down', async () => {
    const { smsc, web, messages } = await both()
    await smsc.heard('bind', 1)
    await smsc.goDown()
    expect(await messages.send(message())).toEqual(viaGateway)
    expect([web.requests.length, smsc.submitted]).toEqual([1, 0])
  })

  test('when the centre refuses to bind', async () => {
    const smsc = await centre()
    smsc.refuseBinds(true)
    const web = await gateway()
    const { messages } = delivery([smppSender(smsc), kannelSender(web)])
    expect(await messages.send(message())).toEqual(viaGateway)
    expect(web.requests).toHaveLength(1)
  })

  test.each(['throttle', 'queue_full', 'refuse'] as const)('when the centre answers %s', async (mood) => {
    const { smsc, web, messages } = await both()
    smsc.behave(mood)
    expect(await messages.send(message())).toEqual(viaGateway)
    expect([web.requests.length, smsc.messages.length]).toEqual([1, 0])
  })

  test('when the centre takes the connection and never answers', async () => {
    const hole = await blackHole()
    const web = await gateway()
    const { messages } = delivery([smppSender(hole), kannelSender(web)])
    expect(await messages.send(message())).toEqual(viaGateway)
    expect(web.requests).toHaveLength(1)
  })

  test('when the first service refuses, for each status that says that nothing was taken', async () => {
    const [first, second] = [await gateway(), await gateway()]
    const { messages } = delivery([kannelSender(first, { name: 'first' }), kannelSender(second)])
    for (const status of [302, 400, 401, 403, 429, 500, 503]) {
      first.answer({ status, headers: { location: `${second.url}/elsewhere` } })
      expect(await messages.send(message()), `${status}`).toEqual(viaGateway)
    }
    expect(second.requests).toHaveLength(7)
    expect(second.requests.every((request) => request.target.startsWith('/cgi-bin/sendsms?'))).toBe(true)
  })

  test('when the first service answers 200 with something else than what acceptance looks like', async () => {
    const [first, second] = [await gateway(), await gateway()]
    first.answer({ status: 200, body: '4: Rejected' })
    const { messages } = delivery([kannelSender(first, { name: 'first' }), kannelSender(second)])
    expect(await messages.send(message())).toEqual(viaGateway)
  })
})

describe('nothing is sent twice', () => {
  test.each(['silent', 'drop'] as const)('when the centre has the message and is %s', async (mood) => {
    const { smsc, web, messages } = await both()
    smsc.behave(mood)
    expect(await messages.send(message())).toEqual({ outcome: 'unknown', sender: 'centre' })
    expect([web.requests.length, smsc.submitted]).toEqual([0, 1])
  })

  test.each(['silent', 'drop', { status: 502 }, { status: 504 }] as const)(
    'when a service has the request and answers %s',
    async (answer) => {
      const [first, second] = [await gateway(), await gateway()]
      first.answer(answer)
      const { messages } = delivery([kannelSender(first, { name: 'first' }), kannelSender(second)])
      expect(await messages.send(message())).toEqual({ outcome: 'unknown', sender: 'first' })
      expect(second.requests).toEqual([])
    },
  )

  test('and the next person is not kept waiting by the sender that said nothing', async () => {
    const { smsc, web, messages } = await both()
    smsc.behave('silent')
    await messages.send(message())
    expect(await messages.send(message())).toEqual(viaGateway)
    expect([web.requests.length, smsc.submitted]).toEqual([1, 1])
  })
})

describe('when no sender can deliver', () => {
  test('it is known at once that both are down', async () => {
    const { smsc, web, messages } = await both()
    await smsc.heard('bind', 1)
    await Promise.all([smsc.goDown(), web.goDown()])
    stopTheClock()
    expect(await messages.send(message())).toEqual({ outcome: 'undeliverable', because: 'unreachable' })
  })

  test('it is known within three seconds, even when both hang', async () => {
    const hole = await blackHole()
    const { messages } = delivery([smppSender(hole), smppSender(hole, { name: 'other' })])
    stopTheClock()
    let known: unknown = 'nothing yet'
    const sent = messages.send(message()).then((outcome) => {
      known = outcome
    })
    await vi.advanceTimersByTimeAsync(2_999)
    expect(known).toEqual({ outcome: 'undeliverable', because: 'unreachable' })
    await sent
  })

  test('the same message may be sent again, and goes out when a sender is back', async () => {
    const web = await gateway()
    await web.goDown()
    const { messages } = delivery([kannelSender(web)])
    const same = message()
    expect(await messages.send(same)).toEqual({ outcome: 'undeliverable', because: 'unreachable' })
    await web.comeBack()
    expect(await messages.send(same)).toEqual(viaGateway)
    expect(web.requests).toHaveLength(1)
  })

  test('because there is none, or none for calls, that is said', async () => {
    const nobody = { outcome: 'undeliverable', because: 'no_sender' }
    expect(await delivery([]).messages.send(message())).toEqual(nobody)
    const web = await gateway()
    expect(await delivery([kannelSender(web)]).messages.send(message({ channel: 'voice' }))).toEqual(nobody)
  })
})

test('no log line holds a number, a code, a password or a token, whatever happens', async () => {
  const [smsc, web] = [await centre(), await gateway()]
  const { messages, log } = delivery([smppSender(smsc), kannelSender(web)])
  for (const mood of ['accept', 'throttle', 'refuse', 'silent'] as const) {
    smsc.behave(mood)
    await messages.send(message())
  }
  for (const answer of [{ status: 400, body: `no such number ${canary.to} ${canary.code}` }, 'drop', { status: 504 }] as const) {
    web.answer(answer)
    await messages.send(message())
  }
  await Promise.all([smsc.goDown(), web.goDown()])
  await messages.send(message())
  expect(log().split('\n').length).toBeGreaterThan(8)
  for (const hidden of [canary.to, canary.to.slice(1), canary.code, canary.password]) expect(log()).not.toContain(hidden)
})

test('without a sender, development writes the code to the log, and production never does', async () => {
  const trying = delivery([], { development: true })
  expect(await trying.messages.send(message())).toEqual({ outcome: 'accepted', sender: 'log' })
  expect(trying.log()).toContain(canary.code)
  const serving = delivery([])
  await serving.messages.send(message())
  expect(serving.log()).not.toContain(canary.code)
})
