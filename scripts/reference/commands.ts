import { type CommandMember, describeCommand } from '../../packages/sts/src/admin/commands.ts'
import { nouns, operations } from '../../packages/sts/src/admin/operations.ts'
import { code, renderHead, renderMarkdownTable } from './page.ts'

const others = [
  ['`postern serve [--workers <number>]`', 'Start the service. SIGTERM drains: requests in flight have 10 s.'],
  ['`postern demo`', 'Start the service in development mode with a demo realm, and write `.postern/demo.json`.'],
  [
    '`postern init --domain <domain> [--display-name <text>] [--admin <upn>]`',
    'Make the master key, the first realm and its first administrator. Refused where a realm exists; what is refused makes no key. Back the key up: a second machine needs the same one.',
  ],
  ['`postern --version`', 'Print the release.'],
  ['`postern migrate`', 'Bring the database to the schema of this release. `serve` does it too.'],
] as const

/** docs/reference/commands.md, from the declared operations. */
export function renderCommandsReference(): string {
  const words = [
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage (a command line, or a file that it names, that is not what the command takes). `--json` prints the result, and a refusal, as JSON. Every operation may refuse with [invalid](errors.md#administration). An empty value empties a list: `--group ''`.",
    'Operations in a realm take `--realm` with its GUID or domain; the only realm when left out. They work on the database, so with the embedded database stop the service first.',
  ]
  const sections = Object.entries(nouns).map(([noun, description]) => {
    const commands = operations.filter((one) => one.noun === noun).map(renderCommand)
    return `## postern ${noun}\n\n${description}.\n\n${commands.join('\n\n')}`
  })
  return `${renderHead('The command `postern`', words.join('\n'))}\n${renderMarkdownTable(['Command', 'What it does'], others)}\n\n${sections.join('\n\n')}\n`
}

function renderCommand(operation: (typeof operations)[number]): string {
  const { positional, options } = describeCommand(operation)
  const places = positional.map(({ word, kind, required }) => (required ? `<${place(word, kind)}>` : `[${place(word, kind)}]`))
  const rows = [
    ...positional.map((member) => [code(place(member.word, member.kind)), ...renderMember(member)]),
    ...options.map((member) => [
      code(member.kind === 'secret' ? '--generate' : member.kind === 'flag' ? `--[no-]${member.word}` : `--${member.word}`),
      ...renderMember(member),
    ]),
  ]
  const refusals =
    operation.errors.length === 0
      ? ''
      : `\n\nRefusals: ${operation.errors.map((one) => `[${one}](errors.md#administration)`).join(', ')}.`
  const members = rows.length === 0 ? '' : `\n\n${renderMarkdownTable(['Member', 'What it is', 'Values'], rows)}`
  return `### postern ${[operation.noun, operation.verb, ...places].join(' ').replaceAll('<', '\\<')}\n\n${operation.summary}.${members}${refusals}`
}

const place = (word: string, kind: CommandMember['kind']): string => (kind.endsWith('-file') ? `${word}-file` : word)

const renderMember = (member: CommandMember): readonly [string, string] => [
  member.kind === 'secret'
    ? `Have a random ${member.word} made and shown once. Without it the ${member.word} is asked for, or read from a pipe; it is never an argument`
    : member.description,
  [
    member.required ? 'required' : '',
    member.choices === undefined ? '' : member.choices.map(code).join(', '),
    member.otherwise === undefined ? '' : `default ${code(member.otherwise)}`,
  ]
    .filter((one) => one !== '')
    .join('; '),
]
