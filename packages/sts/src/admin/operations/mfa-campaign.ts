import type { Campaign, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { askGroup } from '../ask-group.ts'
import { OperationRefused } from '../errors.ts'
import { shownText, when } from '../fields.ts'
import { operation, type RealmPorts, type Running } from '../operation.ts'

const campaignView = z.object({
  id: z.uuid(),
  name: z.string(),
  postponements: z.number().int(),
  postponeDays: z.number().int(),
  startsAt: when,
  endsAt: when.optional(),
})

const boardView = campaignView.extend({
  accounts: z.number().int(),
  registered: z.number().int(),
  postponed: z.number().int(),
  untouched: z.number().int(),
  percent: z.number().int(),
})

const columns = ['name', 'postponements', 'postponeDays', 'startsAt', 'endsAt', 'id']
const oneCampaign = z.object({ campaign: shownText('Id or name of the campaign') })

const toView = ({ id, name, postponements, postponeDays, startsAt, endsAt }: Campaign): z.input<typeof campaignView> => ({
  id,
  name,
  postponements,
  postponeDays,
  startsAt: startsAt.toISOString(),
  ...(endsAt === undefined ? {} : { endsAt: endsAt.toISOString() }),
})

/** By id or name; of several with one name the newest. @throws {OperationRefused} `missing` */
export async function requireCampaign(kept: RealmStore, name: string): Promise<Campaign> {
  const found = (await kept.enforcement.listCampaigns()).find((one) => one.id === name || one.name === name)
  if (found === undefined)
    throw new OperationRefused('missing', `There is no campaign ${name} in this realm. See: postern mfa campaign-list`)
  return found
}

/** How far the campaign is, as a bar that text can show. Pure. */
export function renderBoard(board: z.output<typeof boardView>): string {
  const width = 40
  const filled = Math.round((board.percent / 100) * width)
  const rows: readonly (readonly [string, number])[] = [
    ['have a second factor', board.registered],
    ['postponed', board.postponed],
    ['not asked yet, or not answered', board.untouched],
    ['accounts in all', board.accounts],
  ]
  const digits = String(board.accounts).length
  return [
    board.name,
    `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${board.percent} %`,
    '',
    ...rows.map(([what, count]) => `${String(count).padStart(digits)}  ${what}`),
    '',
    `Postponements of each: at most ${board.postponements}. Days of each postponement: ${board.postponeDays}.`,
    board.endsAt === undefined ? 'The campaign has no end.' : `From ${board.endsAt} on nobody may postpone.`,
  ].join('\n')
}

const record = (at: RealmPorts, { actor, reference }: Running, campaignId: string, change: string) =>
  at.record(at.kept, { event: 'campaign.changed', reference, actor, detail: { campaignId, change } })

export const mfaCampaignOperations = [
  operation({
    name: 'mfa.campaign-add',
    summary: 'Begin to ask people to set up a second factor: each is asked at sign-in and may postpone a few times',
    scope: 'realm',
    positional: ['name'],
    input: z.object({
      name: shownText('Name of the campaign'),
      group: shownText('Everybody in this group now takes part; others by `mfa import` or `mfa set`').optional(),
      postponements: z
        .number()
        .int()
        .min(0)
        .max(100, 'must be at most 100')
        .default(3)
        .describe('How often a person may postpone; then it is demanded'),
      postponeDays: z.number().int().min(1).max(90, 'must be at most 90').default(1).describe('How long one postponement lasts'),
      ends: z
        .union([z.iso.date(), z.iso.datetime()], 'must be a day such as 2027-01-31, or a time in UTC')
        .optional()
        .describe('From then on nobody may postpone, e.g. 2027-01-31'),
    }),
    output: campaignView.extend({ accounts: z.number().int() }),
    next: ({ id, accounts }) =>
      accounts === 0 ? `Nobody takes part yet. Import people: postern mfa import --campaign ${id} --file people.csv` : undefined,
    errors: ['conflict', 'invalid', 'missing'],
    changed: ({ output }) => ({ subject: output.name }),
    run: async ({ input: { name, group, postponements, postponeDays, ends }, at, running }) => {
      const now = at.clock()
      if ((await at.kept.enforcement.listCampaigns()).some((one) => one.name === name && !(one.endsAt && one.endsAt <= now)))
        throw new OperationRefused('conflict', `There is a campaign ${name} already. See: postern mfa campaign-show '${name}'`)
      const endsAt = ends === undefined ? undefined : new Date(ends)
      if (endsAt !== undefined && endsAt <= now) throw new OperationRefused('invalid', 'A campaign must end in the future (ends)')
      const campaign: Campaign = Object.freeze({
        id: at.newId(),
        name,
        postponements,
        postponeDays,
        startsAt: now,
        ...(endsAt === undefined ? {} : { endsAt }),
        createdAt: now,
      })
      if ((await at.kept.enforcement.addCampaign(campaign)) === 'conflict')
        throw new OperationRefused('conflict', `There is a campaign ${name} already. See: postern mfa campaign-list`)
      const { asked, stay } = group === undefined ? { asked: 0, stay: 0 } : await askGroup(at, group, campaign.id)
      const accounts = asked + stay
      if (group !== undefined && accounts === 0)
        throw new OperationRefused('missing', `Nobody is in the group ${group}. See: postern account list`)
      await record(at, running, campaign.id, 'begun')
      return { ...toView(campaign), accounts }
    },
  }),
  operation({
    name: 'mfa.campaign-list',
    summary: 'List the campaigns, newest first',
    scope: 'realm',
    input: z.object({}),
    output: z.array(campaignView),
    columns,
    errors: [],
    run: async ({ at: { kept } }) => (await kept.enforcement.listCampaigns()).map(toView),
  }),
  operation({
    name: 'mfa.campaign-show',
    summary: 'Show how far a campaign is: who has a second factor, who postponed, who has done nothing',
    scope: 'realm',
    positional: ['campaign'],
    input: oneCampaign,
    output: boardView,
    present: (board) => ({ text: renderBoard(board) }),
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const campaign = await requireCampaign(kept, input.campaign)
      const { accounts, registered, postponed, untouched } = await kept.enforcement.progress(campaign.id)
      // Rounded down: 100 % are all of them.
      const percent = accounts === 0 ? 0 : Math.floor((registered / accounts) * 100)
      return { ...toView(campaign), accounts, registered, postponed, untouched, percent }
    },
  }),
  operation({
    name: 'mfa.campaign-end',
    summary: 'End a campaign: from now on nobody in it may postpone, and who has no second factor must set one up',
    scope: 'realm',
    positional: ['campaign'],
    input: oneCampaign,
    output: campaignView,
    columns,
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: output.name }),
    run: async ({ input, at, running }) => {
      const campaign = await requireCampaign(at.kept, input.campaign)
      const now = at.clock()
      if (campaign.endsAt !== undefined && campaign.endsAt <= now)
        throw new OperationRefused('conflict', `The campaign ${campaign.name} has ended already`)
      const ended = Object.freeze({ ...campaign, endsAt: now })
      await at.kept.enforcement.changeCampaign(ended)
      await record(at, running, campaign.id, 'ended')
      return toView(ended)
    },
  }),
]
