/** Who may ask the gate, and how nginx and Dovecot ask and are told. Nobody else learns anything here. */
import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailTokens, signedIn } from '../support/world.ts'
import { everyProtocol, phone, startGate, verdictOf } from './gate-stage.ts'

let gate: Awaited<ReturnType<typeof startGate>>
beforeAll(async () => {
  gate = await startGate()
})
afterAll(() => gate.world.close())

const basicOf = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`

describe('a mail server', () => {
  const anything = { name: 'mary@contoso.com', secret: 'x', protocol: 'imap' }

  it('proves itself by its secret; other clients, wrong secrets and nobody are told alike', async () => {
    const { clients } = gate.world.sts
    const { clientId = '', clientSecret = '' } = clients.server
    const statuses = []
    for (const authorization of [
      basicOf(clientId, 'wrong'),
      basicOf('unknown', clientSecret),
      basicOf(clients.confidential.clientId, clients.confidential.clientSecret ?? ''),
      basicOf(clients.mail.clientId, ''),
      'Bearer x',
      'Basic ###',
    ]) {
      const answer = await gate.post('decide', anything, { authorization })
      statuses.push(answer.status)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="Contoso"/)
    }
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect((await gate.post('decide', anything, { authorization: basicOf(clientId, clientSecret) })).status).toBe(200)
  })

  it('that is disabled, or is no mail server any more, is heard ten seconds longer at most', async () => {
    const { clients, kept } = gate.world.sts
    gate.world.pass(3600)
    const server = { authorization: basicOf(clients.confidential.clientId, clients.confidential.clientSecret ?? '') }
    await gate.putServer({}, clients.confidential)
    expect((await gate.post('decide', anything, server)).status).toBe(200)
    await gate.world.changeClient(clients.confidential, { status: 'disabled' })
    gate.world.pass(11)
    expect((await gate.post('decide', anything, server)).status).toBe(401)
    await gate.world.changeClient(clients.confidential, { status: 'active' })
    expect((await gate.post('decide', anything, server)).status).toBe(200)
    await kept.mailServers.remove(clients.confidential.clientId as never)
    expect((await gate.post('decide', anything, server)).status).toBe(401)
  })

  it('is not guessed at: a source is not heard after some twenty tries, and the server itself still is', async () => {
    const { clients } = gate.world.sts
    const { clientId } = clients.server
    gate.world.pass(2 * 86_400)
    expect((await gate.post('decide', anything)).status).toBe(200)
    let answer: Response | undefined
    for (let guess = 0; guess < 30 && !answer?.headers.has('retry-after'); guess += 1)
      answer = await gate.post('decide', anything, { authorization: basicOf(clientId, `guess ${guess}`) })
    expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([401, '30'])
    gate.world.pass(11)
    expect((await gate.post('decide', anything)).status).toBe(200)
    gate.world.pass(2 * 86_400)
  })

  it('asks about its own protocols only, in our words and no others', async () => {
    await gate.putServer({ protocols: ['imap'] })
    const answers = [
      await gate.post('decide', { ...anything, protocol: 'pop' }),
      await gate.post('decide', { ...anything, admin: true }),
      await gate.post('decide', '{'),
      await gate.post('decide', 'x'.repeat(30_000)),
      await gate.post('decide', anything, { ...gate.asServer, 'content-type': 'text/plain' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 400, 400, 413, 415])
    const [foreign, unknown] = await Promise.all(answers.slice(0, 2).map((answer) => answer.json() as Promise<{ error: string }>))
    expect([foreign?.error, unknown?.error]).toEqual(['protocol_not_served', 'request_malformed'])
    await gate.putServer({ protocols: everyProtocol })
  })
})

describe('a source', () => {
  /** As sockets for IPv4 and IPv6 write IPv4. */
  const mapped = (address: string) => `::ffff:${address}`

  it('that guesses shuts out itself alone, whichever way its address is written', async () => {
    const mary = await gate.person()
    const guesser = '198.51.100.66'
    for (let guess = 0; guess < 22; guess += 1)
      await gate.ask({ name: `stranger${guess}@contoso.com`, secret: 'x', source: guess % 2 === 0 ? mapped(guesser) : guesser })
    const hers = { name: mary.upn, secret: mary.password }
    for (const source of [guesser, mapped(guesser), '::ffff:c633:6442'])
      expect(verdictOf(await gate.ask({ ...hers, source })), source).toBe('denied throttled')
    expect(verdictOf(await gate.ask({ ...hers, source: mapped('203.0.113.200') }))).toBe('pending app_pending')
    expect((await gate.tiles(mary)).map(({ identity, lastSource }) => [identity, lastSource])).toEqual([
      ['network:mail:203.0.113.0/24', '203.0.113.200'],
    ])
    const policy = await gate.post('dovecot/policy', { login: mary.upn, remote: mapped(guesser), protocol: 'imap' })
    expect(await policy.json()).toEqual({ status: -1, msg: 'Too many tries.' })
  })

  it('is in the network of an app password, whichever way its address is written', async () => {
    const mary = await gate.person()
    const secret = await gate.appPassword(mary, { networks: ['192.0.2.0/24'] })
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, source: mapped('192.0.2.9') }))).toBe('allow app_password')
    expect(verdictOf(await gate.ask({ name: mary.upn, secret, source: mapped('203.0.113.9') }))).toBe('denied app_password_scope')
  })
})

describe('the mail proxy of nginx', () => {
  const asked = (name: string, secret: string, change: Record<string, string> = {}) =>
    gate.nginx('mail', {
      ...{ 'auth-method': 'plain', 'auth-protocol': 'imap', 'auth-user': encodeURIComponent(name) },
      ...{ 'auth-pass': encodeURIComponent(secret), 'client-ip': '203.0.113.7', 'auth-ssl': 'on', ...change },
    })
  const told = ({ headers }: Response) => [headers.get('auth-status'), headers.get('auth-server'), headers.get('auth-port')]

  it('is sent on once the app is let in, and told why not before', async () => {
    const mary = await gate.person()
    const waiting = await asked(mary.upn, mary.password)
    expect([waiting.status, waiting.headers.get('auth-wait')]).toEqual([200, '3'])
    expect(waiting.headers.get('auth-status')).toMatch(/^\[AUTHENTICATIONFAILED\] .*\/portal /)
    await gate.decide((await gate.tiles(mary))[0], 'active')
    const allowed = await asked(mary.upn.toUpperCase(), mary.password)
    expect(told(allowed)).toEqual(['OK', '127.0.0.1', '1143'])
    expect(allowed.headers.get('auth-user')).toBe(mary.upn)
    expect(told(await asked(mary.upn, mary.password, { 'auth-protocol': 'pop3' }))).toEqual(['OK', '::1', '1110'])
  })

  it('is told with a code where SMTP wants one, and refused where nothing is shown', async () => {
    const mary = await gate.person()
    const wrong = await asked(mary.upn, 'wrong', { 'auth-protocol': 'smtp' })
    expect([wrong.headers.get('auth-error-code'), wrong.headers.get('auth-status')]).toEqual([
      '535 5.7.3',
      'The user name or the password is wrong.',
    ])
    const salted = await asked(mary.upn, mary.password, { 'auth-method': 'cram-md5', 'auth-salt': '<1@x>' })
    expect(salted.headers.get('auth-status')).toMatch(/^\[AUTHENTICATIONFAILED\]/)
    const bare = await asked(mary.upn, mary.password, { 'auth-ssl': 'off' })
    expect(bare.headers.get('auth-status')).toMatch(/^\[PRIVACYREQUIRED\]/)
    const unknown = await gate.nginx('mail', { authorization: basicOf('nginx', 'guess') })
    expect([unknown.status, unknown.headers.get('auth-status')]).toEqual([401, null])
  })
})

describe('a request over HTTP at nginx', () => {
  const eas = '/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=abc1&DeviceType=iPhone'
  const asked = (authorization: string, change: Record<string, string> = {}) =>
    gate.nginx('http', {
      ...{ 'x-postern-authorization': authorization, 'x-original-uri': eas, 'x-original-method': 'POST' },
      ...{ 'x-postern-source': '203.0.113.7', 'x-postern-scheme': 'https', 'user-agent': phone.userAgent, ...change },
    })
  const statusOf = ({ status, headers }: Response) => `${status} ${headers.get('x-postern-status')}`

  it('waits with 403, so that the phone keeps its password, and passes with the name of its owner', async () => {
    const mary = await gate.person()
    const mine = basicOf(mary.upn, mary.password)
    const waiting = await asked(mine)
    expect(statusOf(waiting)).toBe('403 403')
    expect(waiting.headers.get('x-postern-text')).toContain('/portal')
    expect(waiting.headers.get('x-postern-user')).toBeNull()
    await gate.decide((await gate.tiles(mary))[0], 'active')
    const allowed = await asked(mine)
    expect([statusOf(allowed), allowed.headers.get('x-postern-user')]).toEqual(['204 200', mary.upn])
    expect(await allowed.text()).toBe('')
  })

  it('is told 401 for what is wrong, and 403 for what a policy refuses', async () => {
    const mary = await gate.person()
    const wrong = await asked(basicOf(mary.upn, 'wrong'))
    expect([statusOf(wrong), wrong.headers.get('www-authenticate')]).toEqual([
      '401 401',
      'Basic realm="Contoso", charset="UTF-8"',
    ])
    expect(statusOf(await asked(''))).toBe('401 401')
    const policy = { access: 'block', when: { protocol: ['activesync'] } }
    const now = new Date()
    const id = '11111111-2222-4333-8444-555555555555'
    await gate.world.sts.kept.policies.put({ id, name: 'x', mode: 'on', definition: policy, createdAt: now, updatedAt: now })
    expect(statusOf(await asked(basicOf(mary.upn, mary.password)))).toBe('403 403')
    await gate.world.sts.kept.policies.remove(id)
  })

  it('has no protocol that nobody named, and no device that cannot be read', async () => {
    const { mary } = gate.world.sts
    const mine = basicOf(mary.upn, mary.password)
    expect(statusOf(await asked(mine, { 'x-original-uri': '/owa/' }))).toBe('403 403')
    expect(statusOf(await asked(mine, { 'x-original-uri': `${eas}&deviceid=other` }))).toBe('403 403')
    expect(await gate.tiles(mary)).toEqual([])
  })

  it('opens no mail as what it is not: not by a path that hides another, nor by a header that names another', async () => {
    const mary = await gate.person()
    const mine = basicOf(mary.upn, mary.password)
    expect(statusOf(await asked(mine, { 'x-original-uri': '/autodiscover/autodiscover.xml' }))).toBe('204 200')
    for (const uri of ['/autodiscover/..;/ews/exchange.asmx', '/autodiscover/..;a=b/ews', '/autodiscover/.;/ews'])
      expect(statusOf(await asked(mine, { 'x-original-uri': uri })), uri).toBe('403 403')
    const named = { 'x-original-uri': '/ews/exchange.asmx', 'x-postern-protocol': 'autodiscover' }
    expect(statusOf(await asked(mine, named))).toBe('403 403')
    expect(await gate.tiles(mary)).toEqual([])
  })

  it('is not read where a header of ours comes twice, as when the client has sent it too', async () => {
    const mary = await gate.person()
    const headers = {
      ...gate.asServer,
      ...{ 'x-postern-authorization': basicOf(mary.upn, mary.password), 'x-original-uri': '/autodiscover/autodiscover.xml' },
    }
    const twice = async (more: Readonly<Record<string, readonly string[]>>) => {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        get(`${gate.world.issuer}/mailgate/nginx/http`, { headers: { ...headers, ...more }, agent: false }, resolve).on(
          'error',
          reject,
        )
      })
      answer.resume()
      return answer.statusCode
    }
    expect(await twice({})).toBe(204)
    expect(await twice({ 'x-postern-source': ['203.0.113.7', '198.51.100.1'] })).toBe(403)
    expect(await twice({ 'x-original-uri': ['/autodiscover/', '/ews/'] })).toBe(403)
    expect(await twice({ 'x-postern-protocol': ['autodiscover', 'autodiscover'] })).toBe(403)
  })

  it('may show a token', async () => {
    const { access } = await mailTokens(gate.world, await signedIn(gate.world))
    const allowed = await asked(`Bearer ${access}`)
    expect([statusOf(allowed), allowed.headers.get('x-postern-user')]).toEqual(['204 200', gate.world.sts.mary.upn])
  })
})

describe('the policy server of Dovecot', () => {
  const asked = async (login: string, change: Record<string, unknown> = {}) => {
    const question = {
      login,
      pwhash: 'ff',
      remote: '203.0.113.7',
      protocol: 'imap',
      device_id: '"name" "Thunderbird"',
      ...change,
    }
    const answer = await gate.post('dovecot/policy?command=allow', question)
    return `${answer.status} ${((await answer.json()) as { status?: number }).status}`
  }

  const proved = { proved: 'yes' }

  it('turns away what is blocked once a secret was right, and leaves all else to who checked it', async () => {
    const mary = await gate.person()
    expect(await asked(mary.upn, proved)).toBe('200 0')
    await gate.ask({ name: mary.upn, secret: mary.password, app: { imapId: { name: 'Thunderbird' } } })
    expect(await asked(mary.upn, proved)).toBe('200 0')
    await gate.decide((await gate.tiles(mary))[0], 'blocked')
    expect(await asked(mary.upn, proved)).toBe('200 -1')
    expect(await asked(mary.upn, { ...proved, device_id: '"name" "Mutt"' })).toBe('200 0')
    await gate.world.changeAccount(mary, { status: 'disabled' })
    expect(await asked(mary.upn, { ...proved, device_id: '' })).toBe('200 -1')
  })

  it('says the same of everybody before anything was shown, whoever has an account, a blocked app or a policy', async () => {
    const [blocked, off, bare] = [await gate.person(), await gate.person(), await gate.person()]
    await gate.ask({ name: blocked.upn, secret: blocked.password, app: { imapId: { name: 'Thunderbird' } } })
    await gate.decide((await gate.tiles(blocked))[0], 'blocked')
    await gate.world.changeAccount(off, { status: 'disabled' })
    await gate.putPolicy({ password: { imap: 'block' }, modern: { imap: false } }, { accountId: bare.account.id })
    const names = [blocked.upn, off.upn, bare.upn, 'nobody@contoso.com', '']
    for (const change of [{}, { proved: 'no' }, { proved: '' }])
      expect(await Promise.all(names.map((name) => asked(name, change)))).toEqual(Array(5).fill('200 0'))
  })

  it('turns away a protocol that nothing opens, and, with nothing shown, a source that tried too often', async () => {
    const mary = await gate.person()
    await gate.putPolicy({ password: { imap: 'block' }, modern: { imap: false } }, { accountId: mary.account.id })
    expect(await asked(mary.upn, proved)).toBe('200 -1')
    expect(await asked(mary.upn, { ...proved, protocol: 'pop3' })).toBe('200 0')
    for (let guess = 0; guess < 22; guess += 1)
      await gate.ask({ name: `nobody${guess}@contoso.com`, secret: 'x', source: '198.51.100.77' })
    expect(await asked(mary.upn, { protocol: 'pop3', remote: '198.51.100.77' })).toBe('200 -1')
  })

  it('writes nothing, is told reports, and answers no stranger', async () => {
    const mary = await gate.person()
    await asked(mary.upn)
    expect(await gate.tiles(mary)).toEqual([])
    expect(await gate.trail(mary)).toEqual([])
    const report = await gate.post('dovecot/policy?command=report', { login: mary.upn, success: true, policy_reject: false })
    expect(await report.json()).toEqual({ status: 0, msg: '' })
    expect((await gate.post('dovecot/policy', { login: mary.upn, protocol: 'imap' }, {})).status).toBe(401)
    expect(await asked(mary.upn, { protocol: 'gopher' })).toBe('400 undefined')
  })
})
