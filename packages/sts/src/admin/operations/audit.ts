import type { AuditRow } from '@postern/storage'
import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { pageLimit, shownText, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { requireAccount } from '../require-account.ts'

const auditView = z.object({
  at: when,
  event: z.string(),
  outcome: z.enum(['allowed', 'refused', 'failed']),
  reference: z.string(),
  accountId: z.string().optional(),
  clientId: z.string().optional(),
  actor: z.string().optional(),
  source: z.string().optional(),
  detail: z.record(z.string(), z.unknown()),
})

const columns = ['at', 'event', 'outcome', 'accountId', 'clientId', 'actor', 'detail', 'reference']

const toView = (row: AuditRow): z.input<typeof auditView> => ({ ...row, at: row.at.toISOString() })

/** As it was written down, however it was typed: upper case in groups of four, and o, i and l for what they look like. */
function toReference(typed: string): string {
  const signs = typed.replace(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{12}$/.test(signs) ? signs.replace(/^(.{4})(.{4})(.{4})$/, '$1-$2-$3') : typed
}

export const auditOperations = [
  operation({
    name: 'audit.list',
    summary: 'List decisions and changes, newest first',
    scope: 'realm',
    input: z.object({
      account: shownText('Only those about this account', 254).optional(),
      event: shownText('Only this event; docs/reference/events.md lists them').optional(),
      before: z.iso
        .datetime('must be a time in UTC, for example 2027-01-31T12:00:00Z')
        .optional()
        .describe('Only those before this time, e.g. 2027-01-31T12:00:00Z'),
      limit: pageLimit,
    }),
    output: z.array(auditView),
    columns,
    errors: ['missing'],
    run: async ({ input: { account, event, before, limit }, at: { kept } }) => {
      const accountId = account === undefined ? undefined : (await requireAccount(kept, account)).id
      const page = {
        limit,
        ...(accountId === undefined ? {} : { accountId }),
        ...(event === undefined ? {} : { event }),
        ...(before === undefined ? {} : { before: new Date(before) }),
      }
      return (await kept.audit.list(page)).map(toView)
    },
  }),
  operation({
    name: 'audit.show',
    summary: 'Show everything under a reference number, as people find it on a page',
    scope: 'realm',
    positional: ['reference'],
    input: z.object({ reference: shownText('The reference number') }),
    output: z.array(auditView),
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const reference = toReference(input.reference)
      const rows = await kept.audit.list({ limit: 1000, reference })
      if (rows.length === 0)
        throw new OperationRefused('missing', `Nothing is recorded under the reference ${reference}. See: postern audit list`)
      return rows.map(toView)
    },
  }),
]
