import { prefixAllowed } from '@postern/mfa'
import type { Account, Authenticator, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { askGroup } from '../ask-group.ts'
import { OperationRefused } from '../errors.ts'
import { enforcementState, lower, shownText, telephone, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { proposePhone } from '../phone-proposal.ts'
import { requireAccount } from '../require-account.ts'
import { requireCampaign } from './mfa-campaign.ts'

const someone = z.object({ account: shownText('User principal name, address or id of the account', 254) })
const campaign = shownText('A campaign, by its id or name, whose limits on postponing hold').optional()

const factorView = z.object({
  method: z.string(),
  label: z.string(),
  state: z.string(),
  isDefault: z.boolean(),
  number: z.string().optional(),
  createdAt: when,
  lastUsedAt: when.optional(),
})

const mfaView = z.object({
  upn: z.string(),
  state: enforcementState,
  since: when.optional(),
  campaign: z.string().optional(),
  postponed: z.number().int(),
  postponedUntil: when.optional(),
  factors: z.array(factorView),
  recoveryCodesLeft: z.number().int().optional(),
  pass: z.object({ uses: z.enum(['once', 'many']), startsAt: when, expiresAt: when, usedAt: when.optional() }).optional(),
  locks: z.array(z.object({ method: z.string(), until: when.optional() })),
})

const setView = z.object({ upn: z.string(), state: enforcementState, changed: z.boolean() })

/** Everything that unlocks by name. A password is not among them: its locks end by themselves. */
const unlockable = ['totp', 'webauthn', 'sms', 'approval', 'recovery-code', 'access-pass'] as const

/** What wrong answers are counted for beside the methods that an account has bound. */
const withoutFactors = ['password', 'recovery-code', 'access-pass']

/** Never the secret; of a telephone number its ends. */
function toFactorView({ method, label, state, isDefault, detail, createdAt, lastUsedAt }: Authenticator) {
  const number = typeof detail.masked === 'string' ? detail.masked : undefined
  return {
    method,
    label,
    state,
    isDefault,
    ...(number === undefined ? {} : { number }),
    createdAt: createdAt.toISOString(),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
  }
}

/** Without `until`: ended for good by too many wrong answers, until it is bound anew. */
async function locksOf(kept: RealmStore, account: Account, factors: readonly Authenticator[], now: Date) {
  const methods = [...new Set([...factors.map(({ method }) => method), ...withoutFactors])]
  const locks: { method: string; until?: string }[] = []
  for (const method of methods) {
    const state = await kept.attempts.find({ subject: `account:${account.id}`, method })
    if (state?.disabled === true) locks.push({ method })
    else if (state?.blockedUntil !== undefined && state.blockedUntil > now)
      locks.push({ method, until: state.blockedUntil.toISOString() })
  }
  return locks
}

async function showPass(kept: RealmStore, account: Account, now: Date) {
  const pass = await kept.accessPasses.find(account.id)
  if (pass === undefined || pass.expiresAt <= now) return undefined
  const { uses, startsAt, expiresAt, usedAt } = pass
  return {
    uses,
    startsAt: startsAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(usedAt === undefined ? {} : { usedAt: usedAt.toISOString() }),
  }
}

export const mfaOperations = [
  operation({
    name: 'mfa.show',
    summary: 'Show what an account has to sign in with beside its password, what is demanded of it, and what is locked',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: mfaView,
    errors: ['missing'],
    run: async ({ input, at: { kept, clock } }) => {
      const account = await requireAccount(kept, input.account)
      const { state, since, campaignId, postponed, postponedUntil } = account.enforcement ?? { state: 'disabled', postponed: 0 }
      const factors = await kept.authenticators.list(account.id)
      const codes = await kept.recoveryCodes.count(account.id)
      const pass = await showPass(kept, account, clock())
      const found = campaignId === undefined ? undefined : await kept.enforcement.findCampaign(campaignId)
      return {
        upn: account.upn,
        state,
        ...(since === undefined ? {} : { since: since.toISOString() }),
        ...(found === undefined ? {} : { campaign: found.name }),
        postponed,
        ...(postponedUntil === undefined ? {} : { postponedUntil: postponedUntil.toISOString() }),
        factors: factors.map(toFactorView),
        ...(codes === undefined ? {} : { recoveryCodesLeft: codes.left }),
        ...(pass === undefined ? {} : { pass }),
        locks: await locksOf(kept, account, factors, clock()),
      }
    },
  }),
  operation({
    name: 'mfa.set',
    summary: 'Demand a second factor of an account, ask for one, or demand none beside what policies do',
    scope: 'realm',
    positional: ['account', 'state'],
    input: someone.extend({ state: enforcementState, campaign, lower }),
    output: setView,
    next: ({ upn, changed }) =>
      changed ? undefined : `${upn} is enforced and stays so. To demand less: postern mfa set ${upn} enabled --lower`,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: `${output.upn}: ${output.state}` }),
    run: async ({ input: { account: name, state: wanted, campaign: named, lower }, at, running: { actor, reference } }) => {
      const account = await requireAccount(at.kept, name)
      const stays = wanted === 'enabled' && !lower && account.enforcement?.state === 'enforced'
      const state = stays ? 'enforced' : wanted
      if (stays && named === undefined) return { upn: account.upn, state, changed: false }
      // Whoever takes part in a campaign goes on doing so, unless nothing is demanded any more.
      const present = state === 'disabled' ? undefined : account.enforcement?.campaignId
      const campaignId = named === undefined ? present : (await requireCampaign(at.kept, named)).id
      const of = campaignId === undefined ? {} : { campaignId }
      await at.kept.enforcement.set([account.id], { state, at: at.clock(), ...of })
      await at.record(at.kept, {
        event: 'enforcement.changed',
        reference,
        actor,
        accountId: account.id,
        detail: { state, ...of },
      })
      return { upn: account.upn, state, changed: !stays }
    },
  }),
  operation({
    name: 'mfa.set-group',
    summary:
      'The same for everybody who is in a group now; who joins it later is not meant. They leave the campaign that they are in',
    scope: 'realm',
    positional: ['group', 'state'],
    input: z.object({ group: shownText('The group'), state: enforcementState, campaign, lower }),
    output: z.object({ group: z.string(), state: enforcementState, accounts: z.number().int(), stay: z.number().int() }),
    next: ({ group, stay }) =>
      stay === 0
        ? undefined
        : `Enforced, and stay so: ${stay}. To demand less of these too: postern mfa set-group '${group}' enabled --lower`,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: `${output.group}: ${output.state}` }),
    run: async ({ input: { group, state, campaign: named, lower }, at, running: { actor, reference } }) => {
      const of: { campaignId?: string } = named === undefined ? {} : { campaignId: (await requireCampaign(at.kept, named)).id }
      const { asked: accounts, stay } =
        state === 'enabled' && !lower
          ? await askGroup(at, group, of.campaignId)
          : { asked: await at.kept.enforcement.setGroup(group, { state, at: at.clock(), ...of }), stay: 0 }
      if (accounts + stay === 0)
        throw new OperationRefused('missing', `Nobody is in the group ${group}. See: postern account list`)
      await at.record(at.kept, { event: 'enforcement.changed', reference, actor, detail: { state, count: accounts, ...of } })
      return { group, state, accounts, stay }
    },
  }),
  operation({
    name: 'mfa.status',
    summary: 'Count the accounts by what is demanded of them',
    scope: 'realm',
    input: z.object({}),
    output: z.object({ disabled: z.number().int(), enabled: z.number().int(), enforced: z.number().int() }),
    errors: [],
    run: async ({ at: { kept } }) => ({ ...(await kept.enforcement.countByState()) }),
  }),
  operation({
    name: 'mfa.phone-set',
    summary: 'Put a telephone number there that its owner confirms at the next sign-in; nothing is sent now',
    scope: 'realm',
    positional: ['account', 'number'],
    input: someone.extend({
      number: telephone,
      channel: z.enum(['sms', 'voice']).default('sms').describe('How codes reach it: as a text, or read out in a call'),
    }),
    output: z.object({ upn: z.string(), number: z.string(), channel: z.enum(['sms', 'voice']) }),
    errors: ['missing', 'conflict', 'invalid'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input: { account: name, number, channel }, at, running: { actor, reference } }) => {
      const account = await requireAccount(at.kept, name)
      if (!prefixAllowed(number, at.realm.settings.smsPrefixes))
        throw new OperationRefused('invalid', 'This realm sends no codes to numbers that begin so. See: postern realm show')
      const proposed = await proposePhone(at, account, { number, channel })
      if (proposed === 'bound')
        throw new OperationRefused('conflict', `${account.upn} has confirmed this number already. See: postern mfa show ${name}`)
      await at.record(at.kept, {
        event: 'factor.proposed',
        reference,
        actor,
        accountId: account.id,
        detail: { method: 'sms', authenticatorId: proposed },
      })
      return { upn: account.upn, number, channel }
    },
  }),
  operation({
    name: 'mfa.unlock',
    summary: 'Let an account try again at once after wrong answers; one that they ended for good must be bound anew',
    scope: 'realm',
    positional: ['account', 'method'],
    input: someone.extend({
      method: z
        .enum(unlockable, `must be one of ${unlockable.join(', ')}`)
        .optional()
        .describe('Only this method, e.g. totp; all when left out'),
    }),
    output: z.object({ upn: z.string(), unlocked: z.array(z.string()), ended: z.array(z.string()) }),
    next: ({ upn, unlocked, ended }) =>
      ended.length === 0
        ? unlocked.length === 0
          ? 'There was nothing to unlock: no wrong answers are counted.'
          : undefined
        : `Too many wrong answers in a row have ended ${ended.join(', ')}. Only binding anew helps: postern account reset-factors ${upn}`,
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input: { account: name, method: only }, at, running: { actor, reference } }) => {
      const { kept } = at
      const account = await requireAccount(kept, name)
      const bound = (await kept.authenticators.list(account.id)).map(({ method }) => method)
      const methods = [...new Set([...bound, ...withoutFactors.slice(1)])].filter((one) => only === undefined || one === only)
      const ended: string[] = []
      const unlocked: string[] = []
      for (const method of methods) {
        // What NIST SP 800-63B-4 section 3.2.2 ends for good no administrator opens again; it is bound anew.
        if ((await kept.attempts.find({ subject: `account:${account.id}`, method }))?.disabled === true) ended.push(method)
        else unlocked.push(...(await at.factors.unlock(kept, account.id, method)))
      }
      for (const method of unlocked)
        await at.record(kept, { event: 'factor.unlocked', reference, actor, accountId: account.id, detail: { method } })
      return { upn: account.upn, unlocked, ended }
    },
  }),
]
