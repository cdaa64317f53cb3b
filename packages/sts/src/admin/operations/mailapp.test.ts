import { randomBytes, randomUUID } from 'node:crypto'
import { type AccountId, connect, createStore, type MailApp, migrate, type Realm } from '@postern/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { type AdminStage, openAdminStage } from '../testing/admin-stage.ts'

let stage: AdminStage
let realm: Realm
let counter = 0

beforeAll(async () => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  stage = await openAdminStage(async (clock) => createStore({ connection, masterKey: randomBytes(32), clock }))
})

afterAll(() => stage.store.close())

beforeEach(async () => {
  counter += 1
  await call('realm.add', { domain: `m${counter}.contoso.com` }, null)
  const found = await stage.store.realms.findByDomain(`m${counter}.contoso.com`)
  if (found === undefined) throw new TypeError('no realm')
  realm = found
  await call('policy.remove', { policy: 'Everybody needs a second factor' })
})

const find = (name: string) => {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new TypeError(`There is no operation ${name}`)
  return operation
}

async function call(name: string, input: Record<string, unknown> = {}, within: Realm | null = realm) {
  const output = await find(name).execute(stage.ports, {
    input,
    actor: 'test',
    reference: 'ref',
    ...(within === null ? {} : { realm: within }),
  })
  return output as Readonly<Record<string, never>> // each test reads what its operation gives
}

const refused = (code: string, message?: RegExp) =>
  expect.objectContaining({ name: 'OperationRefused', code, ...(message && { message: expect.stringMatching(message) }) })
const domain = () => realm.domains[0] ?? ''
const kept = () => stage.store.realm(realm.id)

async function person(name: string, groups: string[] = []): Promise<{ id: AccountId; upn: string }> {
  const upn = `${name}@${domain()}`
  return { id: (await call('account.add', { upn, groups })).id as unknown as AccountId, upn }
}

async function app(accountId: AccountId, given: Partial<MailApp> = {}): Promise<MailApp> {
  const made: MailApp = {
    id: randomUUID(),
    accountId,
    identity: `device:${randomUUID()}`,
    label: 'iPhone',
    traits: { deviceType: 'iPhone' },
    protocols: ['activesync'],
    state: 'pending',
    firstTriedAt: stage.now,
    lastTriedAt: stage.now,
    tries: 1,
    ...given,
  }
  expect(await kept().mailApps.add(made, { most: 50 })).toBe('added')
  return made
}

const appPassword = (accountId: AccountId, protocols: readonly string[] = ['imap']) =>
  kept().appPasswords.add(
    {
      id: randomUUID(),
      accountId,
      label: 'Laptop',
      lookup: randomUUID().slice(0, 12),
      hash: '$argon2id$',
      protocols,
      networks: [],
      bindsToFirstApp: false,
      createdAt: stage.now,
      createdBy: 'owner',
    },
    { most: 20 },
  )

const audited = async (event: string) =>
  (await kept().audit.list({ limit: 50 })).filter((row) => row.event === event).map(({ detail, actor }) => ({ ...detail, actor }))

describe('mail apps', () => {
  test('are listed, let in, named and removed, each with its trace', async () => {
    const mary = await person('mary')
    const phone = await app(mary.id)
    expect(await call('mailapp.list', { state: 'pending' })).toMatchObject([
      { id: phone.id, account: mary.upn, state: 'pending' },
    ])
    expect(await call('mailapp.list', { account: mary.upn, state: 'active' })).toEqual([])
    expect(await call('mailapp.activate', { account: mary.upn, app: 'iphone' })).toMatchObject({
      state: 'active',
      decidedBy: 'test',
      stillRefused: [],
    })
    expect(await call('mailapp.rename', { account: mary.upn, app: phone.id, label: 'My phone' })).toMatchObject({
      label: 'My phone',
    })
    expect(await call('mailapp.block', { account: mary.upn, app: 'My phone' })).toMatchObject({ state: 'blocked' })
    expect(await call('mailapp.remove', { account: mary.upn, app: 'My phone' })).toEqual({ account: mary.upn, removed: phone.id })
    await expect(call('mailapp.show', { account: mary.upn, app: phone.id })).rejects.toEqual(refused('missing'))
    expect((await audited('mailapp.decided')).map((one) => Object(one).state).sort()).toEqual(['active', 'blocked'])
    expect(await audited('mailapp.removed')).toEqual([{ mailAppId: phone.id, app: 'My phone', actor: 'test' }])
  })

  test('that are in by an app password open nothing by the password before an administrator says so', async () => {
    const mary = await person('mary')
    const phone = await app(mary.id, { state: 'active', decidedBy: 'app-password', protocols: ['imap'] })
    const refusedByImap = { stillRefused: [{ protocol: 'imap', outcome: 'blocked', reason: 'app_password_required' }] }
    expect(await call('mailapp.show', { account: mary.upn, app: phone.id })).toMatchObject(refusedByImap)
    expect(await call('mailapp.try', { account: mary.upn, protocol: 'imap', app: phone.id })).toMatchObject({
      reason: 'app_password_required',
    })
    expect(await call('mailapp.activate', { account: mary.upn, app: phone.id })).toMatchObject({
      decidedBy: 'test',
      stillRefused: [],
    })
    expect((await audited('mailapp.decided')).map((one) => Object(one).state)).toEqual(['active'])
  })

  test('with one name are told apart by id', async () => {
    const mary = await person('mary')
    const [one, other] = [await app(mary.id), await app(mary.id)]
    await expect(call('mailapp.activate', { account: mary.upn, app: 'iPhone' })).rejects.toEqual(
      refused('conflict', new RegExp(`(${one.id}|${other.id})`)),
    )
    expect(await call('mailapp.activate', { account: mary.upn, app: other.id })).toMatchObject({ id: other.id })
  })

  test('that the rules refuse all the same are let in with a warning', async () => {
    const mary = await person('mary')
    await app(mary.id, { protocols: ['imap', 'activesync'] })
    await call('mailapp.gate', { for: 'everybody' })
    const output = await call('mailapp.activate', { account: mary.upn, app: 'iPhone' })
    expect(output).toMatchObject({ stillRefused: [{ protocol: 'imap', outcome: 'blocked', reason: 'gating_blocks_protocol' }] })
    expect(find('mailapp.activate').next(output)).toMatch(/imap \(gating_blocks_protocol\)/)
  })
})

describe('gating', () => {
  test('says what it switches off, and spares what a policy names', async () => {
    const [mary, john] = [await person('mary'), await person('john')]
    await person('ann')
    await app(mary.id, { protocols: ['imap', 'smtp'], state: 'active' })
    await app(mary.id, { protocols: ['imap'], state: 'pending' })
    await app(mary.id, { protocols: ['activesync'], state: 'active' })
    await appPassword(mary.id)
    await appPassword(mary.id, ['ews'])
    await app(john.id, { protocols: ['imap'], state: 'active' })
    await call('policy.auth-put', { policy: 'Scanner', appPasswordsOnly: ['imap'], allowBasicAuth: ['smtp'] })
    await call('policy.auth-assign', { account: john.upn, policy: 'Scanner' })
    const effect = {
      accounts: 3,
      switchedOff: { imap: 2, pop: 3, smtp: 2, rpc: 3 },
      openedAgain: {},
      mustActivate: 1,
      mayStopActivating: 0,
      activeApps: 1,
      appPasswords: 1,
    }
    const reported = await call('mailapp.gate', { for: 'everybody', mode: 'report-only' })
    expect(reported).toEqual({ for: 'everybody', mode: 'report-only', before: { for: 'nobody', mode: 'on' }, ...effect })
    expect(await call('mailapp.try', { account: mary.upn, protocol: 'pop' })).toMatchObject({
      outcome: 'pending',
      ifReportOnlyWereOn: 'blocked',
    })
    const output = await call('mailapp.gate', { for: 'everybody' })
    expect(output).toEqual({ for: 'everybody', mode: 'on', before: { for: 'everybody', mode: 'report-only' }, ...effect })
    expect(find('mailapp.gate').present(output)?.text).toMatch(
      /imap for 2 accounts[\s\S]*1 active app and 1 app password\. Tokens go on/,
    )
    expect(await call('mailapp.try', { account: mary.upn, protocol: 'Pop' })).toMatchObject({ reason: 'gating_blocks_protocol' })
    expect(await call('mailapp.gate', { for: 'everybody' })).toMatchObject({ accounts: 3, switchedOff: {}, activeApps: 0 })
    expect(await call('realm.show', { realm: domain() }, null)).toMatchObject({
      settings: { gating: { for: 'everybody', mode: 'on' } },
    })
  })

  test('is for a group, whose name must be given and should have members', async () => {
    await person('mary', ['Sales'])
    await person('john')
    expect(await call('mailapp.gate', { for: 'group', group: 'sales' })).toMatchObject({ accounts: 1 })
    const nobody = await call('mailapp.gate', { for: 'group', group: 'Slaes' })
    expect(find('mailapp.gate').present(nobody)).toMatchObject({ note: expect.stringMatching(/nobody is in the group Slaes/) })
    await expect(call('mailapp.gate', { for: 'group' })).rejects.toEqual(refused('invalid'))
    await expect(call('mailapp.gate', { for: 'nobody', group: 'sales' })).rejects.toEqual(refused('invalid'))
    expect(await call('mailapp.gate', { for: 'nobody' })).toMatchObject({ accounts: 0, switchedOff: {} })
  })
})

describe('access rules', () => {
  test('let one client only in, and say who is cut off by that', async () => {
    const [mary, john] = [await person('mary'), await person('john')]
    await app(mary.id, { state: 'active', traits: { deviceType: 'Outlook' } })
    await app(john.id, { state: 'active' })
    await call('mailapp.rule-put', { rule: 'Outlook', access: 'allow', deviceType: ['outlook*'] })
    expect(await call('mailapp.access', { access: 'block' })).toEqual({ access: 'block', allowRules: 1, activeAppsRefused: 1 })
    expect(await call('mailapp.try', { account: john.upn, protocol: 'activesync', app: 'iPhone' })).toMatchObject({
      outcome: 'blocked',
      reason: 'access_default',
    })
    expect(await call('mailapp.try', { account: mary.upn, protocol: 'activesync', app: 'iPhone' })).toMatchObject({
      outcome: 'allow',
    })
    expect(await call('mailapp.rule-remove', { rule: 'outlook' })).toEqual({ removed: 'Outlook', activeAppsRefused: 1 })
    const output = await call('mailapp.access', { access: 'block' })
    expect(find('mailapp.access').next(output)).toMatch(/nobody opens mail by one now/)
  })

  test('are enforced at once, replaced by name, and refused where they mean nothing', async () => {
    await person('mary')
    const put = (input: object) => call('mailapp.rule-put', { rule: 'No Android', access: 'block', ...input })
    const first = await put({ deviceType: ['Android*'] })
    expect(first).toMatchObject({ mode: 'on', deviceType: ['Android*'] })
    expect(await put({ protocol: ['WebServices,imap'], mode: 'report-only' })).toMatchObject({
      id: first.id,
      protocol: ['ews', 'imap'],
    })
    expect(await call('mailapp.rule-list')).toMatchObject([{ name: 'No Android', mode: 'report-only' }])
    await expect(put({})).rejects.toEqual(refused('policy_invalid', /Say which apps/))
    await expect(put({ protocol: ['gopher'] })).rejects.toEqual(refused('invalid'))
    await expect(call('mailapp.rule-remove', { rule: 'x' })).rejects.toEqual(refused('missing'))
  })
})

describe('a try-out', () => {
  test('looks at conditional access as the gate does, and says what the mail server would be told', async () => {
    const { upn } = await person('mary')
    const renderRefusal: NonNullable<AdminStage['ports']['renderRefusal']> = ({
      reason,
      portal,
      appPasswordHelps,
      modernHelps,
    }) => ({
      text: `${reason} ${portal}`,
      refusal: {
        http: { status: appPasswordHelps ? 456 : 403, headers: { X: String(modernHelps) } },
        imap: 'NO',
        pop: '-ERR',
        smtp: '535',
        sieve: 'NO',
      },
    })
    const tried = (input: object) =>
      find('mailapp.try').execute(
        { ...stage.ports, renderRefusal },
        { input: { account: upn, protocol: 'ews', ...input }, realm, actor: 'test', reference: 'ref' },
      )
    await call('policy.auth-put', { policy: 'EWS', allowBasicAuth: ['WebServices'] })
    await call('policy.auth-default', { policy: 'EWS' })
    expect(await tried({})).toMatchObject({ outcome: 'allow', reason: 'basic_allowed' })
    await call('policy.put', {
      policy: 'MFA',
      mode: 'on',
      definition: { when: { protocol: ['ews'] }, require: ['second-factor'] },
    })
    const stopped = await tried({})
    expect(stopped).toMatchObject({
      outcome: 'blocked',
      reason: 'conditional_access',
      appPasswordHelps: true,
      told: { text: `conditional_access https://login.contoso.com/${realm.id}/portal`, http: '456, X: true', imap: 'NO' },
    })
    expect(find('mailapp.try').present(stopped)?.text).toMatch(/MFA: blocked\. Not shown yet/)
    expect(await tried({ secretKind: 'app-password' })).toMatchObject({ outcome: 'allow' })
    expect(await tried({ secretKind: 'token' })).toMatchObject({ outcome: 'allow', reason: 'modern' })
    expect(await tried({ protocol: 'imap' })).toMatchObject({ outcome: 'pending', told: { http: '403, X: false' } })
    await call('policy.put', { policy: 'Nobody', mode: 'report-only', definition: { access: 'block' } })
    expect(await tried({ protocol: 'imap' })).toMatchObject({ outcome: 'pending', ifReportOnlyWereOn: 'blocked' })
    await call('account.disable', { account: upn })
    expect(await tried({})).toMatchObject({ outcome: 'denied', reason: 'wrong_secret' })
  })

  test('of a server is about what that server may ask', async () => {
    const { upn } = await person('mary')
    await call('mailapp.server-put', { server: 'dovecot', protocols: ['imap'] })
    expect(await call('mailapp.try', { account: upn, protocol: 'ews', server: 'dovecot' })).toMatchObject({
      outcome: 'denied',
      reason: 'protocol_not_served',
    })
    await expect(call('mailapp.try', { account: upn, protocol: 'ews', server: 'x' })).rejects.toEqual(refused('missing'))
    await expect(call('mailapp.try', { account: upn, protocol: 'imaps' })).rejects.toEqual(refused('invalid'))
  })
})

describe('app passwords', () => {
  test('are listed and taken back, one or all, and nobody can make one from here', async () => {
    const { id, upn } = await person('mary')
    for (const _ of [1, 2, 3]) await appPassword(id)
    const list = (await call('mailapp.password-list', { account: upn })) as unknown as { id: string }[]
    expect(list).toHaveLength(3)
    expect(JSON.stringify(list)).not.toMatch(/argon|lookup/)
    const [first] = list
    expect(await call('mailapp.password-revoke', { account: upn, password: first?.id })).toEqual({ account: upn, revoked: 1 })
    await expect(call('mailapp.password-revoke', { account: upn, password: first?.id })).rejects.toEqual(refused('missing'))
    await expect(call('mailapp.password-revoke', { account: upn })).rejects.toEqual(refused('invalid'))
    expect(await call('mailapp.password-revoke', { account: upn, all: true })).toEqual({ account: upn, revoked: 2 })
    expect(await audited('app_password.revoked')).toHaveLength(2)
    expect(operations.some(({ name }) => /password-(add|give|make|create)/.test(name) && name.startsWith('mailapp'))).toBe(false)
  })
})

describe('a mail server', () => {
  const audience = 'https://mail.contoso.com/'
  const given = {
    server: 'dovecot',
    protocols: ['imap,pop', 'Smtp'],
    audience,
    upstreams: ['imap=127.0.0.1:1143'],
    doveadmUrl: 'http://127.0.0.1:8091',
    doveadmKey: 'key\n',
  }

  test('is a client with a secret, its resource and what it may ask, in one go', async () => {
    const made = await call('mailapp.server-put', given)
    expect(made).toMatchObject({
      server: 'dovecot',
      protocols: ['imap', 'pop', 'smtp'],
      audiences: [audience],
      upstreams: { imap: '127.0.0.1:1143' },
      gate: `https://login.contoso.com/${realm.id}/mailgate/decide`,
      secret: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(await call('client.show', { client: 'dovecot' })).toMatchObject({ grantTypes: [], credentials: [{ kind: 'secret' }] })
    expect(await call('resource.show', { resource: audience })).toMatchObject({
      principalId: 'dovecot',
      tokenType: 'JWT',
      scopes: ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send'],
    })
    expect((await kept().mailServers.list())[0]?.doveadm).toEqual({ url: 'http://127.0.0.1:8091', key: 'key' })
    expect(JSON.stringify(await call('mailapp.server-list'))).not.toMatch(/"key"/)
  })

  test('keeps what is left out when it is changed, and gets no new secret unasked', async () => {
    await call('mailapp.server-put', given)
    const changed = await call('mailapp.server-put', { server: 'dovecot', protocols: ['all'], upstreams: [] })
    expect(changed).toMatchObject({ audiences: [audience], upstreams: {}, doveadmUrl: 'http://127.0.0.1:8091' })
    expect(changed).not.toHaveProperty('secret')
    expect(await call('mailapp.server-put', { server: 'dovecot', doveadmUrl: '', newSecret: true })).toMatchObject({
      secret: expect.any(String),
    })
    expect((await kept().mailServers.list())[0]).not.toHaveProperty('doveadm')
    await call('mailapp.server-remove', { server: 'dovecot' })
    expect(await call('mailapp.server-list')).toEqual([])
    await expect(call('mailapp.server-remove', { server: 'dovecot' })).rejects.toEqual(refused('missing'))
  })

  test('takes over a resource that nobody owns, and none of another server; what is refused leaves nothing behind', async () => {
    await call('resource.add', { audience, scopes: ['IMAP.AccessAsUser.All'] })
    expect(await call('mailapp.server-put', given)).toMatchObject({ audiences: [audience] })
    await expect(call('mailapp.server-put', { ...given, server: 'nginx' })).rejects.toEqual(
      refused('conflict', /dovecot already/),
    )
    await expect(call('client.show', { client: 'nginx' })).rejects.toEqual(refused('missing'))
    await expect(call('mailapp.server-put', { server: 'nginx' })).rejects.toEqual(refused('invalid', /which protocols/))
    await expect(
      call('mailapp.server-put', { ...given, doveadmKey: undefined, server: 'x', audience: undefined }),
    ).rejects.toEqual(refused('invalid', /belong together/))
    await expect(
      call('mailapp.server-put', { server: 'x', protocols: ['pop'], upstreams: ['imap=127.0.0.1:1'] }),
    ).rejects.toEqual(refused('invalid', /serves pop only/))
    await call('client.add', { preset: 'thunderbird', id: 'bird' })
    await expect(call('mailapp.server-put', { server: 'bird', protocols: ['imap'] })).rejects.toEqual(
      refused('conflict', /by none/),
    )
  })
})

test('where mail servers are is written as it was read', async () => {
  const mailHosts = [
    'imap=mail.contoso.com:993/implicit',
    'smtp=mail.contoso.com:587/starttls',
    'ews=https://mail.contoso.com/EWS/Exchange.asmx',
  ]
  const change = (input: object) => call('realm.change', { realm: domain(), ...input }, null)
  expect(
    await change({ mailHosts: ['imap=Mail.contoso.com:993', 'smtp=mail.contoso.com:587', mailHosts[2]], portalIdleMinutes: 5 }),
  ).toMatchObject({ settings: { mailHosts, portalIdleMinutes: 5 } })
  expect(await change({ displayName: 'x' })).toMatchObject({ settings: { mailHosts } })
  expect(await change({ mailHosts: [] })).not.toHaveProperty('settings.mailHosts')
})
