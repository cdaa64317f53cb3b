import { z } from 'zod'
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

const conditionValues = z.strictObject(
  Object.fromEntries(
    Object.entries(conditions).map(([name, { value }]) => [name, z.array(value).min(1).max(1000).readonly().optional()]),
  ),
)
const definition = z
  .strictObject({
    when: conditionValues.optional(),
    except: conditionValues.optional(),
    require: z.array(z.enum(requirementNames)).min(1).readonly().optional(),
    access: z.literal('block').optional(),
  })
  .refine((policy) => (policy.require === undefined) !== (policy.access === undefined), {
    message: `must have either "require" (${requirementNames.join(', ')}) or "access": "block"`,
  })

/**
 * Reads a definition strictly: unknown members, empty lists and a policy that asks for nothing are refused, since each is
 * more likely a slip than a wish, and a slip here would leave somebody unprotected.
 * @throws {PolicyError} with every problem at once.
 */
export function parsePolicy(input: unknown): PolicyDefinition {
  const parsed = definition.safeParse(input)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) =>
      issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message,
    )
    throw new PolicyError(problems, { cause: parsed.error })
  }
  return deepFreeze(parsed.data) as PolicyDefinition // the schema is built from the same tables as the type, which zod cannot see
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
