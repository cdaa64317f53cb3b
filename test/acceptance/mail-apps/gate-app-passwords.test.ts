/** App passwords and tokens at the gate: right for what they were made for, and for nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAIL, mailTokens, signedIn } from '../support/world.ts'
import { phone, startGate, thunderbird, verdictOf } from './gate-stage.ts'

let gate: Awaited<ReturnType<typeof startGate>>
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

const outlook = { userAgent: 'Microsoft Office/16.0' }

describe('an app password', () => {
  it('opens mail at once, however it is typed, and its owner sees the app', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary)
    const tried = { name: mary.upn, secret, app: thunderbird }
    const answer = await gate.ask(tried)
    expect([verdictOf(answer), answer.app?.state]).toEqual(['allow app_password', 'active'])
    expect(verdictOf(await gate.ask({ ...tried, secret: secret.replaceAll('-', ' ').toUpperCase() }))).toBe('allow app_password')
    const [tile, ...others] = await gate.tiles(mary)
    expect([tile?.state, tile?.toldBy, others.length]).toEqual(['active', 'nobody', 0])
    const [kept] = await gate.world.sts.kept.appPasswords.list(mary.account.id)
    expect(kept).toMatchObject({ lastProtocol: 'imap', lastSource: '203.0.113.7' })
    expect((await gate.trail(mary)).map(({ event }) => event)).toEqual(['mailapp.allowed'])
  })

  it('lets in the app that waited with the password', async () => {
    const mary = await gate.person()
    const tried = { name: mary.upn, secret: mary.password, app: thunderbird }
    expect(verdictOf(await gate.ask(tried))).toBe('pending app_pending')
    expect(verdictOf(await gate.ask({ ...tried, secret: await gate.appPassword(mary) }))).toBe('allow app_password')
    expect((await gate.tiles(mary)).map(({ state, decidedBy }) => [state, decidedBy])).toEqual([['active', 'app-password']])
    const events = (await gate.trail(mary)).map(({ event }) => event)
    expect(events.toSorted()).toEqual(['mailapp.allowed', 'mailapp.appeared', 'mailapp.decided'])
  })

  it('is for its protocols and its networks', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary, { protocols: ['imap'], networks: ['203.0.113.0/24'] })
    const tried = { name: mary.upn, secret, app: thunderbird }
    const verdicts = [
      await gate.ask(tried),
      await gate.ask({ ...tried, protocol: 'smtp' }),
      await gate.ask({ ...tried, source: '198.51.100.7' }),
      await gate.ask({ ...tried, source: undefined }),
    ]
    expect(verdicts.map(verdictOf)).toEqual(['allow app_password', ...Array(3).fill('denied app_password_scope')])
    expect(verdicts[1]?.refusal?.http.status).toBe(401)
  })

  it('belongs to the first app that uses it, where that was asked for', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary, { bindsToFirstApp: true })
    const both = await Promise.all([
      gate.ask({ name: mary.upn, secret, app: thunderbird }),
      gate.ask({ name: mary.upn, secret, app: outlook }),
    ])
    expect(both.map(verdictOf).toSorted()).toEqual(['allow app_password', 'denied app_password_scope'])
    const [bound] = await gate.world.sts.kept.appPasswords.list(mary.account.id)
    const first = both.find(({ decision }) => decision === 'allow')
    expect(bound?.mailAppId).toBe(first?.app?.id)
    const app = first?.app?.label === 'Thunderbird' ? thunderbird : outlook
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, app }))).toBe('allow app_password')
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, app: { userAgent: 'Mutt' } }))).toBe('denied app_password_scope')
    expect((await gate.trail(mary)).filter(({ event }) => event === 'app_password.bound')).toHaveLength(1)
  })

  it('sets a phone up: Autodiscover and OPTIONS take it, although they name no device, and bind nothing', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary, { protocols: ['activesync'], bindsToFirstApp: true })
    const tried = { name: mary.upn, secret, app: { userAgent: phone.userAgent } }
    const autodiscover = () => gate.ask({ ...tried, protocol: 'autodiscover' })
    const options = () => gate.ask({ ...tried, protocol: 'activesync', method: 'OPTIONS' })
    expect([await autodiscover(), await options()].map(({ decision }) => decision)).toEqual(['allow', 'allow'])
    expect(await gate.tiles(mary)).toEqual([])
    const first = await gate.ask({ ...tried, protocol: 'activesync', app: phone })
    expect([verdictOf(first), first.app?.label]).toEqual(['allow app_password', 'Apple-iPhone15C4'])
    expect([await autodiscover(), await options()].map(({ decision }) => decision)).toEqual(['allow', 'allow'])
    expect(await gate.tiles(mary)).toHaveLength(1)
  })

  it('ends at its time, when it is taken back, and with its account', async () => {
    const mary = await gate.person()
    const { kept } = gate.world.sts
    const secret = await gate.appPassword(mary, { expiresAt: new Date(Date.now() + 60_000) })
    const tried = { name: mary.upn, secret, app: thunderbird }
    expect(verdictOf(await gate.ask(tried))).toBe('allow app_password')
    gate.world.pass(61)
    expect(verdictOf(await gate.ask(tried))).toBe('denied app_password_expired')

    const next = { ...tried, secret: await gate.appPassword(mary) }
    expect(verdictOf(await gate.ask(next))).toBe('allow app_password')
    await gate.world.changeAccount(mary, { status: 'disabled' })
    expect(verdictOf(await gate.ask(next))).toBe('denied wrong_secret')
    await gate.world.changeAccount(mary, { status: 'active' })
    expect(verdictOf(await gate.ask(next))).toBe('allow app_password')
    await kept.appPasswords.removeAll(mary.account.id)
    expect(verdictOf(await gate.ask(next))).toBe('denied wrong_secret')
  })

  it('is somebody else’s under another name', async () => {
    const [mary, joe] = [await gate.person(), await gate.person()]
    const secret = await gate.appPassword(mary)
    expect(verdictOf(await gate.ask({ name: joe.upn, secret, app: thunderbird }))).toBe('denied wrong_secret')
  })
})

describe('the account’s own password', () => {
  const askAs =
    (name: string, secret: string) =>
    async (more: Readonly<Record<string, unknown>> = {}) =>
      verdictOf(await gate.ask({ name, secret, app: thunderbird, ...more }))

  it('does not come in by the tile of an app password, new or waiting before, until its owner lets it in with that', async () => {
    const mary = await gate.person()
    const byPassword = askAs(mary.upn, mary.password)
    const waiting = { app: outlook }
    expect(await byPassword(waiting)).toBe('pending app_pending')
    const byAppPassword = askAs(mary.upn, await gate.appPassword(mary))
    for (const more of [{}, waiting]) {
      expect(await byAppPassword(more)).toBe('allow app_password')
      expect(await byPassword(more)).toBe('blocked app_password_required')
      expect(await byPassword({ ...more, protocol: 'autodiscover' })).toBe('allow autodiscover_opens_no_mail')
    }
    expect((await gate.tiles(mary)).map(({ decidedBy }) => decidedBy)).toEqual(['app-password', 'app-password'])

    await gate.world.sts.kept.appPasswords.removeAll(mary.account.id)
    expect([await byAppPassword(), await byPassword()]).toEqual(['denied wrong_secret', 'blocked app_password_required'])

    await gate.decide(
      (await gate.tiles(mary)).find(({ label }) => label === 'Thunderbird'),
      'active',
    )
    expect([await byPassword(), await byPassword(waiting)]).toEqual(['allow app_active', 'blocked app_password_required'])
  })

  it('stays good in an app that its owner let in before the app password came', async () => {
    const mary = await gate.person()
    const byPassword = askAs(mary.upn, mary.password)
    await byPassword()
    await gate.decide((await gate.tiles(mary))[0], 'active')
    expect(await askAs(mary.upn, await gate.appPassword(mary))()).toBe('allow app_password')
    expect(await byPassword()).toBe('allow app_active')
  })

  it('opens nothing where policy takes app passwords alone, and the app is told so in its protocol', async () => {
    const mary = await gate.person()
    const byPassword = askAs(mary.upn, mary.password)
    await byPassword()
    await gate.decide((await gate.tiles(mary))[0], 'active')
    expect(await byPassword()).toBe('allow app_active')
    await gate.putPolicy({ password: { imap: 'app-password', activesync: 'app-password' } }, { accountId: mary.account.id })
    const refused = await gate.ask({ name: mary.upn, secret: mary.password, app: thunderbird })
    expect(verdictOf(refused)).toBe('blocked app_password_required')
    expect(refused.refusal?.imap).toMatch(
      /^NO \[AUTHENTICATIONFAILED\] This mail app needs an app password\. Make one at .*\/portal$/,
    )
    expect(await byPassword({ app: phone, protocol: 'activesync' })).toBe('blocked app_password_required')
    expect(await gate.tiles(mary)).toHaveLength(1)

    const proxied = (secret: string) =>
      gate.nginx('http', {
        'x-postern-authorization': `Basic ${Buffer.from(`${mary.upn}:${secret}`).toString('base64')}`,
        'x-original-uri': '/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=abc1&DeviceType=iPhone',
        ...{ 'x-original-method': 'POST', 'x-postern-source': '203.0.113.7', 'x-postern-scheme': 'https' },
      })
    const { headers } = await proxied(mary.password)
    expect(headers.get('x-postern-status')).toBe('456')
    expect(headers.get('x-autodiscovery-error')).toMatch(/^LiveIdBasicAuth:AppPasswordRequired:<RequestId=/)
    expect((await proxied(await gate.appPassword(mary))).status).toBe(204)
  })
})

describe('a token', () => {
  const tokenOf = async () => (await mailTokens(gate.world, await signedIn(gate.world))).access

  it('opens the mailbox of its owner, under each of the owner’s names, or with none', async () => {
    const { mary } = gate.world.sts
    await gate.world.changeAccount(mary, { furtherAddresses: ['mary.further@contoso.com'] })
    const tried = { token: await tokenOf(), protocol: 'activesync', app: phone }
    const answers = [
      await gate.ask({ ...tried, name: mary.upn }),
      await gate.ask({ ...tried, name: 'Mary.Further@contoso.com' }),
      await gate.ask(tried),
    ]
    expect(answers.map(verdictOf)).toEqual(Array(3).fill('allow modern'))
    expect(answers[0]?.account).toMatchObject({ id: mary.account.id, mailbox: mary.upn })
    expect(await gate.tiles(mary)).toEqual([])
  })

  it('opens no other mailbox, and no protocol that it was not given for', async () => {
    const { joe, mary } = gate.world.sts
    const token = await tokenOf()
    const foreign = await gate.ask({ token, name: joe.upn, protocol: 'activesync' })
    expect([verdictOf(foreign), foreign.refusal?.http.status]).toEqual(['denied token_of_another_account', 403])
    expect(foreign).not.toHaveProperty('account')
    const imap = await gate.ask({ token, name: mary.upn, protocol: 'imap' })
    expect([verdictOf(imap), imap.refusal?.imap.slice(0, 25)]).toEqual(['denied token_refused', 'NO [AUTHENTICATIONFAILED]'])
  })

  it('counts until it ends or is withdrawn, and is nothing where it is none', async () => {
    const { mary, clients, kept } = gate.world.sts
    const token = await tokenOf()
    const ask = async (shown: string) => verdictOf(await gate.ask({ token: shown, name: mary.upn, protocol: 'activesync' }))
    expect(await ask(token)).toBe('allow modern')
    expect([await ask('not.a.token'), await ask(`${token}x`)]).toEqual(Array(2).fill('denied token_refused'))
    const resource = gate.world.sts.resource
    await kept.resources.replace({ ...resource, principalId: clients.confidential.clientId })
    expect(await ask(token)).toBe('denied token_refused')
    await kept.resources.replace(resource)
    expect(await ask(token)).toBe('allow modern')
    await kept.accounts.signOut(mary.account.id, new Date(Date.now() + 1000))
    expect(await ask(token)).toBe('denied token_refused')
    gate.world.pass(2)
    const later = await tokenOf()
    expect(await ask(later)).toBe('allow modern')
    gate.world.pass(2 * 3600)
    expect(await ask(later)).toBe('denied token_refused')
    expect(MAIL).toContain('mail.contoso.com')
  })

  it('does not help an app that its owner has blocked', async () => {
    const { mary } = gate.world.sts
    gate.world.pass(60)
    const tried = { name: mary.upn, protocol: 'activesync', app: { ...phone, deviceId: 'lostphone' } }
    await gate.ask({ ...tried, secret: mary.password })
    const [tile] = await gate.tiles(mary)
    await gate.decide(tile, 'blocked')
    expect(verdictOf(await gate.ask({ ...tried, token: await tokenOf() }))).toBe('blocked app_blocked')
  })
})
