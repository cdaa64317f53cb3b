import type { AuditRow, ClientId } from '@postern/storage'
import { messagesIn } from '../http/language.ts'
import { page, type Route } from '../http/route.ts'
import { PORTAL_CLIENT_ID } from '../protocol/portal-client.ts'
import { renderActivityPage, type ShownActivity } from './views/activity-page.ts'
import { tellEvent } from './views/activity-words.ts'
import type { Visit, Visits } from './visit.ts'

const mostOfPage = 30
/** Rows of one look. Most rows of an account are what its apps do, which nobody is told. */
const batch = 200
/** One page looks at no more than so many rows, however few of them say something to people. */
const mostLooks = 5

/** What happened with the account, as sentences from the audit trail. */
export function createActivityPages(visits: Visits): readonly Route[] {
  return [
    visits.page('/portal/activity', { section: 'activity', demand: 'signed-in' }, async (visit) => {
      const before = parseMoment(visit.ctx.query.before)
      const { older, ...shown } = await loadActivity(visit, mostOfPage, before)
      return page(
        renderActivityPage(visit.view, { ...shown, isFirst: before === undefined, ...(older !== undefined && { older }) }),
      )
    }),
  ]
}

function parseMoment(text: unknown): Date | undefined {
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) return undefined
  return new Date(Number(text))
}

/** The rows that have a sentence, newest first, at most `most` and those of the last one's very moment. `older`: where to go on. */
export async function loadActivity(visit: Visit, most: number, before?: Date): Promise<ShownActivity & { older?: Date }> {
  const { store, account } = visit
  const rows: AuditRow[] = []
  let from = before
  let isMore = true
  for (let looks = 0; looks < mostLooks && isMore && rows.length <= most; looks += 1) {
    const found = await store.audit.list({ limit: batch, accountId: account.id, ...(from !== undefined && { before: from }) })
    isMore = found.length === batch
    for (const row of found) if (isTold(row) && !rows.some((other) => saysTheSame(row, other))) rows.push(row)
    from = found.at(-1)?.at ?? from
  }
  const shown = cutPage(rows, most)
  const isCut = shown.length < rows.length
  const older = isCut ? shown.at(-1)?.at : isMore ? from : undefined
  return { rows: shown, names: await namesFor(visit, shown), ...(older !== undefined && { older }) }
}

/** The next page begins before a moment, so what happened at one moment stays on one page. */
export function cutPage<Row extends Pick<AuditRow, 'at'>>(rows: readonly Row[], most: number): readonly Row[] {
  const last = rows[most - 1]?.at.getTime()
  if (last === undefined) return rows
  let end = most
  while (rows[end]?.at.getTime() === last) end += 1
  return rows.slice(0, end)
}

const nobody = { realm: '', clients: new Map<string, string>(), mailApps: new Map<string, string>() }
/** The language does not matter for whether there is a sentence. That one came here says nothing: one is here. */
const isTold = (row: AuditRow): boolean =>
  !(row.event === 'authorization.granted' && row.clientId === PORTAL_CLIENT_ID) &&
  tellEvent(messagesIn('en'), row, nobody) !== undefined

/** A mail app's wrong password is a row of the sign-in and one of the gate. */
const saysTheSame = (row: AuditRow, other: AuditRow): boolean =>
  row.reference === other.reference && row.event !== other.event && sentenceOf(row) === sentenceOf(other)
const sentenceOf = (row: AuditRow): string => String(tellEvent(messagesIn('en'), row, nobody))

async function namesFor({ store, account, view }: Visit, rows: readonly AuditRow[]): Promise<ShownActivity['names']> {
  const texts = messagesIn(view.language)
  const ids = new Set(rows.flatMap(({ clientId }) => (clientId === undefined ? [] : [clientId])))
  const clients = new Map<string, string>([[PORTAL_CLIENT_ID, texts.activityThisPortal]])
  for (const id of ids) {
    const client = id === PORTAL_CLIENT_ID ? undefined : await store.clients.find(id as ClientId) // a brand has no runtime part
    if (client !== undefined) clients.set(id, client.displayName)
  }
  const mentionsApps = rows.some(({ detail }) => detail.mailAppId !== undefined)
  const apps = mentionsApps ? await store.mailApps.list(account.id) : []
  return {
    realm: view.realm.displayName,
    clients,
    mailApps: new Map(apps.filter(({ label }) => label.trim() !== '').map(({ id, label }) => [id, label])),
  }
}
