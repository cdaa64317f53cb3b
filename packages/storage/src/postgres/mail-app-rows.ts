import { AccountId } from '../identifiers.ts'
import type { MailApp, MailAppState, MailAppTraits } from '../ports/mail-apps.ts'
import { list, present, type Row } from './row.ts'

/** By name, so that the server can keep the statement prepared (prepared.ts). */
export const mailAppColumns = [
  'mail_app.id',
  'mail_app.account_id',
  'mail_app.identity',
  'mail_app.label',
  'mail_app.traits',
  'mail_app.protocols',
  'mail_app.network',
  'mail_app.state',
  'mail_app.first_tried_at',
  'mail_app.last_tried_at',
  'mail_app.last_source',
  'mail_app.last_allowed_at',
  'mail_app.tries',
  'mail_app.decided_at',
  'mail_app.decided_by',
  'mail_app.told_by',
] as const

export type MailAppRow = Omit<Row<'mail_app'>, 'realm_id' | 'identity_digest' | 'told_at' | 'telling_until'>

export const toMailApp = (row: MailAppRow): MailApp =>
  Object.freeze({
    id: row.id,
    accountId: AccountId.of(row.account_id),
    identity: row.identity,
    label: row.label,
    traits: Object.freeze(row.traits as MailAppTraits), // written from MailAppTraits alone
    protocols: list(row.protocols),
    ...present({ network: row.network }),
    state: row.state as MailAppState, // mail_app_state_known
    firstTriedAt: row.first_tried_at,
    lastTriedAt: row.last_tried_at,
    ...present({ lastSource: row.last_source, lastAllowedAt: row.last_allowed_at }),
    tries: row.tries,
    ...present({
      decidedAt: row.decided_at,
      decidedBy: row.decided_by,
      toldBy: row.told_by as MailApp['toldBy'] | null, // mail_app_told_known
    }),
  })
