import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createStore, migrate, type Realm } from '@postern/storage'
import { Command } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addOperationCommands } from '../command-line.ts'
import { nouns, operations } from '../operations.ts'
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
  await call('realm.add', { domain: `a${counter}.contoso.com` }, null)
  const found = await stage.store.realms.findByDomain(`a${counter}.contoso.com`)
  if (found === undefined) throw new TypeError('no realm')
  realm = found
  await call('account.add', { upn: `mary@${realm.domains[0]}` })
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
const tried = async (protocol: string) =>
  (await call('mailapp.try', { account: `mary@${realm.domains[0]}`, protocol })).outcome as unknown as string

describe('an authentication policy', () => {
  test('takes protocols by either name, holds for nobody at first and says so', async () => {
    const made = await call('policy.auth-put', {
      policy: 'Old things',
      allowBasicAuth: ['imap,SMTP', 'WebServices'],
      blockLegacyAuth: ['OfflineAddressBook'],
      blockModernAuth: ['rpc'],
      appPasswords: false,
    })
    expect(made).toMatchObject({
      mode: 'on',
      isDefault: false,
      assigned: 0,
      allowBasicAuth: ['ews', 'imap', 'smtp'],
      blockLegacyAuth: ['oab'],
      blockModernAuth: ['rpc'],
      appPasswords: false,
    })
    expect(find('policy.auth-put').next(made)).toMatch(/holds for nobody yet/)
    expect(await tried('imap')).toBe('pending')
  })

  test('leaves protocols to app passwords alone, each named once, and not where there are none', async () => {
    const put = (input: object) => call('policy.auth-put', { policy: 'Only app passwords', ...input })
    expect(await put({ appPasswordsOnly: ['Imap', 'smtp'], approvedOnly: ['ews'] })).toMatchObject({
      appPasswordsOnly: ['imap', 'smtp'],
      approvedOnly: ['ews'],
    })
    await call('policy.auth-default', { policy: 'Only app passwords' })
    expect(await call('mailapp.try', { account: `mary@${realm.domains[0]}`, protocol: 'imap' })).toMatchObject({
      outcome: 'blocked',
      reason: 'app_password_required',
      appPasswordHelps: true,
    })
    await expect(put({ appPasswordsOnly: ['imap'], approvedOnly: ['imap'] })).rejects.toEqual(refused('invalid', /^imap:/))
    await expect(put({ appPasswordsOnly: ['imap'], appPasswords: false })).rejects.toEqual(
      refused('invalid', /block-legacy-auth/),
    )
  })

  test('that is assigned wins over the default, and either can be taken away again', async () => {
    const account = `mary@${realm.domains[0]}`
    await call('policy.auth-put', { policy: 'Nothing', blockLegacyAuth: ['all'] })
    // They are listed by age.
    stage.now = new Date(stage.now.getTime() + 1000)
    await call('policy.auth-put', { policy: 'Own', allowBasicAuth: ['imap'] })
    await call('policy.auth-default', { policy: 'nothing' })
    expect(await tried('imap')).toBe('blocked')
    expect(await call('policy.auth-assign', { account, policy: 'Own' })).toEqual({ account, policy: 'Own' })
    expect(await tried('imap')).toBe('allow')
    expect(await call('policy.auth-list')).toMatchObject([
      { name: 'Nothing', isDefault: true },
      { name: 'Own', assigned: 1 },
    ])
    await expect(call('policy.auth-remove', { policy: 'Nothing' })).rejects.toEqual(refused('in_use', /is the default/))
    await expect(call('policy.auth-remove', { policy: 'Own' })).rejects.toEqual(refused('in_use', /1 accounts/))
    expect(await call('policy.auth-remove', { policy: 'Own', withAssignments: true })).toEqual({
      removed: 'Own',
      assignmentsEnded: 1,
    })
    expect(await tried('imap')).toBe('blocked')
    expect(await call('policy.auth-default', { none: true })).toEqual({ default: 'built-in' })
    expect(await tried('imap')).toBe('pending')
    await call('policy.auth-assign', { account, policy: 'Nothing' })
    expect(await call('policy.auth-assign', { account, none: true })).toEqual({ account, policy: 'the default' })
    await expect(call('policy.auth-default')).rejects.toEqual(refused('invalid'))
    await expect(call('policy.auth-assign', { account, policy: 'x' })).rejects.toEqual(refused('missing'))
  })

  test('is replaced as a whole by its name, keeps its mode, and reports without being enforced', async () => {
    const first = await call('policy.auth-put', { policy: 'P', blockLegacyAuth: ['imap'], mode: 'report-only' })
    await call('policy.auth-default', { policy: 'P' })
    const second = await call('policy.auth-put', { policy: 'p', blockLegacyAuth: ['pop'] })
    expect(second).toMatchObject({ id: first.id, name: 'P', mode: 'report-only', blockLegacyAuth: ['pop'], isDefault: true })
    expect(find('policy.auth-put').next(second)).toMatch(/report-only and changes nothing/)
    expect(await call('mailapp.try', { account: `mary@${realm.domains[0]}`, protocol: 'pop' })).toMatchObject({
      outcome: 'pending',
      ifReportOnlyWereOn: 'blocked',
    })
  })

  test('that says two things of one protocol is refused', async () => {
    await expect(
      call('policy.auth-put', { policy: 'P', allowBasicAuth: ['ews'], blockLegacyAuth: ['WebServices'] }),
    ).rejects.toEqual(refused('invalid', /ews: each protocol/))
    await expect(call('policy.auth-put', { policy: 'P', allowBasicAuth: ['imap,gopher'] })).rejects.toEqual(
      refused('invalid', /gopher/),
    )
  })
})

describe('policies of Exchange', () => {
  const online = {
    Name: 'Block Basic Auth',
    AllowBasicAuthImap: false,
    AllowBasicAuthSmtp: true,
    AllowBasicAuthWebServices: true,
    AllowBasicAuthReportingWebServices: false,
    Identity: 'Block Basic Auth',
    WhenCreated: null,
  }
  const onPremises = {
    Name: 'EAS only by token',
    BlockLegacyAuthActiveSync: true,
    BlockLegacyAuthImap: false,
    BlockModernAuthRpc: true,
    BlockModernAuthImap: false,
  }

  test('are taken over, one or many; what means nothing here is named', async () => {
    const output = await call('policy.auth-import', { policies: [online, onPremises] })
    expect(output).toMatchObject([
      {
        name: 'Block Basic Auth',
        result: 'added',
        mode: 'on',
        allowBasicAuth: ['ews', 'smtp'],
        blockLegacyAuth: ['imap'],
        ignored: ['AllowBasicAuthReportingWebServices', 'Identity', 'WhenCreated'],
      },
      { result: 'added', blockLegacyAuth: ['activesync'], allowBasicAuth: [], blockModernAuth: ['rpc'], ignored: [] },
    ])
    expect(find('policy.auth-import').present(output)?.text).toMatch(/means nothing here: AllowBasicAuthReportingWebServices/)
    expect(await call('policy.auth-import', { policies: { ...online, AllowBasicAuthImap: true } })).toMatchObject([
      { result: 'replaced', allowBasicAuth: expect.arrayContaining(['imap']) },
    ])
    expect(await call('policy.auth-list')).toHaveLength(2)
  })

  test('block where Exchange both allows and blocks', async () => {
    for (const policies of [
      { Name: 'x', AllowBasicAuthImap: true, BlockLegacyAuthImap: true },
      { Name: 'x', BlockLegacyAuthImap: true, AllowBasicAuthImap: true },
    ])
      expect(await call('policy.auth-import', { policies })).toMatchObject([{ blockLegacyAuth: ['imap'], allowBasicAuth: [] }])
  })

  test('are all refused where one of them cannot be read', async () => {
    await expect(
      call('policy.auth-import', { policies: [online, { AllowBasicAuthImap: true }, { Name: 'y', BlockLegacyAuthPop: 'yes' }] }),
    ).rejects.toEqual(refused('invalid', /Policy 2 has no Name.*y: BlockLegacyAuthPop must be true or false/))
    await expect(call('policy.auth-import', { policies: [online, online] })).rejects.toEqual(refused('invalid', /two policies/))
    await expect(call('policy.auth-import', { policies: [] })).rejects.toEqual(refused('invalid'))
    expect(await call('policy.auth-list')).toEqual([])
  })
})

test('every command of the guide does what it says', async () => {
  const guide = await readFile(new URL('../../../../../docs/guides/mail-apps.md', import.meta.url), 'utf8')
  const blocks = (language: string) =>
    [...guide.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, of, text = '']) => (of === language ? [text] : []))
  const [policy = '', everybody = ''] = blocks('json')
  const files = {
    'policy.json': policy,
    'everybody.json': everybody,
    'policies.json': '\u{feff}{"Name":"x"}',
    'doveadm.key': 'key',
  }
  const directory = await mkdtemp(join(tmpdir(), 'postern-mail-apps-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  await call('realm.add', { domain: 'contoso.com' }, null)
  const contoso = await stage.store.realms.findByDomain('contoso.com')
  const said = new Map<string, unknown>()
  const commands = blocks('sh').flatMap((text) => text.trimEnd().split('\n'))
  for (const command of commands) {
    const [, ...words] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
    addOperationCommands(program, {
      operations,
      nouns,
      terminal: { askSecret: async () => '', readInput: async () => '' },
      run: async ({ operation, input }) => {
        const within = operation.scope === 'realm' && contoso ? { realm: contoso } : {}
        said.set(command, await operation.execute(stage.ports, { input, actor: 'test', reference: 'ref', ...within }))
      },
    })
    await program.parseAsync(
      words.map((word) => (Object.hasOwn(files, word) ? join(directory, word) : word)),
      { from: 'user' },
    )
  }
  await rm(directory, { recursive: true })
  expect(commands.length).toBeGreaterThan(35)
  const tries = commands.filter((command) => command.includes('mailapp try')).map((command) => Object(said.get(command)).outcome)
  expect(tries).toEqual(['pending', 'allow', 'allow', 'pending', 'blocked', 'blocked', 'pending', 'allow', 'allow'])
  // Of two that are alike the later one: it comes after a policy that only reports.
  expect(said.get('postern mailapp try --account mary@contoso.com --protocol imap')).toMatchObject({
    ifReportOnlyWereOn: 'blocked',
  })
})
