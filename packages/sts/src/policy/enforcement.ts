/** What an administrator demands of one account alone, and how often the person may put it off. */
export interface EnforcementSignals {
  readonly state: 'disabled' | 'enabled' | 'enforced'
  readonly postponed: number
  readonly postponedUntil?: Date
}

/** How a campaign lets people postpone. Without a campaign {@link withoutCampaign} holds. */
export interface PostponementRules {
  readonly postponements: number
  readonly postponeDays: number
  readonly startsAt?: Date
  readonly endsAt?: Date
}

export const withoutCampaign: PostponementRules = Object.freeze({ postponements: 3, postponeDays: 1 })

/** `offer`: the person is asked, and may say no `left` times more, each for a while. `demand`: there is no way around. */
export type Enforced =
  | Readonly<{ demand: 'nothing' }>
  | Readonly<{ demand: 'offer'; left: number; until: Date }>
  | Readonly<{ demand: 'second-factor' }>

/**
 * What the state of an account asks of its owner at a sign-in at which no second factor was shown or is bound. Policies ask
 * beside it. Before a campaign starts nothing is asked; once it has ended nobody may postpone.
 */
export function decideEnforcement(account: EnforcementSignals, rules: PostponementRules, now: Date): Enforced {
  if (account.state === 'disabled') return Object.freeze({ demand: 'nothing' })
  if (account.state === 'enforced') return Object.freeze({ demand: 'second-factor' })
  if (rules.startsAt !== undefined && now < rules.startsAt) return Object.freeze({ demand: 'nothing' })
  const isOver = rules.endsAt !== undefined && now >= rules.endsAt
  if (!isOver && account.postponedUntil !== undefined && now < account.postponedUntil) return Object.freeze({ demand: 'nothing' })
  const left = rules.postponements - account.postponed
  if (isOver || left <= 0) return Object.freeze({ demand: 'second-factor' })
  const postponedFor = new Date(now.getTime() + rules.postponeDays * 86_400_000)
  const until = rules.endsAt !== undefined && rules.endsAt < postponedFor ? rules.endsAt : postponedFor
  return Object.freeze({ demand: 'offer', left, until })
}
