import type { Account, AccountId } from '@postern/storage'
import { z } from 'zod'
import { type EnforcementRow, parseEnforcementRows, type RowResult, renderResults } from '../enforcement-rows.ts'
import { lower, shownText } from '../fields.ts'
import { operation, type RealmPorts, type Running } from '../operation.ts'
import { proposePhone } from '../phone-proposal.ts'
import { requireCampaign } from './mfa-campaign.ts'

/** Small enough that others wait little for what a batch holds, large enough that commits cost nothing. */
const BATCH = 500

const output = z.object({
  done: z.number().int(),
  refused: z.number().int(),
  rows: z.array(
    z.object({ line: z.number().int(), upn: z.string(), result: z.enum(['done', 'refused']), reason: z.string().optional() }),
  ),
})

type Found = readonly [row: EnforcementRow, account: Account]

/** Sets one batch; a row whose account is not there is refused, the others are done. Within a transaction. */
async function importBatch(
  at: RealmPorts,
  { actor, reference }: Running,
  {
    rows,
    named,
    campaignId,
    lower,
  }: { rows: readonly EnforcementRow[]; named: Map<AccountId, number>; campaignId?: string; lower: boolean },
): Promise<readonly RowResult[]> {
  const { kept, clock } = at
  const results: RowResult[] = []
  const found: Found[] = []
  for (const row of rows) {
    const { line, upn } = row
    const account = await kept.accounts.findByName(upn)
    const earlier = account && named.get(account.id)
    if (account === undefined) results.push({ line, upn, result: 'refused', reason: 'there is no such account in this realm' })
    else if (earlier !== undefined && earlier !== line)
      results.push({ line, upn, result: 'refused', reason: `line ${earlier} names this account already` })
    else {
      named.set(account.id, line)
      found.push([row, account])
    }
  }
  /** Whoever takes part in a campaign goes on doing so, unless nothing is demanded any more. */
  const stays = ([{ state }, { enforcement }]: Found) => state === 'enabled' && !lower && enforcement?.state === 'enforced'
  const demandOf = (one: Found) => {
    const [row, { enforcement }] = one
    const state = stays(one) ? 'enforced' : row.state
    const campaign = campaignId ?? (state === 'disabled' ? undefined : enforcement?.campaignId)
    return campaign === undefined ? { state } : { state, campaignId: campaign }
  }
  const changes = (one: Found) => campaignId !== undefined || !stays(one)
  const present = new Set<AccountId>()
  for (const [first, ...others] of Map.groupBy(found.filter(changes), (one) => JSON.stringify(demandOf(one))).values()) {
    if (first === undefined) continue
    const ids = [first, ...others].map(([, { id }]) => id)
    for (const id of await kept.enforcement.set(ids, { ...demandOf(first), at: clock() })) present.add(id)
  }
  for (const one of found) {
    const [{ line, upn, phone }, account] = one
    if (changes(one) && !present.has(account.id)) {
      results.push({ line, upn, result: 'refused', reason: 'the account went away meanwhile' })
      continue
    }
    const about = { reference, actor, accountId: account.id }
    if (changes(one)) await at.record(kept, { event: 'enforcement.changed', ...about, detail: demandOf(one) })
    const proposed = phone === undefined ? 'bound' : await proposePhone(at, account, phone)
    if (proposed !== 'bound')
      await at.record(kept, { event: 'factor.proposed', ...about, detail: { method: 'sms', authenticatorId: proposed } })
    results.push({ line, upn, result: 'done', ...(stays(one) && { reason: 'is enforced, and stays so' }) })
  }
  return results
}

export const mfaImportOperations = [
  operation({
    name: 'mfa.import',
    summary:
      'Set the state of thousands of accounts by a CSV with the columns upn, state, and if wanted phone and method (sms or voice); each line gets a result, and a wrong one stops no other',
    scope: 'realm',
    input: z.object({
      file: z
        .string()
        .max(32_000_000, 'must have at most 32 million characters')
        .meta({ description: 'The CSV, in UTF-8', file: 'text', piped: true }),
      campaign: shownText('A campaign, by its id or name, whose limits on postponing hold').optional(),
      lower,
    }),
    output,
    present: ({ done, refused, rows }) => ({
      text: renderResults(rows),
      note: `${done} done, ${refused} refused.`,
      incomplete: refused > 0,
    }),
    errors: ['invalid', 'missing'],
    inBatches: true,
    changed: () => ({ subject: 'import' }),
    run: async ({ input: { file, campaign, lower }, at, running }) => {
      const of = campaign === undefined ? {} : { campaignId: (await requireCampaign(at.kept, campaign)).id }
      const { rows, refused } = parseEnforcementRows(file, at.realm.settings)
      const results: RowResult[] = [...refused]
      // By account, since a line may name one by another of its addresses than an earlier line.
      const named = new Map<AccountId, number>()
      const total = rows.length + refused.length
      running.progress(refused.length, total)
      for (let start = 0; start < rows.length; start += BATCH) {
        const batch = rows.slice(start, start + BATCH)
        const lines = `lines ${batch[0]?.line} to ${batch.at(-1)?.line}`
        results.push(...(await running.batch(lines, () => importBatch(at, running, { rows: batch, named, lower, ...of }))))
        running.progress(results.length, total)
      }
      results.sort((one, other) => one.line - other.line)
      const done = results.filter(({ result }) => result === 'done').length
      return { done, refused: results.length - done, rows: results }
    },
  }),
]
