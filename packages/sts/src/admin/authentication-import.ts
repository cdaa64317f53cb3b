/**
 * Reads the authentication policies of Exchange: what `Get-AuthenticationPolicy | ConvertTo-Json` writes, one object or a list.
 * Exchange Online has `AllowBasicAuth<Protocol>`, Exchange on its own servers `BlockLegacyAuth<Protocol>` and, in newer builds,
 * `BlockModernAuth<Protocol>` (F§4.5). Pure.
 */
import type { AuthenticationDefinition, PasswordSetting } from '../policy/mail/authentication-policy.ts'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import { OperationRefused } from './errors.ts'

export interface ReadPolicy {
  readonly name: string
  readonly definition: AuthenticationDefinition
  /** Members that mean nothing here, in the order of the file. */
  readonly ignored: readonly string[]
}

const most = 1000

/** @throws {OperationRefused} `invalid`, with every problem; then nothing should be imported. */
export function readAuthenticationPolicies(input: unknown): readonly ReadPolicy[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (list.length === 0 || list.length > most)
    throw new OperationRefused('invalid', `The file must hold 1 to ${most} policies; it holds ${list.length}`)
  const problems: string[] = []
  const read = list.map((one, index) => readPolicy(one, index + 1, problems))
  const names = new Set<string>()
  for (const { name } of read) {
    if (names.has(name.toLowerCase())) problems.push(`There are two policies named ${name}`)
    names.add(name.toLowerCase())
  }
  if (problems.length > 0) throw new OperationRefused('invalid', problems.join('; '), { problems })
  return Object.freeze(read)
}

const settings = /^(AllowBasicAuth|BlockLegacyAuth|BlockModernAuth)([A-Z][A-Za-z]*)$/i

function readPolicy(input: unknown, place: number, problems: string[]): ReadPolicy {
  const members: Readonly<Record<string, unknown>> = typeof input === 'object' && input !== null ? { ...input } : {}
  const name = typeof members.Name === 'string' ? members.Name.trim() : ''
  if (name === '' || name.length > 128 || /\p{C}/u.test(name))
    problems.push(
      `Policy ${place} has no Name of 1 to 128 characters; is this what Get-AuthenticationPolicy | ConvertTo-Json wrote?`,
    )
  const password: Partial<Record<MailProtocol, PasswordSetting>> = {}
  const modern: Partial<Record<MailProtocol, boolean>> = {}
  const ignored: string[] = []
  for (const [member, value] of Object.entries(members)) {
    if (member === 'Name') continue
    const [, kind = '', suffix = ''] = settings.exec(member) ?? []
    const protocol = findMailProtocol(suffix)
    if (protocol === undefined || value === null) {
      ignored.push(member)
      continue
    }
    if (typeof value !== 'boolean') {
      problems.push(`${name || `Policy ${place}`}: ${member} must be true or false`)
      continue
    }
    const setting = kind.toLowerCase()
    if (setting === 'blockmodernauth') modern[protocol] = !value
    // What blocks wins over what allows, whichever comes first.
    else if (setting === 'allowbasicauth') password[protocol] = value && password[protocol] !== 'block' ? 'allow' : 'block'
    else if (value) password[protocol] = 'block'
    // Not blocked there is not allowed here: the built-in setting asks the owner first.
  }
  return Object.freeze({
    name,
    definition: Object.freeze({
      ...(Object.keys(password).length > 0 && { password: Object.freeze(password) }),
      ...(Object.keys(modern).length > 0 && { modern: Object.freeze(modern) }),
    }),
    ignored: Object.freeze(ignored),
  })
}
