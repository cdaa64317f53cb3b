import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addOperationCommands, type CommandCall } from './command-line.ts'
import { parseInput } from './operation.ts'
import { nouns, operations } from './operations.ts'

/** What the operation would get. */
async function parse(
  words: readonly string[],
  terminal: { secret?: string; input?: string } = {},
  check: (call: CommandCall) => void = () => undefined,
): Promise<CommandCall> {
  const calls: CommandCall[] = []
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  addOperationCommands(program, {
    operations,
    nouns,
    terminal: { askSecret: async () => terminal.secret ?? '', readInput: async () => terminal.input ?? '' },
    run: async (call) => {
      check(call)
      calls.push(call)
    },
  })
  await program.parseAsync(['node', 'postern', ...words])
  const [call] = calls
  if (call === undefined) throw new TypeError('nothing ran')
  return call
}

const refused = (code: string) => expect.objectContaining({ code })

test('places and names become the input', async () => {
  const call = await parse([
    'client',
    'grant',
    'c1',
    'https://mail.contoso.com/',
    '--scope',
    'A',
    '--scope',
    'B',
    '--realm',
    'contoso.com',
    '--json',
  ])
  expect(call).toMatchObject({
    realm: 'contoso.com',
    json: true,
    input: { client: 'c1', resource: 'https://mail.contoso.com/', scopes: ['A', 'B'] },
  })
  expect(call.operation.name).toBe('client.grant')
})

test('what is left out is not in the input, so that the operation decides', async () => {
  expect((await parse(['account', 'change', 'mary@contoso.com', '--display-name', 'Mary'])).input).toEqual({
    account: 'mary@contoso.com',
    displayName: 'Mary',
  })
  expect((await parse(['key', 'rotate'])).input).toEqual({})
})

test('where there is but one thing to do its verb may be left out, also when help is asked for', async () => {
  expect((await parse(['client-pack', 'pack', '--force'])).input).toEqual({ folder: 'pack', force: true })
  expect((await parse(['client-pack', 'write', 'pack'])).input).toEqual({ folder: 'pack' })
  const written: string[] = []
  const program = new Command('postern').exitOverride()
  addOperationCommands(program, {
    operations,
    nouns,
    terminal: { askSecret: async () => '', readInput: async () => '' },
    run: async () => undefined,
  })
  const [noun] = program.commands.filter((one) => one.name() === 'client-pack')
  noun?.commands[0]?.configureOutput({ writeOut: (text) => written.push(text) })
  await expect(program.parseAsync(['node', 'postern', 'client-pack', '--help'])).rejects.toEqual(
    refused('commander.helpDisplayed'),
  )
  expect(written.join('')).toMatch(/^Usage: postern client-pack write \[options\] <folder>[\s\S]*--force/)
})

test('numbers are numbers, and switches go both ways', async () => {
  expect((await parse(['key', 'rotate', '--announce-seconds', '60'])).input).toEqual({ announceSeconds: 60 })
  const change = ['client', 'change', 'c1']
  expect((await parse([...change, '--dpop-bound-access-tokens'])).input).toEqual({ client: 'c1', dpopBoundAccessTokens: true })
  expect((await parse([...change, '--no-dpop-bound-access-tokens'])).input).toEqual({
    client: 'c1',
    dpopBoundAccessTokens: false,
  })
})

test('the short name of the device grant is one of the choices', async () => {
  const { input, operation } = await parse([
    'client',
    'add',
    'Kiosk',
    '--grant-type',
    'device_code',
    '--grant-type',
    'refresh_token',
  ])
  expect(operation.input.parse(input)).toMatchObject({
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  })
})

test('an empty value empties a list', async () => {
  const words = ['account', 'change', 'mary@contoso.com', '--group', '', '--phone', '']
  const { input, operation } = await parse(words)
  expect(operation.input.parse(input)).toEqual({ account: 'mary@contoso.com', groups: [], phone: '' })
})

test.each([
  [['account', 'list', '--limit', '0'], '--limit: must be at least 1'],
  [['realm', 'change', 'contoso.com', '--access-token-seconds', '1'], '--access-token-seconds: must be at least 60 seconds'],
  [['client', 'grant', 'c1', 'r1', '--scope', 'a b'], expect.stringMatching(/^--scope: must be a scope name/)],
  [['audit', 'list', '--before', 'now'], expect.stringMatching(/^--before: must be a time in UTC/)],
  [['account', 'add', 'mary'], '<upn>: must look like mary@contoso.com'],
  [['client', 'grant', 'c1', 'x'.repeat(2001)], '<resource>: must have at most 2000 characters'],
])('%j is refused in the words of the command line', async (words, message) => {
  const check = (call: CommandCall) => void parseInput(call.operation.input, call.input)
  await expect(parse(words, {}, check)).rejects.toMatchObject({ code: 'invalid', message })
})

test.each([
  [['key', 'rotate', '--announce-seconds', '1e3'], 'commander.invalidArgument'],
  [['key', 'rotate', '--announce-seconds', '-1'], 'commander.invalidArgument'],
  [['client', 'add', '--preset', 'eudora'], 'commander.invalidArgument'],
  [['client', 'add', '--colour'], 'commander.unknownOption'],
  [['client', 'grant', 'c1'], 'commander.missingArgument'],
  [['account', 'show', 'a', 'b'], 'commander.excessArguments'],
  [['resource', 'add', 'https://mail.contoso.com/'], 'commander.missingMandatoryOptionValue'],
])('%j is wrong usage', async (words, code) => {
  await expect(parse(words)).rejects.toEqual(refused(code))
})

test('a file is read, and - is standard input', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-command-'))
  try {
    const path = join(directory, 'policy.json')
    await writeFile(path, '{"require":["second-factor"]}')
    expect((await parse(['policy', 'put', 'x', path])).input).toEqual({ policy: 'x', definition: { require: ['second-factor'] } })
    expect((await parse(['client', 'add-key', 'c1', '-'], { input: 'PEM' })).input).toEqual({ client: 'c1', key: 'PEM' })
    await expect(parse(['policy', 'put', 'x', join(directory, 'none')])).rejects.toEqual(refused('invalid'))
    await expect(parse(['policy', 'put', 'x', '-'], { input: '{' })).rejects.toEqual(refused('invalid'))
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a secret is asked for and never taken from the command line, unless one is to be generated', async () => {
  const words = ['account', 'set-password', 'mary@contoso.com']
  expect((await parse(words, { secret: 's3cret' })).input).toEqual({ account: 'mary@contoso.com', password: 's3cret' })
  expect((await parse([...words, '--generate'])).input).toEqual({ account: 'mary@contoso.com' })
  await expect(parse([...words, '--password', 's3cret'])).rejects.toEqual(refused('commander.unknownOption'))
})
