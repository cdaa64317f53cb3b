import type { BoundFactor, Way } from '@postern/mfa'

/** One line of what a person may choose from: a telephone is one each, everything else is one a kind. */
export interface Choice {
  /** In the address of its page, and in its form. */
  readonly key: string
  readonly method: string
  /** Of a telephone. */
  readonly authenticatorId?: string
  /** How a telephone is reached. */
  readonly channel: 'sms' | 'voice'
  /** What the person calls it, where it is the only one of its kind. */
  readonly label: string
  readonly hint?: string
  readonly state: 'active' | 'disabled'
  readonly pausedUntil?: Date
}

const channelOf = (way: Way, bound: readonly BoundFactor[]): Choice['channel'] =>
  bound.find(({ id }) => id === way.authenticatorId)?.detail.channel === 'voice' ? 'voice' : 'sms'

/** A code of an authenticator app is held against all of them, so they are one way; so are all passkeys and keys. */
const keyOf = (way: Way): string => (way.method === 'sms' ? (way.authenticatorId ?? way.method) : way.method)

const mergeWays = (ways: readonly Way[], bound: readonly BoundFactor[]): Choice => {
  const [first] = ways
  if (first === undefined) throw new TypeError('nothing is merged into no choice')
  const pause = ways.every(({ pausedUntil }) => pausedUntil !== undefined) ? first.pausedUntil : undefined
  return Object.freeze({
    key: keyOf(first),
    method: first.method,
    ...(first.method === 'sms' && first.authenticatorId !== undefined && { authenticatorId: first.authenticatorId }),
    channel: channelOf(first, bound),
    label: ways.length === 1 ? first.label : '',
    ...(first.hint !== undefined && { hint: first.hint }),
    state: ways.some(({ state }) => state === 'active') ? 'active' : 'disabled',
    ...(pause !== undefined && { pausedUntil: pause }),
  } satisfies Choice)
}

/**
 * What a person may choose from, in the order of `ways`. What is missing decides: where a phishing-resistant factor is asked
 * for and one is bound, nothing else helps; where none is bound, any factor does, since it is shown so that a stronger one
 * may be bound (R121). Pure.
 */
export function choicesOf(
  ways: readonly Way[],
  asked: { missing: readonly string[]; bound: readonly BoundFactor[] },
): readonly Choice[] {
  const strong = ways.filter(({ strength }) => strength === 'phishing-resistant')
  const useful = asked.missing.includes('phishing-resistant') && strong.length > 0 ? strong : ways
  const groups = Map.groupBy(useful, keyOf)
  return Object.freeze([...groups.values()].map((group) => mergeWays(group, asked.bound)))
}

/** The one that was wished for; otherwise the first that would be checked now. `undefined`: none is accepted any more. */
export function chooseWay(choices: readonly Choice[], wished: string | undefined): Choice | undefined {
  const active = choices.filter(({ state }) => state === 'active')
  return (
    active.find(({ key }) => key === wished) ??
    active.find(({ pausedUntil, method }) => pausedUntil === undefined && method !== 'approval') ??
    active[0]
  )
}

/** The others, for whoever cannot use this one. */
export const othersThan = (choices: readonly Choice[], chosen: Choice): readonly Choice[] =>
  choices.filter(({ key }) => key !== chosen.key)
