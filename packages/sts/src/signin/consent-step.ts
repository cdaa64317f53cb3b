import { z } from 'zod'
import { page, redirect } from '../http/route.ts'
import type { SigninParts } from './ports.ts'
import { renderConsentPage } from './views/consent-page.ts'
import { accountNameOf, requireAccountId, type Step, type Visits } from './visit.ts'

/** Asks the person whether the app may (R17). */
export function createConsentStep(parts: Pick<SigninParts, 'interactions'>, visits: Visits): Step {
  const { interactions } = parts
  return {
    name: 'consent',
    async show(visit) {
      const { scopes, client } = visit.interaction
      const unverifiedName = client.isUnverified ? { unverifiedName: client.displayName } : {}
      const view = {
        ...visit.view,
        action: visit.address('/consent'),
        accountName: await accountNameOf(visit),
        scopes,
        ...unverifiedName,
      }
      return page(renderConsentPage(view), { forms: 'anywhere' })
    },
    routes: [
      visits.form('/consent', ['consent'], { decision: z.enum(['allow', 'deny']) }, async (visit, { decision }) => {
        const accountId = requireAccountId(visit)
        if (decision === 'allow') {
          await visit.record({ event: 'consent.given', accountId, detail: { scope: visit.interaction.scopes.join(' ') } })
          return redirect(await interactions.consent(visit.ctx, visit.uid))
        }
        await visit.record({ event: 'consent.refused', accountId, detail: { scope: visit.interaction.scopes.join(' ') } })
        const refusal = { error: 'access_denied', description: 'the person did not allow it' }
        return redirect(await interactions.refuse(visit.ctx, visit.uid, refusal))
      }),
    ],
  }
}
