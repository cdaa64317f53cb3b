/** An app that knows only a password comes to a mail server, and the gate says what becomes of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { phone, startGate, thunderbird, verdictOf } from './gate-stage.ts'

let gate: Awaited<ReturnType<typeof startGate>>
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

describe('an unknown app with the right password', () => {
  it('waits as a tile, and is in at its next try once its owner has let it in', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    const first = await gate.ask(tried)
    expect(verdictOf(first)).toBe('pending app_pending')
    expect(first.refusal?.http).toEqual({ status: 403, headers: {} })
    expect(first.refusal?.imap).toMatch(/^NO \[AUTHENTICATIONFAILED\] .*\/portal /)
    expect(first.account).toEqual({ id: mary.account.id, upn: mary.upn, mailbox: mary.upn })
    const [tile, ...others] = await gate.tiles(mary)
    expect(others).toEqual([])
    expect(tile).toMatchObject({ label: 'Thunderbird', state: 'pending', protocols: ['imap'], network: '203.0.113.0/24' })
    expect(first.app).toEqual({ id: tile?.id, label: 'Thunderbird', state: 'pending' })

    await gate.decide(tile, 'active')
    gate.world.pass(1)
    const second = await gate.ask(tried)
    expect([verdictOf(second), second.app?.state, second.refusal]).toEqual(['allow app_active', 'active', undefined])
    expect((await gate.tiles(mary))[0]?.lastAllowedAt).toBeDefined()
    expect((await gate.trail(mary)).map(({ event }) => event)).toEqual(['mailapp.appeared', 'mailapp.allowed'])
  })

  it('is the same over another protocol, and another one from another network', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    await gate.ask(tried)
    await gate.decide((await gate.tiles(mary))[0], 'active')
    expect(verdictOf(await gate.ask({ ...tried, protocol: 'smtp' }))).toBe('allow app_active')
    expect((await gate.tiles(mary))[0]?.protocols).toEqual(['imap', 'smtp'])
    expect(verdictOf(await gate.ask({ ...tried, source: '198.51.100.9' }))).toBe('pending app_pending')
  })

  it('that is a phone with a device id may travel', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, protocol: 'activesync', app: phone }
    await gate.ask(tried)
    await gate.decide((await gate.tiles(mary))[0], 'active')
    const query = 'Cmd=Sync&User=x&DeviceId=appl123abc&DeviceType=iPhone'
    const elsewhere = { ...tried, app: { activesyncQuery: query }, source: '198.51.100.9' }
    expect(verdictOf(await gate.ask(elsewhere))).toBe('allow app_active')
  })

  it('makes one tile and one row, although it comes 200 times, and one told owner', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    for (let batch = 0; batch < 10; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => gate.ask(tried)))
      expect(new Set(answers.map(verdictOf))).toEqual(new Set(['pending app_pending']))
    }
    expect(await gate.tiles(mary)).toHaveLength(1)
    expect((await gate.trail(mary)).map(({ event }) => event)).toEqual(['mailapp.appeared'])
    const toldOf = async () => {
      const { kept, service } = gate.world.sts
      await service.mailApps.tellOwners()
      const rows = await kept.audit.list({ limit: 100, accountId: mary.account.id })
      return rows.filter(({ event }) => event === 'mailapp.told').length
    }
    await expect.poll(toldOf).toBe(1)
    await gate.ask(tried)
    expect(await toldOf()).toBe(1)
  })

  it('does not wait twice for two phones that set up mail without a device, and OPTIONS makes no tile', async () => {
    const mary = await gate.person()
    const options = {
      name: mary.upn,
      secret: mary.password,
      protocol: 'activesync',
      method: 'OPTIONS',
      app: { userAgent: 'x/1' },
    }
    expect(verdictOf(await gate.ask(options))).toBe('allow autodiscover_opens_no_mail')
    expect(verdictOf(await gate.ask({ ...options, method: undefined, protocol: 'autodiscover' }))).toBe(
      'allow autodiscover_opens_no_mail',
    )
    expect(await gate.tiles(mary)).toEqual([])
  })

  it('is turned away where twenty wait already, and its owner hears so once', async () => {
    const mary = await gate.person()
    const from = (one: number) => ({ name: mary.upn, secret: mary.password, source: `198.51.${one}.7` })
    for (let one = 0; one < 20; one += 1) expect(verdictOf(await gate.ask(from(one)))).toBe('pending app_pending')
    const answers = [await gate.ask(from(21)), await gate.ask(from(22))]
    expect(answers.map(verdictOf)).toEqual(['denied too_many_apps', 'denied too_many_apps'])
    // An app password would let it in at once.
    expect(answers[0]?.refusal?.http).toEqual({
      status: 456,
      headers: { 'X-AutoDiscovery-Error': `LiveIdBasicAuth:AppPasswordRequired:<RequestId=${answers[0]?.reference}>` },
    })
    expect(await gate.tiles(mary)).toHaveLength(20)
    await gate.decide((await gate.tiles(mary))[0], 'blocked')
    expect(verdictOf(await gate.ask(from(21)))).toBe('pending app_pending')
  })
})

it('a blocked app stays out with everything that it could show, and nobody is told again', async () => {
  const mary = await gate.person()
  const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
  await gate.ask(tried)
  await gate.decide((await gate.tiles(mary))[0], 'blocked')
  const answer = await gate.ask(tried)
  expect([verdictOf(answer), answer.refusal?.http.status]).toEqual(['blocked app_blocked', 403])
  const byAppPassword = { ...tried, secret: await gate.appPassword(mary) }
  expect(verdictOf(await gate.ask(byAppPassword))).toBe('blocked app_blocked')
  expect((await gate.tiles(mary)).map(({ state }) => state)).toEqual(['blocked'])
})

it('a removed app is a new one', async () => {
  const mary = await gate.person()
  const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
  await gate.ask(tried)
  const [tile] = await gate.tiles(mary)
  await gate.decide(tile, 'active')
  expect(verdictOf(await gate.ask(tried))).toBe('allow app_active')
  await gate.world.sts.kept.mailApps.remove(mary.account.id, tile?.id ?? '')
  expect(verdictOf(await gate.ask(tried))).toBe('pending app_pending')
})

describe('whoever shows nothing right', () => {
  it('learns the same, whether there is an account, a tile, a policy or nothing', async () => {
    const mary = await gate.person()
    const off = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    await gate.ask(tried)
    await gate.decide((await gate.tiles(mary))[0], 'blocked')
    await gate.world.changeAccount(off, { status: 'disabled' })
    const answers = [
      await gate.ask({ ...tried, secret: 'wrong' }),
      await gate.ask({ ...tried, name: 'nobody@contoso.com' }),
      await gate.ask({ ...tried, name: off.upn, secret: off.password }),
      await gate.ask({ ...tried, secret: 'abcd-efgh-jkmn-pqrs-tvwx' }),
      await gate.ask({ ...tried, name: 'no\0body', secret: '' }),
    ]
    const told = answers.map(({ reference: _reference, ...rest }) => rest)
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(told[0]).toMatchObject({ decision: 'denied', reason: 'wrong_secret', because: [], refusal: { http: { status: 401 } } })
    expect(told[0]).not.toHaveProperty('account')
    expect(told[0]).not.toHaveProperty('app')
  })

  it('is told no more once there were too many tries, while the mail server reads why in its log', async () => {
    const mary = await gate.person()
    const wrong = (secret: string) => gate.ask({ name: mary.upn, secret, source: '203.0.113.99' })
    const answers = []
    for (let guess = 0; guess < 6; guess += 1) answers.push(await wrong(`guess ${guess}`))
    expect(answers.map(({ reason }) => reason)).toEqual([...Array(5).fill('wrong_secret'), 'throttled'])
    expect(answers[5]?.refusal).toEqual(answers[0]?.refusal)
    expect(answers[5]?.text).toBe(answers[0]?.text)
    const events = (await gate.trail(mary)).map(({ event, detail }) => `${event} ${detail.reason ?? ''}`)
    expect(events.filter((one) => one === 'signin.failed ')).toHaveLength(5)
    expect(events.filter((one) => one.startsWith('mailapp.refused'))).toEqual([
      'mailapp.refused wrong_secret',
      'mailapp.refused throttled',
    ])
  })

  it('writes one row an hour with a password that is wrong all day, and locks nobody out', async () => {
    const mary = await gate.person()
    for (let time = 0; time < 50; time += 1)
      expect(verdictOf(await gate.ask({ name: mary.upn, secret: 'of last year', app: thunderbird }))).toBe('denied wrong_secret')
    expect((await gate.trail(mary)).map(({ event }) => event).toSorted()).toEqual([
      'mailapp.refused',
      'signin.failed',
      'signin.stale_password',
    ])
    expect(verdictOf(await gate.ask({ name: mary.upn, secret: mary.password, app: thunderbird }))).toBe('pending app_pending')
  })

  it('sends no password over a connection that is not encrypted, unless it never leaves the machine', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, tls: false }
    expect(verdictOf(await gate.ask(tried))).toBe('denied tls_required')
    expect((await gate.ask({ ...tried, secret: 'wrong' })).refusal?.smtp).toMatch(/^538 5\.7\.11 /)
    expect(verdictOf(await gate.ask({ ...tried, source: undefined }))).toBe('denied tls_required')
    expect(verdictOf(await gate.ask({ ...tried, source: '127.0.0.1' }))).toBe('pending app_pending')
  })
})
