import { z } from 'zod'
import { messagesIn } from '../http/language.ts'
import { type Answer, page, type Route, redirect } from '../http/route.ts'
import { decideSignIn } from './demands.ts'
import type { PortalParts } from './ports.ts'
import {
  renderApprovalPage,
  renderApprovalsPage,
  renderApprovedPage,
  renderDeniedPage,
  renderGonePage,
} from './views/approval-pages.ts'
import { requireFound, type Visit, type Visits } from './visit.ts'

const place = { section: 'approvals', demand: 'signed-in' } as const
/** Between two looks at what waits, without script. */
const refreshSeconds = 4

/**
 * Sign-ins that wait elsewhere, and their answers. Whoever lets one in has shown a second thing in this session: an approval
 * counts as one, so a password alone must not be able to make it. Turning one away takes no more than being signed in.
 */
export function createApprovalPages(parts: PortalParts, visits: Visits): readonly Route[] {
  const { approvals, sessions, transaction } = parts

  const find = async ({ store, account, id, now }: Visit) => {
    const approval = requireFound(await store.approvals.find(account.id, id))
    return { approval, isWaiting: approval.state === 'waiting' && approval.expiresAt > now }
  }

  async function show(visit: Visit): Promise<Answer> {
    const { view } = visit
    const { approval, isWaiting } = await find(visit)
    if (isWaiting) return page(renderApprovalPage(view, approval, { isHere: approval.about.source === visit.source }))
    if (approval.state === 'approved' || approval.state === 'used') return page(renderApprovedPage(view, approval.about.appName))
    return page(approval.state === 'denied' ? renderDeniedPage(view, 'denied') : renderGonePage(view))
  }

  async function deny(visit: Visit): Promise<Answer> {
    const { appName, source } = (await find(visit)).approval.about
    await transaction(async () => {
      if ((await approvals.answer(visit.store, visit.account.id, visit.id, 'not_me')) !== 'denied') return
      await visit.record({ event: 'approval.denied', detail: { approvalId: visit.id, because: 'not_me' } })
      // Where the sign-in came from, and not where the answer did.
      await visit.tell({ kind: 'approval_denied', app: appName, ...(source !== undefined && { source }) })
    })
    return redirect(visit.address(`/approvals/${encodeURIComponent(visit.id)}`))
  }

  async function approve(visit: Visit, number: string): Promise<Answer> {
    const { view, reference } = visit
    const { approval, isWaiting } = await find(visit)
    const here = `/approvals/${encodeURIComponent(visit.id)}`
    if (!isWaiting) return redirect(visit.address(here))
    if (number.trim() === '') {
      const complaint = messagesIn(view.language).portalApprovalMissing
      const isHere = approval.about.source === visit.source
      return page(renderApprovalPage({ ...view, reference, complaint }, approval, { isHere }), { status: 422 })
    }
    const answer = await transaction(async () => {
      const said = await approvals.answer(visit.store, visit.account.id, visit.id, { number })
      const approvalId = visit.id
      if (said === 'approved') await visit.record({ event: 'approval.approved', detail: { approvalId } })
      if (said === 'wrong_number' || said === 'denied')
        await visit.record({ event: 'approval.denied', detail: { approvalId, because: 'wrong_number' } })
      return said
    })
    if (answer === 'wrong_number') return page(renderDeniedPage({ ...view, reference }, 'wrong_number'), { status: 422 })
    return redirect(visit.address(here))
  }

  return [
    visits.page('/portal/approvals', { ...place, isAskedForByItself: true }, async ({ store, account, view }) =>
      page(renderApprovalsPage(view, await approvals.waiting(store, account.id)), { refreshSeconds }),
    ),
    visits.page('/portal/approvals/:id', place, show),
    visits.form(
      '/portal/approvals/:id',
      { ...place, page: '/portal/approvals/:id' },
      { number: z.string().max(200).default(''), decision: z.enum(['approve', 'deny']) },
      async (visit, form) => {
        if (form.decision === 'deny') return deny(visit)
        const missing = decideSignIn({ ...visit.session, demand: 'second-factor', hasFactor: visit.hasFactor, now: visit.now })
        if (missing === undefined) return approve(visit, form.number)
        const returnTo = `/portal/approvals/${encodeURIComponent(visit.id)}`
        return redirect(sessions.signInAddress(visit.ctx, { returnTo, ...missing }))
      },
    ),
  ]
}
