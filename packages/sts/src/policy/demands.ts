import { factsOf } from './facts.ts'
import type { Policy } from './policy.ts'
import { type Requirement, requirementNames } from './requirements.ts'
import type { Signals } from './signals.ts'

/** Conditions about the person. All others are about one sign-in, and the next one may be another. */
const PERSONAL: ReadonlySet<string> = new Set(['account', 'group'])

/**
 * Everything that any policy may ever ask of a person, at whichever app, resource, network or browser: what must stay bound,
 * or some sign-in would be lost. The stronger one later. Policies that are off, or only report, ask for nothing.
 */
export function demandsOf(policies: readonly Policy[], account: Signals['account']): readonly Requirement[] {
  const facts = factsOf({ account, client: { id: '' }, flow: 'authorization', evidence: [] })
  const isPersonal = ({ condition }: Policy['when'][number]) => PERSONAL.has(condition)
  const demanding = policies.filter(
    ({ mode, when, except }) =>
      mode === 'on' &&
      when.filter(isPersonal).every(({ matches }) => matches(facts) !== false) &&
      !except.filter(isPersonal).some(({ matches }) => matches(facts) === true),
  )
  const demanded = new Set(demanding.flatMap(({ definition }) => definition.require ?? []))
  return Object.freeze(requirementNames.filter((requirement) => demanded.has(requirement)))
}
