import { z } from 'zod'
import type { Operation } from './operation.ts'

/** One member of an operation's input as it is given on a command line. */
export interface CommandMember {
  /** In the input. */
  readonly name: string
  /** On the command line: `display-name`. Lists lose their plural, because they are given one by one. */
  readonly word: string
  readonly kind: 'text' | 'number' | 'flag' | 'list' | 'text-file' | 'json-file' | 'secret'
  readonly required: boolean
  readonly choices?: readonly string[]
  /** As the reference shows it. */
  readonly otherwise?: string
  /** Read from standard input when left out. */
  readonly isPiped: boolean
  readonly description: string
}

export interface CommandShape {
  readonly operation: Operation
  readonly positional: readonly CommandMember[]
  readonly options: readonly CommandMember[]
}

/** Pure: reads the command line off an operation. */
export function describeCommand(operation: Operation): CommandShape {
  const schema = readableSchema.parse(z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }))
  const required = new Set(schema.required)
  const members = new Map(
    Object.entries(schema.properties).map(([name, member]) => [name, describeMember(name, member, required.has(name))]),
  )
  return Object.freeze({
    operation,
    positional: operation.positional.flatMap((name) => members.get(name) ?? []),
    options: [...members.values()].filter(({ name }) => !operation.positional.includes(name)),
  })
}

/** What we read of a JSON Schema that zod wrote from our own declarations. */
const memberSchema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  items: z.looseObject({ enum: z.array(z.string()).optional() }).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  file: z.enum(['text', 'json']).optional(),
  piped: z.literal(true).optional(),
  secret: z.literal(true).optional(),
})
const readableSchema = z.looseObject({
  properties: z.record(z.string(), memberSchema).default({}),
  required: z.array(z.string()).default([]),
})

function describeMember(name: string, member: z.output<typeof memberSchema>, required: boolean): CommandMember {
  const kind = kindOf(member)
  const choices = member.enum ?? member.items?.enum
  const isPiped = member.piped === true
  const otherwise = isPiped ? 'standard input' : describeDefault(member.default)
  return Object.freeze({
    name,
    word: toWord(name, kind),
    kind,
    required: required && !isPiped,
    isPiped,
    ...(choices === undefined ? {} : { choices }),
    ...(otherwise === undefined ? {} : { otherwise }),
    description: member.description ?? '',
  })
}

function kindOf(member: z.output<typeof memberSchema>): CommandMember['kind'] {
  if (member.secret) return 'secret'
  if (member.file !== undefined) return member.file === 'json' ? 'json-file' : 'text-file'
  if (member.type === 'array') return 'list'
  if (member.type === 'boolean') return 'flag'
  return member.type === 'integer' || member.type === 'number' ? 'number' : 'text'
}

function describeDefault(value: unknown): string | undefined {
  if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return undefined
  return Array.isArray(value) ? value.join(', ') : String(value)
}

function toWord(name: string, kind: CommandMember['kind']): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return kind === 'list' ? words.replace(/(?:(ss|x)es|s)$/, '$1') : words
}
