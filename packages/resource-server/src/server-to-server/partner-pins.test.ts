import { expect, test } from 'vitest'
import { makeSelfSigned, type SelfSigned } from '../testing/self-signed.ts'
import { createPartnerMetadata, type PublishingPartner } from './partner-metadata.ts'

const own = makeSelfSigned('partner')
const next = makeSelfSigned('next')
const partner: PublishingPartner = { name: 'partner@r', clientId: 'partner', metadataUrl: 'https://partner.example/1' }
const other: PublishingPartner = { name: 'other@r', clientId: 'other', metadataUrl: 'https://partner.example/2' }

/** Documents that can be changed, a clock that can be turned, and what was told. */
function makePins() {
  const clock = { now: 1_800_000_000 }
  const says = { keys: [own] as readonly SelfSigned[], realm: 'r', serviceName: 'partner', issuer: 'partner@r', down: false }
  const problems: string[] = []
  const asked: string[] = []
  const held: (() => void)[] = []
  let holding = false
  const metadata = createPartnerMetadata({
    reading: {
      allowHosts: ['partner.example'],
      allowPrivateNetwork: true,
      resolveHost: async () => [{ address: '10.0.0.1', family: 4 }],
      fetch: async (input) => {
        asked.push(String(input))
        if (holding) await new Promise<void>((resolve) => held.push(resolve))
        const { keys, down, ...rest } = says
        const published = keys.map(({ der }) => ({ keyvalue: { type: 'x509Certificate', value: der.toString('base64') } }))
        return down ? new Response('', { status: 503 }) : Response.json({ ...rest, keys: published })
      },
    },
    clock: () => new Date(clock.now * 1000),
    onProblem: (problem) => problems.push(problem),
  })
  const find = async ({ x5t }: { x5t: string }, of = partner) => {
    const found = await metadata.find(of, x5t)
    return typeof found === 'string' ? found : found.x5t
  }
  return {
    clock,
    says,
    problems,
    asked,
    find,
    hold: () => {
      holding = true
    },
    release: () => {
      holding = false
      for (const go of held.splice(0)) go()
    },
  }
}

test('a document must name the partner in both of its names, and then go on naming its first issuer and realm', async () => {
  const { says, clock, problems, find } = makePins()
  const wrong: readonly Partial<typeof says>[] = [
    { serviceName: 'other' },
    { issuer: 'other@r' },
    { issuer: 'no principal' },
    { serviceName: 'other', issuer: 'other@r' },
  ]
  for (const changes of wrong) {
    const good = { ...says }
    Object.assign(says, changes)
    expect(await find(own)).toBe('unavailable')
    Object.assign(says, good)
    clock.now += 60
  }
  expect(problems.splice(0)).toEqual(Array(4).fill('metadata of partner@r not read: it speaks for another server'))
  expect(await find(own)).toBe(own.x5t)
  says.keys = [next]
  for (const changes of [{ issuer: 'partner@elsewhere' }, { realm: 'elsewhere' }, { realm: 'x', issuer: 'partner@x' }]) {
    clock.now += 60
    const good = { ...says }
    Object.assign(says, changes)
    expect(await find(next)).toBe('unknown')
    Object.assign(says, good)
  }
  expect(problems).toEqual(Array(3).fill('metadata of partner@r not read: its issuer or realm is another than before'))
  clock.now += 60
  expect(await find(next)).toBe(next.x5t)
})

test('a certificate with a weak key, or one that another partner has, is left out and told', async () => {
  const { says, problems, find } = makePins()
  const weak = makeSelfSigned('weak', { bits: 1024 })
  says.keys = [weak, own]
  expect(await find(own)).toBe(own.x5t)
  expect(await find(weak)).toBe('unknown')
  expect(problems.splice(0).map((problem) => problem.replace(/: [^:]*$/, ''))).toEqual([
    `certificate ${weak.x5t} of partner@r ignored: A registered key must not be used`,
  ])
  Object.assign(says, { serviceName: 'other', issuer: 'other@r', keys: [own, next] })
  expect(await find(next, other)).toBe(next.x5t)
  expect(await find(own, other)).toBe('unknown')
  expect(problems).toEqual([`certificate ${own.x5t} of other@r ignored: another partner has it`])
})

test('a document is read at most once a minute, and again after eight hours', async () => {
  const { clock, asked, find } = makePins()
  expect(await find(own)).toBe(own.x5t)
  clock.now += 59
  expect(await find(next)).toBe('unknown')
  expect(asked.length).toBe(1)
  clock.now += 1
  expect(await find(own)).toBe(own.x5t)
  expect(asked.length).toBe(1)
  expect(await find(next)).toBe('unknown')
  expect(asked).toEqual(Array(2).fill(partner.metadataUrl))
  clock.now += 8 * 3600 - 1
  await find(own)
  expect(asked.length).toBe(2)
  clock.now += 1
  await find(own)
  expect(asked.length).toBe(3)
})

test('who has the certificate at hand does not wait for a reading, who has not waits for the one on its way', async () => {
  const { says, clock, asked, find, hold, release } = makePins()
  expect(await find(own)).toBe(own.x5t)
  clock.now += 8 * 3600
  says.keys = [own, next]
  hold()
  expect(await find(own)).toBe(own.x5t)
  const first = find(next)
  clock.now += 60
  const second = find(next)
  expect(asked.length).toBe(2)
  // Only with the answer that is held back can these two know.
  release()
  expect(await Promise.all([first, second])).toEqual([next.x5t, next.x5t])
  expect(asked.length).toBe(2)
})

test('what could not be read again for a day is forgotten to the second, and waited for', async () => {
  const { says, clock, problems, find } = makePins()
  expect(await find(own)).toBe(own.x5t)
  says.down = true
  clock.now += 24 * 3600 - 1
  expect(await find(own)).toBe(own.x5t)
  await expect.poll(() => problems.length).toBe(1)
  clock.now += 1
  expect(await find(own)).toBe('unavailable')
  clock.now += 59
  says.down = false
  // Old as it is, it is not taken at once: the reading is waited for.
  expect(await find(own)).toBe(own.x5t)
  expect(problems[0]).toMatch(/^metadata of partner@r not read: ./)
})

test('what is a day old to the second is waited for where it can be read again', async () => {
  const { clock, asked, find } = makePins()
  expect(await find(own)).toBe(own.x5t)
  clock.now += 24 * 3600
  expect(await find(own)).toBe(own.x5t)
  expect(asked.length).toBe(2)
})

test('a clock that was set back silences nothing', async () => {
  const { says, clock, asked, find } = makePins()
  expect(await find(own)).toBe(own.x5t)
  says.keys = [next]
  clock.now -= 1000
  expect(await find(next)).toBe(next.x5t)
  expect(asked.length).toBe(2)
})
