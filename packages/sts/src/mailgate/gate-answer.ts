import type { GateDecision } from './decide.ts'
import type { GateRealm } from './ports.ts'
import { type Refusal, renderRefusal } from './refusals.ts'

/** A decision with what its protocol understands of it. `refusal` is there for all but `allow`. */
export interface GateAnswer {
  readonly decision: GateDecision['decision']
  readonly reason: GateDecision['reason']
  readonly text: string
  readonly reference: string
  /** Address of the person's own pages. */
  readonly portal: string
  readonly account?: Readonly<{ id: string; upn: string; mailbox: string }>
  readonly app?: NonNullable<GateDecision['app']>
  readonly refusal?: Refusal
  readonly because: GateDecision['because']
}

export const portalOf = ({ issuer }: Pick<GateRealm, 'issuer'>): string => `${issuer}/portal`

/** Pure. `request`: the mail server's own name for the request, for the error that asks for an app password. */
export function renderAnswer(
  decided: GateDecision,
  about: { realm: Pick<GateRealm, 'issuer' | 'realm'>; reference: string; request?: string | undefined },
): GateAnswer {
  const { realm, reference, request = reference } = about
  const { decision, reason, account, app, because, appPasswordHelps, modernHelps } = decided
  const portal = portalOf(realm)
  const refused =
    decision === 'allow'
      ? undefined
      : renderRefusal({ reason, appPasswordHelps, modernHelps, portal, realmName: realm.realm.displayName, request })
  return Object.freeze({
    decision,
    reason,
    text: refused?.text ?? 'This mail app may go on.',
    reference,
    portal,
    ...(account && { account: Object.freeze({ id: account.id, upn: account.upn, mailbox: account.address }) }),
    ...(app && { app: Object.freeze(app) }),
    ...(refused && { refusal: refused.refusal }),
    because,
  })
}
