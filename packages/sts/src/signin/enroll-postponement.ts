import { type Answer, redirect } from '../http/route.ts'
import { decideEnforcement, withoutCampaign } from '../policy/policy.ts'
import type { SigninParts } from './ports.ts'
import type { Person, Visit } from './visit.ts'

/** Until when setting up may be put off, and how often in all. */
export interface Postponement {
  readonly until: Date
  readonly atMost: number
  readonly campaignId?: string
  /** For the page. */
  readonly words: { readonly left: number; readonly when: string }
}

/** Putting off what an administrator asks for (`factor_offered`). What is demanded is not put off here. */
export function createEnrollPostponement({ interactions, clock }: Pick<SigninParts, 'interactions' | 'clock'>) {
  async function find(visit: Visit, { account }: Person): Promise<Postponement | undefined> {
    if (visit.interaction.reasons[0] !== 'factor_offered' || account.enforcement === undefined) return undefined
    const { campaignId } = account.enforcement
    const campaign = campaignId === undefined ? undefined : await visit.store.enforcement.findCampaign(campaignId)
    const rules = campaign ?? withoutCampaign
    const enforced = decideEnforcement(account.enforcement, rules, clock())
    if (enforced.demand !== 'offer') return undefined
    const { left, until } = enforced
    const when = new Intl.DateTimeFormat(visit.view.language === 'en' ? 'en-GB' : visit.view.language, {
      dateStyle: 'long',
      timeZone: 'UTC',
    }).format(until)
    return { until, atMost: rules.postponements, ...(campaignId !== undefined && { campaignId }), words: { left, when } }
  }

  return Object.freeze({
    find,
    async postpone(visit: Visit, person: Person): Promise<Answer> {
      const found = await find(visit, person)
      const { id: accountId } = person.account
      const { until, atMost, campaignId } = found ?? {}
      // Counted in the database, so that two windows together put it off no oftener than one.
      if (until === undefined || atMost === undefined) return redirect(visit.address())
      if (!(await visit.store.enforcement.postpone(accountId, { atMost, until }))) return redirect(visit.address())
      const detail = { until, ...(campaignId !== undefined && { campaignId }) }
      await visit.record({ event: 'enforcement.postponed', accountId, detail })
      return redirect(await interactions.postpone(visit.ctx, visit.uid))
    },
  })
}
