import { PolicyError } from '../errors.ts'
import { findMailProtocol, type MailProtocol, mailProtocols } from './protocols.ts'

/**
 * What passwords are worth for one protocol, from the least strict to the strictest. `allow`: the account's own password is
 * enough. `approved`: only app passwords, and the account's own from apps that their owner let in. `app-password`: only app
 * passwords, and never the account's own. `block`: no password of any kind.
 */
export type PasswordSetting = (typeof passwordSettings)[number]
export const passwordSettings = ['allow', 'approved', 'app-password', 'block'] as const

/** What an administrator writes, as it is kept in the store. A protocol that is not named is as in {@link builtIn}. */
export interface AuthenticationDefinition {
  readonly password?: Readonly<Partial<Record<MailProtocol, PasswordSetting>>>
  /** Whether tokens are taken. */
  readonly modern?: Readonly<Partial<Record<MailProtocol, boolean>>>
  readonly appPasswords?: boolean
}

/** Which ways of signing in mail apps may use. Made by {@link createAuthenticationPolicy}. */
export interface AuthenticationPolicy {
  readonly id: string
  readonly name: string
  readonly mode: 'on' | 'report-only' | 'off'
  readonly definition: AuthenticationDefinition
}

/** Holds where no policy does: nothing by the account's password alone, everything by token, app passwords for who wants them. */
export const builtIn = Object.freeze({ password: 'approved', modern: true, appPasswords: true } as const)

/**
 * Makes a stored policy ready to be asked.
 * @throws {PolicyError} with every problem at once. The caller must then refuse: a policy that nobody understands must not be ignored.
 */
export function createAuthenticationPolicy(stored: {
  id: string
  name: string
  mode: AuthenticationPolicy['mode']
  definition: unknown
}): AuthenticationPolicy {
  const { id, name, mode } = stored
  return Object.freeze({ id, name, mode, definition: parseAuthenticationDefinition(stored.definition) })
}

/**
 * Reads a definition strictly, names of protocols in our spelling or Exchange's. An empty one is good: it puts the built-in
 * setting in the place of another policy.
 * @throws {PolicyError}
 */
export function parseAuthenticationDefinition(input: unknown): AuthenticationDefinition {
  if (!isRecord(input)) throw new PolicyError(['must be an object'])
  const known = ['password', 'modern', 'appPasswords']
  const problems = Object.keys(input)
    .filter((name) => !known.includes(name))
    .map((name) => `${name}: is not known; known are ${known.join(', ')}`)
  const password = readByProtocol(
    input.password,
    { where: 'password', is: isPasswordSetting, expects: 'allow, approved, app-password or block' },
    problems,
  )
  const modern = readByProtocol(input.modern, { where: 'modern', is: isBoolean, expects: 'true or false' }, problems)
  const { appPasswords } = input
  if (appPasswords !== undefined && !isBoolean(appPasswords)) problems.push('appPasswords: must be true or false')
  if (problems.length > 0) throw new PolicyError(problems)
  return Object.freeze({
    ...(password && { password }),
    ...(modern && { modern }),
    ...(isBoolean(appPasswords) && { appPasswords }),
  })
}

function readByProtocol<Value>(
  input: unknown,
  member: { where: string; is: (value: unknown) => value is Value; expects: string },
  problems: string[],
): Readonly<Partial<Record<MailProtocol, Value>>> | undefined {
  if (input === undefined) return undefined
  const { where, is, expects } = member
  if (!isRecord(input)) {
    problems.push(`${where}: must be an object with a member for each protocol`)
    return undefined
  }
  const read: Partial<Record<MailProtocol, Value>> = {}
  for (const [name, value] of Object.entries(input)) {
    const protocol = findMailProtocol(name)
    if (protocol === undefined) problems.push(`${where}.${name}: is no mail protocol; there are ${mailProtocols.join(', ')}`)
    else if (!is(value)) problems.push(`${where}.${name}: must be ${expects}`)
    else if (read[protocol] !== undefined) problems.push(`${where}.${name}: ${protocol} is named twice`)
    else read[protocol] = value
  }
  return Object.freeze(read)
}

const isPasswordSetting = (value: unknown): value is PasswordSetting => passwordSettings.some((one) => one === value)
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
