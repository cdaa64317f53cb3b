import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, type Route, redirect } from '../http/route.ts'
import { answerLimit } from '../http/webauthn-controls.ts'
import type { SigninParts } from './ports.ts'
import type { PasskeyOffer } from './views/password-pages.ts'
import type { Visit, Visits } from './visit.ts'

/** What the page of the name says about a passkey that did not do, and how it is answered. */
export interface PasskeyTold {
  readonly passkeyComplaint: string
}

/** Signing in with a passkey, from the page that asks for the name. */
export interface PasskeySignin {
  /** What the page of the name offers. `undefined`: this realm has no passkeys. */
  offer(visit: Visit): Promise<PasskeyOffer | undefined>
  readonly routes: readonly Route[]
}

/**
 * A passkey says by itself whose it is and that it has checked its owner; what that is worth is the policy's business, as
 * with every other evidence (R115). Whoever shows one that is not known here is told nothing more than whoever shows a
 * broken one; why is in the audit trail.
 */
export function createPasskeySignin(
  parts: Pick<SigninParts, 'interactions' | 'passkeys' | 'settingsOf'>,
  visits: Visits,
  showName: (visit: Visit, told: PasskeyTold) => Promise<Answer>,
): PasskeySignin {
  const { interactions, passkeys, settingsOf } = parts

  // While this step is due its uid stays, and it opens nothing without this browser's cookie.
  const attemptOf = async (visit: Visit) => ({ attempt: visit.uid, settings: await settingsOf(visit.store.realmId) })

  async function receive(visit: Visit, { answer }: { answer: string }): Promise<Answer> {
    const texts = messagesIn(visit.view.language)
    const result = await passkeys.verify(visit.store, { ...(await attemptOf(visit)), answer })
    switch (result.outcome) {
      case 'proved': {
        const { accountId, evidence } = result
        await visit.record({ event: 'signin.proved', accountId, detail: { method: 'webauthn' } })
        return redirect(await interactions.finish(visit.ctx, visit.uid, { accountId, evidence }))
      }
      case 'wrong': {
        const { because, accountId } = result
        await visit.record({ event: 'signin.failed', accountId, detail: { method: 'webauthn', because } })
        const isUnverified = because === 'user_not_verified'
        return showName(visit, { passkeyComplaint: isUnverified ? texts.webauthnUnverified : texts.webauthnRefused })
      }
      case 'expired':
        return showName(visit, { passkeyComplaint: texts.webauthnExpired })
    }
  }

  return Object.freeze({
    async offer(visit) {
      const options = await passkeys.begin(visit.store, await attemptOf(visit))
      return options && { options, action: visit.address('/passkey') }
    },
    routes: Object.freeze([visits.form('/passkey', ['password'], { answer: z.string().max(answerLimit) }, receive)]),
  } satisfies PasskeySignin)
}
