import type { Condition } from './conditions/condition.ts'
import { type ConditionName, conditions } from './conditions/conditions.ts'
import { PolicyError } from './errors.ts'
import { type Requirement, requirementNames } from './requirements.ts'

/** Values by condition. Of the values of one condition any one is enough. */
export type Conditions = Readonly<Partial<Record<ConditionName, readonly string[]>>>

/** What an administrator writes, as it is kept in the store. */
export interface PolicyDefinition {
  /** Applies where every condition here matches; without any, to everybody and everything. */
  readonly when?: Conditions
  /** Does not apply where any condition here matches. */
  readonly except?: Conditions
  /** What must have been shown. Not together with `access`. */
  readonly require?: readonly Requirement[]
  /** Lets nobody through to whom the policy applies. */
  readonly access?: 'block'
}

/** One list of values never needs to be longer, and every decision goes through it. */
const mostValues = 1000

/**
 * Reads a definition strictly: unknown members, empty lists and a policy that asks for nothing are refused, since each is
 * more likely a slip than a wish, and a slip here would leave somebody unprotected.
 * @throws {PolicyError} with every problem at once.
 */
export function parsePolicy(input: unknown): PolicyDefinition {
  if (!isRecord(input)) throw new PolicyError(['must be an object'])
  const problems = unknownMembers(input, ['when', 'except', 'require', 'access'])
  const when = readConditions(input.when, 'when', problems)
  const except = readConditions(input.except, 'except', problems)
  const required = input.require === undefined ? undefined : readRequirements(input.require, problems)
  if (input.access !== undefined && input.access !== 'block') problems.push('access: must be "block"')
  if ((input.require === undefined) === (input.access === undefined)) {
    problems.push(`must have either "require" (${requirementNames.join(', ')}) or "access": "block"`)
  }
  if (problems.length > 0) throw new PolicyError(problems)
  return Object.freeze({
    ...(when && { when }),
    ...(except && { except }),
    ...(required && { require: required }),
    ...(input.access === 'block' && { access: 'block' as const }),
  })
}

function readConditions(input: unknown, where: string, problems: string[]): Conditions | undefined {
  if (input === undefined) return undefined
  if (!isRecord(input)) {
    problems.push(`${where}: must be an object`)
    return undefined
  }
  problems.push(...unknownMembers(input, Object.keys(conditions), where))
  const read = Object.entries(conditions)
    .filter(([name]) => Object.hasOwn(input, name) && input[name] !== undefined)
    .map(
      ([name, { isValue, expects }]) =>
        [name, readList(input[name], `${where}.${name}`, { isValue, expects }, problems)] as const,
    )
  return Object.freeze(Object.fromEntries(read))
}

const readRequirements = (input: unknown, problems: string[]): readonly Requirement[] =>
  readList(input, 'require', { isValue: isRequirement, expects: `one of ${requirementNames.join(', ')}` }, problems).filter(
    isRequirement,
  )

function readList(
  input: unknown,
  where: string,
  member: Pick<Condition, 'isValue' | 'expects'>,
  problems: string[],
): readonly string[] {
  if (!Array.isArray(input) || input.length === 0 || input.length > mostValues) {
    problems.push(`${where}: must be a list of 1 to ${mostValues} values`)
    return []
  }
  const values: readonly unknown[] = input
  return Object.freeze(
    values.flatMap((value, index) => {
      if (typeof value === 'string' && member.isValue(value)) return [value]
      problems.push(`${where}.${index}: must be ${member.expects}`)
      return []
    }),
  )
}

const isRequirement = (value: string): value is Requirement => requirementNames.some((one) => one === value)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const unknownMembers = (input: object, known: readonly string[], where?: string): string[] =>
  Object.keys(input)
    .filter((name) => !known.includes(name))
    .map((name) => `${where === undefined ? '' : `${where}.`}${name}: is not known; known are ${known.join(', ')}`)
