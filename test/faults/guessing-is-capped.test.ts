/**
 * Guessing over many sessions, every channel and two processes at once, on real PostgreSQL (R91, R95): whatever is tried in
 * parallel, no more is looked at than one person may try, and what is good for once lets one in.
 */
import { startPostgres } from '@postern/storage/contract'
import type { TestPerson } from '@postern/sts/testing'
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { asksFor, type Browser, createBrowser, type Page, textOf } from '../acceptance/support/browser.ts'
import { startDevice, typeCode } from '../acceptance/support/device.ts'
import { authorization, startWorld, type World, walk } from '../acceptance/support/world.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type StsProcess, startStsProcess } from '../support/sts-process.ts'

const SESSIONS = 50
const GUESSES = 500
/** R91, security.md section 4.2: ten failures in 24 hours, whatever succeeded in between; five of them at once. */
const CAP = 10
const AT_ONCE = 5
const AAL2 = 'urn:postern:acr:aal2'

let balancer: Balancer
let world: World
let processes: readonly StsProcess[] = []

beforeAll(async () => {
  const server = await startPostgres()
  const databaseUrl = await server.createDatabase()
  balancer = await startBalancer()
  world = await startWorld({ databaseUrl, baseUrl: balancer.baseUrl })
  // The processes have clocks of their own, so this one must go on as well.
  vi.useRealTimers()
  const common = {
    databaseUrl,
    masterKey: world.sts.masterKey,
    baseUrl: balancer.baseUrl,
    environment: { POSTERN_FORMS_PER_MINUTE: '100000' },
  }
  processes = [await startStsProcess(common), await startStsProcess(common)]
  balancer.serve(processes.map(({ port }) => port))
}, 120_000)

afterAll(async () => {
  for (const one of processes) await one.kill()
  await world?.close()
  await balancer?.close()
})

interface Session {
  readonly browser: Browser
  /** The page that asks for the code. */
  readonly page: Page
}

const demanded = (person: TestPerson) => authorization(world, { change: { login_hint: person.upn, acr_values: AAL2 } })

function atFactor(browser: Browser, page: Page): Session {
  if (!asksFor(page, 'code')) throw new TypeError(`no code is asked for (${page.status}): ${textOf(page.html).slice(0, 300)}`)
  return { browser, page }
}

async function signIn(person: TestPerson): Promise<Session> {
  const browser = createBrowser()
  return atFactor(browser, await browser.submit(await browser.open(demanded(person).url), { password: person.password }))
}

/** Browsers that are signed in with the password alone, as no policy asked for more; then each is asked for more. */
async function steppingUp(count: number, person: TestPerson): Promise<Session[]> {
  const { policies } = world.sts.kept
  const all = await policies.list()
  for (const { id } of all) await policies.remove(id)
  const browsers = await several(count, async () => {
    const browser = createBrowser()
    const asked = authorization(world, { change: { login_hint: person.upn } })
    const page = await walk(world, browser, await browser.open(asked.url), person)
    if (!came(page)) throw new TypeError(`not signed in: ${textOf(page.html).slice(0, 300)}`)
    return browser
  })
  for (const policy of all) await policies.put(policy)
  return several(count, async (at) => {
    const browser = browsers[at] as Browser
    return atFactor(browser, await browser.open(demanded(person).url))
  })
}

/** A device waits; who lets it in must show a factor, as every sign-in of theirs must. */
async function approveDevice(person: TestPerson): Promise<Session> {
  const browser = createBrowser()
  const { userCode } = await startDevice(world)
  const confirm = await typeCode(world, browser, userCode)
  const name = await browser.submit(confirm, { confirm: 'yes' })
  const password = await browser.submit(name, { name: person.upn })
  return atFactor(browser, await browser.submit(password, { password: person.password }))
}

/** A few at a time: all at once would fill the queue of passwords. */
async function several<T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) {
    const batch = Array.from({ length: Math.min(4, count - made.length) }, (_, at) => make(made.length + at))
    made.push(...(await Promise.all(batch)))
  }
  return made
}

/** The form of every code is one; `method` tells which, and here it is chosen as the link to another way would. */
const send = ({ browser, page }: Session, method: 'totp' | 'recovery-code', code: string): Promise<Page> =>
  browser.submit(page, { method, code })
const came = (page: Page): boolean => page.left?.searchParams.has('code') === true

const codesAround = async (person: TestPerson): Promise<Set<string>> => {
  const now = Math.floor(Date.now() / 1000)
  const steps = [-60, -30, 0, 30, 60, 90, 120, 150, 180]
  const secret = person.totpSecret ?? ''
  return new Set(await Promise.all(steps.map((seconds) => generate({ secret, epoch: now + seconds }))))
}
/** How often something was really looked at, by the trail, which must agree with the counter. */
async function evaluations(person: TestPerson, method: string): Promise<number> {
  const { audit, attempts } = world.sts.kept
  const rows = await audit.list({ accountId: person.account.id, event: 'signin.failed', limit: 1000 })
  const failed = rows.filter(({ detail }) => detail.method === method).length
  expect((await attempts.find({ subject: `account:${person.account.id}`, method }))?.inWindow ?? 0, method).toBe(failed)
  return failed
}

describe(`${GUESSES} wrong codes at once, over ${SESSIONS} sessions, four channels and two processes`, () => {
  it(`are evaluated ${AT_ONCE} times at once and never more than ${CAP} times, and the right code waits with them`, async () => {
    const person = await world.sts.addPerson({ name: 'guessed', factor: true })
    const [recoveryCode = ''] = await world.sts.service.recoveryCodes.replace(world.sts.kept, person.account.id)
    const share = Math.ceil(SESSIONS / 4)
    const ofTotp = [
      ...(await steppingUp(share, person)),
      ...(await several(share, () => signIn(person))),
      ...(await several(share, () => approveDevice(person))),
    ]
    const ofRecovery = await several(share, () => signIn(person))
    expect(ofTotp.length + ofRecovery.length).toBeGreaterThanOrEqual(SESSIONS)

    const right = await codesAround(person)
    const wrong = Array.from({ length: 1_000_000 }, (_, code) => String((code * 7919) % 1_000_000).padStart(6, '0'))
    const guesses = wrong.filter((code) => !right.has(code)).slice(0, GUESSES)
    const began = Date.now()
    const pages = await Promise.all(
      guesses.map((code, at) => {
        if (at % 4 !== 3) return send(ofTotp[at % ofTotp.length] as Session, 'totp', code)
        // A recovery code has sixteen characters; what has fewer is no guess.
        return send(ofRecovery[at % ofRecovery.length] as Session, 'recovery-code', `WRNG0000AA${code}`)
      }),
    )
    const seconds = (Date.now() - began) / 1000

    const statuses = Map.groupBy(pages, ({ status }) => status)
    const told = `${[...statuses].map(([status, { length }]) => `${status}: ${length}`)} in ${seconds} s`
    expect(pages.filter(came), told).toEqual([])
    const evaluated = [await evaluations(person, 'totp'), await evaluations(person, 'recovery-code')]
    for (const count of evaluated) expect(count, told).toBeLessThanOrEqual(CAP)
    // Half a minute after the fifth the sixth may follow.
    if (seconds < 30) expect(evaluated, told).toEqual([AT_ONCE, AT_ONCE])
    const sum = evaluated.reduce((one, other) => one + other)
    // Whoever waited for the database too long was sent away: before the code was looked at, or after, without hearing of it.
    const sentAway = statuses.get(503) ?? []
    expect(
      sentAway.every(({ headers }) => headers.has('retry-after')),
      told,
    ).toBe(true)
    const heard = statuses.get(422)?.length ?? 0
    expect(heard, told).toBeLessThanOrEqual(sum)
    expect(heard, told).toBeGreaterThanOrEqual(sum - sentAway.length)
    expect(statuses.get(429)?.length, told).toBe(GUESSES - heard - sentAway.length)
    expect([...balancer.connections.values()].every((count) => count > 0) && balancer.connections.size).toBe(2)

    // On a slow machine the pause may be about to end; then one more failure begins a longer one.
    for (const [method, [session], guess] of [
      ['totp', ofTotp, guesses.at(-1) ?? ''],
      ['recovery-code', ofRecovery, 'WRNG0000AAAAAAAA'],
    ] as const) {
      let page: Page
      do page = await send(session as Session, method, guess)
      while (page.status === 429 && Number(page.headers.get('retry-after')) < 10)
    }
    const code = await generate({ secret: person.totpSecret ?? '', epoch: Math.floor(Date.now() / 1000) })
    const late = [
      await send(ofTotp[0] as Session, 'totp', code),
      await send(ofRecovery[0] as Session, 'recovery-code', recoveryCode),
    ]
    expect(late.map((page) => [page.status, came(page)])).toEqual(Array(2).fill([429, false]))
  })
})

describe('what is good for once', () => {
  it.each([1, 2, 3])('one step of a TOTP, used 20 times at the same moment, lets one in (round %s)', async (round) => {
    const person = await world.sts.addPerson({ name: `once${round}`, factor: true })
    const sessions = await several(20, () => signIn(person))
    const code = await generate({ secret: person.totpSecret ?? '', epoch: Math.floor(Date.now() / 1000) })
    const pages = await Promise.all(sessions.map((session) => send(session, 'totp', code)))
    expect(pages.filter(came).length, `${pages.map(({ status }) => status)}`).toBe(1)
    expect(pages.filter(({ status }) => status >= 500)).toEqual([])
  })

  it.each([1, 2, 3])('one recovery code, used 20 times at the same moment, lets one in (round %s)', async (round) => {
    const person = await world.sts.addPerson({ name: `recovered${round}`, factor: true })
    const [code = ''] = await world.sts.service.recoveryCodes.replace(world.sts.kept, person.account.id)
    const sessions = await several(20, () => signIn(person))
    const pages = await Promise.all(sessions.map((session) => send(session, 'recovery-code', code)))
    expect(pages.filter(came).length, `${pages.map(({ status }) => status)}`).toBe(1)
    expect(pages.filter(({ status }) => status >= 500)).toEqual([])
    expect(await world.sts.kept.recoveryCodes.count(person.account.id)).toMatchObject({ left: 9 })
  })
})
