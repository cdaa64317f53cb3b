import { readFile } from 'node:fs/promises'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { type CommandMember, type CommandShape, describeCommand } from './commands.ts'
import { OperationRefused } from './errors.ts'
import type { Operation } from './operation.ts'

/** Where the command line gets what is not written on it. */
export interface Terminal {
  /** Asks without showing what is typed; from a pipe, its first line. */
  readonly askSecret: (question: string) => Promise<string>
  /** All of standard input, for `-`. */
  readonly readInput: () => Promise<string>
}

export interface CommandCall {
  readonly operation: Operation
  readonly input: Readonly<Record<string, unknown>>
  /** GUID or domain, as given with `--realm`. */
  readonly realm: string | undefined
  readonly json: boolean
}

/** Adds `postern <noun> <verb>` for every operation. `run` does the work and prints. */
export function addOperationCommands(
  program: Command,
  parts: {
    operations: readonly Operation[]
    nouns: Readonly<Record<string, string>>
    terminal: Terminal
    run: (call: CommandCall) => Promise<void>
  },
): void {
  const { operations, nouns, terminal, run } = parts
  for (const [noun, description] of Object.entries(nouns)) {
    const group = program.command(noun).description(description)
    const ofNoun = operations.filter((one) => one.noun === noun)
    // Where there is but one thing to do, the noun alone says it: `postern client-pack DIR`.
    const isOnly = ofNoun.length === 1
    for (const operation of ofNoun) addCommand(group, operation, { terminal, run, isOnly })
    // After them, for they would inherit it: `--help` too goes on to the one that there is.
    if (isOnly) group.helpOption(false)
  }
}

function addCommand(
  group: Command,
  operation: Operation,
  parts: { terminal: Terminal; run: (call: CommandCall) => Promise<void>; isOnly: boolean },
): void {
  const shape = describeCommand(operation)
  const command = group.command(operation.verb, { isDefault: parts.isOnly }).description(operation.summary)
  for (const member of shape.positional) command.addArgument(toArgument(member))
  for (const member of shape.options) for (const option of toOptions(member)) command.addOption(option)
  if (operation.scope === 'realm') command.option('--realm <realm>', 'GUID or domain of the realm; the only one when left out')
  command.option('--json', 'print JSON')
  command.action(async (...given: unknown[]) => {
    // commander hands over the arguments, then the options, then itself.
    const options = command.opts<Record<string, unknown>>()
    const input: Record<string, unknown> = {}
    for (const [index, member] of shape.positional.entries())
      await take(member, given[index], { input, terminal: parts.terminal })
    for (const member of shape.options) {
      const value = member.kind === 'secret' ? options.generate !== true : options[toCamel(member.word)]
      await take(member, value, { input, terminal: parts.terminal })
    }
    try {
      await parts.run({ operation, input, realm: options.realm as string | undefined, json: options.json === true }) // commander's option takes text
    } catch (error) {
      throw error instanceof OperationRefused && error.members.length > 0 ? inOptions(error, shape) : error
    }
  })
}

/** The same refusal, in the words of the command line. */
function inOptions(refused: OperationRefused, { positional, options }: CommandShape): OperationRefused {
  const names = new Map([
    ...positional.map(({ name, word }) => [name, `<${word}>`] as const),
    ...options.map(({ name, word }) => [name, `--${word}`] as const),
  ])
  const members = refused.members.map(({ member, message }) => ({ member: names.get(member) ?? member, message }))
  return new OperationRefused(refused.code, '', { members, cause: refused })
}

async function take(
  member: CommandMember,
  value: unknown,
  to: { input: Record<string, unknown>; terminal: Terminal },
): Promise<void> {
  if (value === undefined && !member.isPiped) return
  if (member.kind === 'secret') {
    if (value === true) to.input[member.name] = await to.terminal.askSecret(`${member.word}: `)
  } else if (member.kind === 'text-file' || member.kind === 'json-file') {
    const text = await readText(value === undefined ? '-' : String(value), to.terminal)
    to.input[member.name] = member.kind === 'json-file' ? parseJson(text, String(value ?? '-')) : text
  } else {
    to.input[member.name] = value
  }
}

async function readText(path: string, terminal: Terminal): Promise<string> {
  if (path === '-') return terminal.readInput()
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new OperationRefused('invalid', `${path} cannot be read. Name a file, or - for standard input.`, { cause: error })
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    // Windows PowerShell writes a byte order mark before UTF-8.
    return JSON.parse(text.replace(/^\u{feff}/u, ''))
  } catch (error) {
    throw new OperationRefused('invalid', `${path} is not JSON`, { cause: error })
  }
}

function toArgument(member: CommandMember): Argument {
  const word = member.kind.endsWith('-file') ? `${member.word}-file` : member.word
  const argument = new Argument(member.required ? `<${word}>` : `[${word}]`, describe(member))
  if (member.choices !== undefined) argument.choices([...member.choices])
  if (member.kind === 'number') argument.argParser(parseNumber)
  return argument
}

function toOptions(member: CommandMember): readonly Option[] {
  if (member.kind === 'secret')
    return [new Option('--generate', 'have a random one made and shown once, instead of being asked for it')]
  if (member.kind === 'flag')
    return [new Option(`--${member.word}`, describe(member)), new Option(`--no-${member.word}`, 'the opposite').hideHelp()]
  const placeholder = { number: 'number', list: 'value', text: 'text', 'text-file': 'file', 'json-file': 'file' }[member.kind]
  const option = new Option(`--${member.word} <${placeholder}>`, describe(member))
  if (member.kind === 'number') option.argParser(parseNumber)
  if (member.kind === 'list') {
    option.argParser((value: string, before: readonly string[] | undefined) => {
      if (value === '') return before ?? []
      if (member.choices !== undefined && !member.choices.includes(value))
        throw new InvalidArgumentError(`Allowed choices are ${member.choices.join(', ')}.`)
      return [...(before ?? []), value]
    })
  } else if (member.choices !== undefined) {
    option.choices([...member.choices])
  }
  option.makeOptionMandatory(member.required)
  return [option]
}

const describe = (member: CommandMember): string =>
  `${member.description}${member.otherwise === undefined ? '' : ` (default: ${member.otherwise})`}`

function parseNumber(value: string): number {
  if (!/^\d{1,12}$/.test(value)) throw new InvalidArgumentError('It must be a whole number, 0 or more.')
  return Number(value)
}

const toCamel = (word: string): string => word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
