import { randomBytes } from 'node:crypto'
import { type AccountId, connect, createStore, migrate, StorageUnavailable } from '@postern/storage'
import { describe, expect, test } from 'vitest'
import {
  add,
  bind,
  call,
  domain,
  events,
  find,
  type Given,
  kept,
  ports,
  realm,
  refused,
  setPorts,
  setRealm,
  stage,
  standOnRealm,
  start,
  stateOf,
  store,
  upnOf,
} from './testing/mfa-stage.ts'

standOnRealm(async (clock) => {
  const connection = await connect({ kind: 'pglite', image: process.env.POSTERN_TEST_IMAGE })
  await migrate(connection)
  return createStore({ connection, masterKey: randomBytes(32), clock })
})

describe('the state of accounts', () => {
  test('is set for one and for a group, counted, and recorded by account', async () => {
    const mary = await add('mary', { groups: ['staff'] })
    await add('joe', { groups: ['staff'] })
    await add('eve')
    expect(await call('mfa.set-group', { group: 'staff', state: 'enabled' })).toMatchObject({ accounts: 2 })
    await call('mfa.set', { account: mary.upn, state: 'enforced' })
    expect([await stateOf('mary'), await stateOf('joe'), await stateOf('eve')]).toEqual(['enforced', 'enabled', 'disabled'])
    expect(await call('mfa.status')).toEqual({ disabled: 1, enabled: 1, enforced: 1 })
    const recorded = await events('enforcement.changed')
    expect(recorded).toHaveLength(2)
    expect(recorded).toContainEqual({ accountId: mary.id, state: 'enforced' })
    expect(recorded).toContainEqual({ accountId: undefined, state: 'enabled', count: 2 })
  })

  test('is not lowered by being asked, of one, of a group and in a CSV, unless that is said', async () => {
    const mary = await add('mary', { groups: ['staff'] })
    await add('joe', { groups: ['staff'] })
    await call('mfa.set', { account: mary.upn, state: 'enforced' })
    const before = (await events('enforcement.changed')).length
    const one = await call('mfa.set', { account: mary.upn, state: 'enabled' })
    expect(one).toEqual({ upn: mary.upn, state: 'enforced', changed: false })
    expect(find('mfa.set').next(one)).toContain('--lower')
    const row = { file: `upn,state\n${mary.upn},enabled` }
    expect((await call('mfa.import', row)).rows).toMatchObject([{ result: 'done', reason: 'is enforced, and stays so' }])
    expect(await events('enforcement.changed')).toHaveLength(before)
    const group = await call('mfa.set-group', { group: 'staff', state: 'enabled' })
    expect(group).toMatchObject({ accounts: 1, stay: 1 })
    expect(find('mfa.set-group').next(group)).toContain('Enforced, and stay so: 1.')
    expect([await stateOf('mary'), await stateOf('joe')]).toEqual(['enforced', 'enabled'])

    for (const [name, input] of [
      ['mfa.set', { account: mary.upn, state: 'enabled' }],
      ['mfa.set-group', { group: 'staff', state: 'enabled' }],
      ['mfa.import', row],
    ] as const) {
      await kept.enforcement.set([mary.id], { state: 'enforced', at: stage.now })
      await call(name, { ...input, lower: true })
      expect(await stateOf('mary'), name).toBe('enabled')
    }
  })

  test('is refused for nobody, for an empty group and for a state that does not exist', async () => {
    await expect(call('mfa.set', { account: upnOf('nobody'), state: 'enabled' })).rejects.toEqual(refused('missing'))
    await expect(call('mfa.set-group', { group: 'none', state: 'enabled' })).rejects.toEqual(refused('missing'))
    await expect(call('mfa.set-group', { group: 'none', state: 'on' })).rejects.toEqual(refused('invalid'))
  })

  test('is shown with factors, codes, pass and locks, and without any secret', async () => {
    const mary = await add('mary')
    await bind(mary.id)
    await kept.recoveryCodes.replace(mary.id, { digests: [randomBytes(32), randomBytes(32)], at: stage.now })
    stage.now = new Date(start.getTime() + 1000)
    await call('mfa.phone-set', { account: mary.upn, number: '+49 (151) 234-56780', channel: 'voice' })
    const { pass } = await call('mfa.pass-give', { account: mary.upn })
    const key = { subject: `account:${mary.id}`, method: 'totp' }
    const until = new Date(stage.now.getTime() + 60_000)
    const state = { consecutive: 6, inWindow: 6, windowStartedAt: stage.now, blockedUntil: until, disabled: false }
    await kept.attempts.update(key, () => ({ next: state, result: undefined }))
    const shown = await call('mfa.show', { account: mary.upn })
    expect(shown).toMatchObject({
      state: 'disabled',
      factors: [
        { method: 'totp', state: 'active' },
        { method: 'sms', state: 'proposed' },
      ],
      recoveryCodesLeft: 2,
      pass: { uses: 'once' },
      locks: [{ method: 'totp', until: until.toISOString() }],
    })
    const text = JSON.stringify(shown)
    expect(text).not.toContain('15123456780')
    expect(text).not.toContain(String(pass))
    expect(text).not.toContain(String(pass).replaceAll('-', ''))
    await expect(call('mfa.unlock', { account: mary.upn, method: 'tottp' })).rejects.toEqual(refused('invalid'))
    expect(await call('mfa.unlock', { account: mary.upn })).toMatchObject({ unlocked: ['totp'], ended: [] })
    expect(find('mfa.unlock').next(await call('mfa.unlock', { account: mary.upn }))).toContain('nothing to unlock')
    expect(await call('mfa.show', { account: mary.upn })).toMatchObject({ locks: [] })
  })

  test('a factor that fifty wrong answers ended is not opened by an unlock', async () => {
    const mary = await add('mary')
    await bind(mary.id)
    const key = { subject: `account:${mary.id}`, method: 'totp' }
    const ended = { consecutive: 50, inWindow: 10, windowStartedAt: stage.now, disabled: true }
    await kept.attempts.update(key, () => ({ next: ended, result: undefined }))
    const output = await call('mfa.unlock', { account: mary.upn })
    expect(output).toMatchObject({ unlocked: [], ended: ['totp'] })
    expect(find('mfa.unlock').next(output)).toContain(`postern account reset-factors ${mary.upn}`)
    expect((await kept.attempts.find(key))?.disabled).toBe(true)
  })
})

describe('a telephone number', () => {
  test('is proposed once, in the place of an earlier proposal, and refused where it is bound already', async () => {
    const mary = await add('mary')
    await call('mfa.phone-set', { account: mary.upn, number: '+4915123456780' })
    await call('mfa.phone-set', { account: mary.upn, number: '+4915123456781' })
    const [only, ...others] = await kept.authenticators.list(mary.id)
    expect(others).toEqual([])
    expect(only).toMatchObject({ method: 'sms', state: 'proposed', detail: { channel: 'sms', masked: expect.any(String) } })
    expect(new TextDecoder().decode(only?.secret)).toBe('+4915123456781')
    await bind(mary.id, { method: 'sms', secret: new TextEncoder().encode('+4915123456789') })
    await expect(call('mfa.phone-set', { account: mary.upn, number: '+4915123456789' })).rejects.toEqual(refused('conflict'))
    for (const number of ['0151 23456789', '+49 900 1234567', '+49 151', 'mary'])
      await expect(call('mfa.phone-set', { account: mary.upn, number })).rejects.toEqual(refused('invalid'))
  })

  test('is refused where the realm sends no codes to numbers that begin so', async () => {
    const mary = await add('mary')
    await call('realm.change', { realm: realm.id, smsPrefixes: ['+43'] }, null)
    setRealm((await store.realms.find(realm.id)) ?? realm)
    await expect(call('mfa.phone-set', { account: mary.upn, number: '+4915123456780' })).rejects.toEqual(refused('invalid'))
    const { rows } = await call('mfa.import', { file: `upn,state,phone\n${mary.upn},enabled,+4915123456780` })
    expect(rows).toMatchObject([{ result: 'refused', reason: expect.stringContaining('begin so') }])
    expect(await kept.authenticators.list(mary.id)).toEqual([])
  })
})

describe('a CSV', () => {
  const bom = '\u{feff}'
  const rowsOf = ({ rows }: Given) => rows as readonly Readonly<{ line: number; result: string; reason?: string }>[]

  test('sets what is right, says what is wrong with every other line, and stops for none', async () => {
    for (const name of ['mary', 'joe', 'eve', 'ann']) await add(name)
    const lines = [
      `${bom}UPN,State,phone,method`,
      `${upnOf('mary')},enforced,,`,
      `"${upnOf('joe')}",enabled,"+49 151 23456780",voice`,
      `"${upnOf('eve')},enabled,,`,
      `${upnOf('nobody')},enabled,,`,
      '',
      `${upnOf('eve')},on,,`,
      `${upnOf('eve')},enabled,12,`,
      `${upnOf('eve')},enabled,,sms`,
      `${upnOf('eve')},enabled`,
      `${upnOf('MARY')},disabled,,`,
      `${upnOf('ann')},enabled,+4915123456781,fax`,
      `${upnOf('ann')},enabled,+4915123456781,`,
      upnOf('eve'),
    ]
    const seen: [number, number][] = []
    const output = await call('mfa.import', { file: lines.join('\r\n') }, realm, (done, total) => void seen.push([done, total]))
    expect(rowsOf(output).map(({ line, result, reason }) => [line, result, reason])).toEqual([
      [2, 'done', undefined],
      [3, 'done', undefined],
      [4, 'refused', 'is not CSV; a quote may be missing'],
      [5, 'refused', 'there is no such account in this realm'],
      [7, 'refused', 'state: must be one of disabled, enabled, enforced'],
      [8, 'refused', expect.stringMatching(/^phone: /)],
      [9, 'refused', expect.stringMatching(/^method: /)],
      [10, 'refused', 'has 2 columns, and the header has 4'],
      [11, 'refused', 'line 2 names this account already'],
      [12, 'refused', 'method: must be one of sms, voice'],
      [13, 'done', undefined],
      [14, 'refused', 'has 1 column, and the header has 4'],
    ])
    expect([await stateOf('mary'), await stateOf('joe'), await stateOf('eve')]).toEqual(['enforced', 'enabled', 'disabled'])
    const joe = await kept.accounts.findByName(upnOf('joe'))
    expect(await kept.authenticators.list(joe?.id as AccountId)).toMatchObject([
      { state: 'proposed', detail: { channel: 'voice' } },
    ])
    expect(seen.at(-1)).toEqual([12, 12])
    expect(find('mfa.import').present(output)).toMatchObject({ note: '3 done, 9 refused.', incomplete: true })
    expect(find('mfa.import').present(output)?.text.split('\n').slice(0, 2)).toEqual([
      'line,upn,result,reason',
      `2,${upnOf('mary')},done,`,
    ])
    expect(await events('enforcement.changed')).toHaveLength(3)
    expect(await events('admin.changed')).toContainEqual(
      expect.objectContaining({ operation: 'mfa.import', subject: 'lines 2 to 13' }),
    )
  })

  test.each(['', 'upn', 'upn;state', 'state,upn', 'upn,state,number', 'upn,state,phone,method,more', '<html>'])(
    'with the first line %j is refused as a whole',
    async (header) => {
      await add('mary')
      await expect(call('mfa.import', { file: `${header}\n${upnOf('mary')},enforced` })).rejects.toEqual(refused('invalid'))
      expect(await stateOf('mary')).toBe('disabled')
    },
  )

  test('that names an account by two of its addresses is refused the second time, in another batch too', async () => {
    const alias = `m@${domain()}`
    await add('mary', { furtherAddresses: [alias] })
    const filler = Array.from({ length: 500 }, (_, index) => `nobody-${index}@${domain()},enabled`)
    const output = await call('mfa.import', {
      file: ['upn,state', `${upnOf('mary')},enforced`, ...filler, `${alias},disabled`].join('\n'),
    })
    expect(rowsOf(output).at(-1)).toMatchObject({ line: 503, result: 'refused', reason: 'line 2 names this account already' })
    expect(await stateOf('mary')).toBe('enforced')
  })

  test('commits batch by batch: what was done stays, and a batch that gives way begins again', async () => {
    const names = Array.from({ length: 3 }, (_, index) => `p${index}`)
    for (const name of names) await add(name)
    const filler = Array.from({ length: 498 }, (_, index) => `nobody-${index}@${domain()},enabled`)
    const file = ['upn,state', `${upnOf('p0')},enabled`, ...filler, `${upnOf('p1')},enabled`, `${upnOf('p2')},enabled`].join('\n')
    let calls = 0
    const { recordChange } = ports
    setPorts({
      ...ports,
      recordChange: async (...given) => {
        calls += 1
        if (calls === 1) throw new StorageUnavailable('contention')
        if (calls === 3) throw new TypeError('the audit log is full')
        await recordChange(...given)
      },
    })
    await expect(call('mfa.import', { file })).rejects.toThrow('the audit log is full')
    expect([await stateOf('p0'), await stateOf('p1'), await stateOf('p2')]).toEqual(['enabled', 'enabled', 'disabled'])
    expect(await events('enforcement.changed')).toHaveLength(2)
  })

  test('what a spreadsheet would run stays text in the results', async () => {
    const output = await call('mfa.import', { file: 'upn,state\n"=cmd|\' /C calc\'!A0",enabled\n@x,enabled' })
    const [, one = '', two = ''] = find('mfa.import').present(output)?.text.split('\n') ?? []
    expect(one).toMatch(/^2,'=cmd/)
    expect(two).toMatch(/^3,'@x/)
  })
})

describe('a campaign', () => {
  const begin = (more: Given = {}) => call('mfa.campaign-add', { name: 'Spring', group: 'staff', postponements: 2, ...more })

  test('asks everybody in the group, never less of those who must already, and shows how far it is', async () => {
    const mary = await add('mary', { groups: ['staff'] })
    const joe = await add('joe', { groups: ['staff'] })
    const ann = await add('ann', { groups: ['staff'] })
    await add('eve')
    await call('mfa.set', { account: mary.upn, state: 'enforced' })
    await bind(mary.id)
    const { id } = await begin({ ends: '2027-04-01' })
    expect([await stateOf('mary'), await stateOf('joe'), await stateOf('eve')]).toEqual(['enforced', 'enabled', 'disabled'])
    await kept.enforcement.postpone(joe.id, { atMost: 2, until: new Date(stage.now.getTime() + 86_400_000) })
    const board = await call('mfa.campaign-show', { campaign: 'Spring' })
    expect(board).toMatchObject({ accounts: 3, registered: 1, postponed: 1, untouched: 1, percent: 33 })
    expect(find('mfa.campaign-show').present(board)?.text).toContain(`[${'#'.repeat(13)}${'.'.repeat(27)}] 33 %`)
    expect(await call('mfa.show', { account: ann.id })).toMatchObject({ campaign: 'Spring', state: 'enabled' })
    expect(await events('campaign.changed')).toMatchObject([{ campaignId: id, change: 'begun' }])
  })

  test('ends, so that nobody may postpone; another may then have its name', async () => {
    await add('joe', { groups: ['staff'] })
    await begin()
    await expect(begin()).rejects.toEqual(refused('conflict'))
    await call('mfa.campaign-end', { campaign: 'Spring' })
    expect(await call('mfa.campaign-list')).toMatchObject([{ name: 'Spring', endsAt: start.toISOString() }])
    await expect(call('mfa.campaign-end', { campaign: 'Spring' })).rejects.toEqual(refused('conflict'))
    stage.now = new Date(start.getTime() + 1000)
    await begin()
  })

  test('is refused with an end in the past, for an empty group, and where it does not exist', async () => {
    await add('joe', { groups: ['staff'] })
    await expect(begin({ ends: '2027-03-01' })).rejects.toEqual(refused('invalid'))
    await expect(begin({ ends: 'soon' })).rejects.toEqual(refused('invalid'))
    await expect(begin({ group: 'none' })).rejects.toEqual(refused('missing'))
    expect(await call('mfa.campaign-list')).toEqual([])
    await expect(call('mfa.campaign-show', { campaign: 'Autumn' })).rejects.toEqual(refused('missing'))
    await expect(call('mfa.set', { account: upnOf('joe'), state: 'enabled', campaign: 'Autumn' })).rejects.toEqual(
      refused('missing'),
    )
  })

  test('takes in whom a CSV names, and keeps them until nothing is demanded of them', async () => {
    await add('mary')
    await add('joe')
    const { id } = await call('mfa.campaign-add', { name: 'Everybody' })
    await call('mfa.import', { file: `upn,state\n${upnOf('mary')},enabled\n${upnOf('joe')},enabled`, campaign: id })
    expect(await call('mfa.campaign-show', { campaign: id })).toMatchObject({ accounts: 2, untouched: 2 })
    await call('mfa.set', { account: upnOf('mary'), state: 'enforced' })
    await call('mfa.import', { file: `upn,state\n${upnOf('joe')},enforced` })
    expect(await call('mfa.campaign-show', { campaign: id })).toMatchObject({ accounts: 2 })
    await call('mfa.import', { file: `upn,state\n${upnOf('joe')},disabled` })
    await call('mfa.set', { account: upnOf('mary'), state: 'disabled' })
    expect(await call('mfa.campaign-show', { campaign: id })).toMatchObject({ accounts: 0, percent: 0 })
  })
})
