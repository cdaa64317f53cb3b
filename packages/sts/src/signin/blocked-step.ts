import { z } from 'zod'
import { page, redirect } from '../http/route.ts'
import type { SigninParts } from './ports.ts'
import { type BlockedBecause, renderBlockedPage } from './views/blocked-page.ts'
import type { Step, Visit, Visits } from './visit.ts'

/** What the dispatcher says of a blocked sign-in, as far as a person may see it: names of rules, nothing of their insides. */
const blockedDetails = z.object({
  because: z.array(z.object({ policy: z.object({ name: z.string(), mode: z.string() }), result: z.string() })).default([]),
})

/** Which rules stood in the way. Details that cannot be read name none; the page says that it was a rule all the same. */
export function rulesIn(details: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = blockedDetails.safeParse(details)
  if (!parsed.success) return []
  return parsed.data.because
    .filter(({ policy, result }) => policy.mode === 'on' && result === 'blocked')
    .map(({ policy }) => policy.name)
}

/** Ends the sign-in: policy allows none, or nothing that the person has would be enough. */
export function createBlockedStep(parts: Pick<SigninParts, 'interactions'>, visits: Visits): Step {
  const becauseOf = ({ interaction }: Visit): BlockedBecause => {
    const [reason] = interaction.reasons
    if (reason === 'blocked') return { kind: 'rule', rules: rulesIn(interaction.details) }
    return { kind: reason === 'insufficient' ? 'insufficient' : 'factor-gone' }
  }

  return {
    name: 'blocked',
    async show(visit) {
      const { accountId } = visit.interaction
      await visit.record({ event: 'signin.blocked', detail: {}, ...(accountId === undefined ? {} : { accountId }) })
      const view = { ...visit.view, action: visit.address('/refuse'), reference: visit.reference, because: becauseOf(visit) }
      return page(renderBlockedPage(view), { forms: 'anywhere', status: 403 })
    },
    routes: [
      // Whoever is stuck, at whichever step, may go back to the app; it hears `access_denied` (RFC 6749 section 4.1.2.1).
      visits.form('/refuse', ['blocked', 'factor', 'enroll'], {}, async (visit) =>
        redirect(
          await parts.interactions.refuse(visit.ctx, visit.uid, {
            error: 'access_denied',
            description: 'the sign-in was not completed',
          }),
        ),
      ),
    ],
  }
}
