import type { Account } from '@postern/storage'
import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { groups, mailAddress, pageLimit, phoneNumber, shownText, when } from '../fields.ts'
import { requireAnotherAdministrator } from '../last-administrator.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { requireAccount } from '../require-account.ts'
import { givePass, passMinutes } from './mfa-pass.ts'

const accountView = z.object({
  id: z.uuid(),
  upn: z.string(),
  address: z.string(),
  furtherAddresses: z.array(z.string()),
  displayName: z.string(),
  phone: z.string().optional(),
  groups: z.array(z.string()),
  status: z.enum(['active', 'disabled']),
  createdAt: when,
  updatedAt: when,
})

const columns = ['upn', 'displayName', 'address', 'groups', 'status', 'id']
const someone = z.object({ account: shownText('User principal name, address or id of the account', 254) })

const toView = (account: Account): z.input<typeof accountView> => ({
  ...account,
  furtherAddresses: [...account.furtherAddresses],
  groups: [...account.groups],
  createdAt: account.createdAt.toISOString(),
  updatedAt: account.updatedAt.toISOString(),
})

/** Ends what the account holds: refresh families, sessions, codes and grants (R33, R43). */
async function endEverything({ kept, clock }: RealmPorts, account: Account, because: string): Promise<void> {
  // First: what a request in flight still writes after us was proved before, and counts no more.
  await kept.accounts.signOut(account.id, clock())
  await kept.refreshTokens.revokeByAccount(account.id, { at: clock(), because })
  await kept.artifacts.removeByAccount(account.id)
}

async function replace({ kept, clock }: RealmPorts, account: Account): Promise<Account> {
  const updated = Object.freeze({ ...account, updatedAt: clock() })
  const outcome = await kept.accounts.replace(updated)
  if (outcome === 'conflict')
    throw new OperationRefused('conflict', 'Another account has this name or one of these addresses. See: postern account list')
  if (outcome === 'missing')
    throw new OperationRefused('missing', `The account ${account.upn} is gone. See: postern account list`)
  return updated
}

/**
 * Names and addresses are under domains of the realm: tokens vouch for them (`email_verified`), so that one realm must not
 * hold those of another, nor those of a domain that nobody here has verified.
 * @throws {OperationRefused} `invalid`
 */
async function requireOwnDomains({ realm, store }: RealmPorts, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const domain = (name.split('@')[1] ?? '').toLowerCase()
    if (realm.domains.includes(domain)) continue
    const remedy =
      (await store.realms.findByDomain(domain)) === undefined
        ? `If ${domain} is yours, add it first: postern realm add-domain ${realm.domains[0]} ${domain}`
        : `Another realm has ${domain}, and no other can vouch for its addresses.`
    throw new OperationRefused('invalid', `${name} is not under a domain of this realm (${realm.domains.join(', ')}). ${remedy}`)
  }
}

/** 120 bits: long enough to never be guessed, in groups that can be read out. */
export function generatePassword(random: (bytes: number) => Uint8Array): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789' // 32 signs without l, o, 0 and 1
  const signs = Array.from(random(24), (byte) => alphabet[byte & 31])
  return [0, 6, 12, 18].map((start) => signs.slice(start, start + 6).join('')).join('-')
}

async function setPassword(at: RealmPorts, account: Account, password: string): Promise<void> {
  const outcome = await at.passwords.setPassword(at.kept, account.id, password)
  if (outcome === 'set') return
  const why = { too_short: 'is too short', too_long: 'is too long', too_common: 'is one that attackers try first' }[
    outcome.refused
  ]
  throw new OperationRefused('password_refused', `This password ${why}. Choose another, or have one made: --generate`)
}

const setStatus = (status: Account['status'], summary: string) =>
  operation({
    name: status === 'active' ? 'account.enable' : 'account.disable',
    summary,
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: accountView,
    columns,
    errors: ['missing', 'conflict'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input, at }) => {
      const account = await requireAccount(at.kept, input.account)
      // Before the row of the account is held: a code that is being redeemed is held first and refers to the account then.
      if (status === 'disabled') await endEverything(at, account, 'account disabled')
      return toView(await replace(at, { ...account, status }))
    },
  })

export const accountOperations = [
  operation({
    name: 'account.add',
    summary: 'Make an account',
    scope: 'realm',
    positional: ['upn'],
    input: z.object({
      upn: mailAddress('User principal name, which people sign in with'),
      displayName: shownText('Shown to people; the user principal name when left out').optional(),
      address: mailAddress('Primary mail address; the user principal name when left out').optional(),
      furtherAddresses: z
        .array(mailAddress('A further address'))
        .max(100)
        .default([])
        .describe('Further mail addresses; may be repeated'),
      phone: phoneNumber.optional(),
      groups: groups.default([]),
      generatePassword: z.boolean().default(false).describe('Give it a random password, shown once'),
    }),
    output: accountView.extend({ password: z.string().optional().describe('Shown once') }),
    next: ({ upn, password }) =>
      password === undefined ? `This account has no password yet. Give it one: postern account set-password ${upn}` : undefined,
    errors: ['conflict', 'invalid', 'password_refused'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input: { generatePassword: wanted, phone, ...input }, at }) => {
      await requireOwnDomains(at, [input.upn, ...(input.address === undefined ? [] : [input.address]), ...input.furtherAddresses])
      const now = at.clock()
      const account: Account = Object.freeze({
        ...input,
        id: at.newId() as Account['id'], // made here, so it names no other kind of thing
        displayName: input.displayName ?? input.upn,
        address: input.address ?? input.upn,
        ...(phone === undefined ? {} : { phone }),
        status: 'active',
        createdAt: now,
        updatedAt: now,
      })
      if ((await at.kept.accounts.add(account)) === 'conflict') {
        throw new OperationRefused(
          'conflict',
          `An account has the name or an address of ${input.upn} already. See: postern account show ${input.upn}`,
        )
      }
      if (!wanted) return toView(account)
      const password = generatePassword(at.random)
      await setPassword(at, account, password)
      return { ...toView(account), password }
    },
  }),
  operation({
    name: 'account.list',
    summary: 'List accounts, in order of their names',
    scope: 'realm',
    input: z.object({
      search: shownText('Part of a name or address').optional(),
      after: shownText('Begin behind this user principal name', 254).optional(),
      limit: pageLimit,
    }),
    output: z.array(accountView),
    columns,
    errors: [],
    run: async ({ input: { search, after, limit }, at }) =>
      (
        await at.kept.accounts.list({
          limit,
          ...(search === undefined ? {} : { search }),
          ...(after === undefined ? {} : { after }),
        })
      ).map(toView),
  }),
  operation({
    name: 'account.show',
    summary: 'Show an account, its second factors and where it is signed in',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: accountView.extend({
      hasPassword: z.boolean(),
      factors: z.array(
        z.object({ method: z.string(), label: z.string(), state: z.string(), createdAt: when, lastUsedAt: when.optional() }),
      ),
      mailClients: z.array(z.object({ clientId: z.string(), startedAt: when, lastUsedAt: when })),
    }),
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const account = await requireAccount(kept, input.account)
      const factors = await kept.authenticators.list(account.id)
      const families = await kept.refreshTokens.families(account.id)
      return {
        ...toView(account),
        hasPassword: (await kept.passwords.find(account.id)) !== undefined,
        factors: factors.map(({ method, label, state, createdAt, lastUsedAt }) => ({
          method,
          label,
          state,
          createdAt: createdAt.toISOString(),
          ...(lastUsedAt === undefined ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
        })),
        mailClients: families.map(({ clientId, startedAt, lastUsedAt }) => ({
          clientId,
          startedAt: startedAt.toISOString(),
          lastUsedAt: lastUsedAt.toISOString(),
        })),
      }
    },
  }),
  operation({
    name: 'account.change',
    summary: 'Change an account; what is left out stays',
    scope: 'realm',
    positional: ['account'],
    input: someone.extend({
      upn: mailAddress('New user principal name').optional(),
      displayName: shownText('Shown to people').optional(),
      address: mailAddress('Primary mail address').optional(),
      furtherAddresses: z
        .array(mailAddress('A further address'))
        .max(100)
        .optional()
        .describe("All further mail addresses; may be repeated; '' empties them"),
      phone: z
        .union([z.literal(''), phoneNumber], 'must be in international form, for example +4915112345678, or empty')
        .optional()
        .describe("Phone number in international form (E.164); '' takes it away"),
      groups: groups.optional().describe("All groups, which policies can name; may be repeated; '' empties them"),
    }),
    output: accountView,
    columns,
    errors: ['missing', 'conflict', 'invalid'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input: { account: name, phone, ...wanted }, at }) => {
      const { phone: before, ...account } = await requireAccount(at.kept, name)
      const names = [wanted.upn, wanted.address, ...(wanted.furtherAddresses ?? [])]
      await requireOwnDomains(
        at,
        names.filter((one) => one !== undefined),
      )
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      const number = phone ?? before
      return toView(
        await replace(at, { ...account, ...given, ...(number === undefined || number === '' ? {} : { phone: number }) }),
      )
    },
  }),
  setStatus('disabled', 'Stop an account: its sessions and the sign-ins of its mail clients end at once'),
  setStatus('active', 'Let a disabled account sign in again'),
  operation({
    name: 'account.remove',
    summary: 'Remove an account with its password, factors, sessions and refresh tokens',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: z.object({ removed: z.string() }),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input, at }) => {
      const account = await requireAccount(at.kept, input.account)
      await endEverything(at, account, 'account removed')
      await at.kept.accounts.remove(account.id)
      return { removed: account.upn }
    },
  }),
  operation({
    name: 'account.set-password',
    summary: 'Give an account a new password; its sessions and the sign-ins of its mail clients end',
    scope: 'realm',
    positional: ['account'],
    localOnly: true,
    input: someone.extend({
      password: z
        .string()
        .max(1000, 'must have at most 1000 characters')
        .optional()
        .meta({ description: 'The new password', secret: true }),
    }),
    output: z.object({ upn: z.string(), password: z.string().optional().describe('Shown once') }),
    errors: ['missing', 'password_refused'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input, at }) => {
      const account = await requireAccount(at.kept, input.account)
      const generated = input.password === undefined ? generatePassword(at.random) : undefined
      await setPassword(at, account, input.password ?? generated ?? '')
      await endEverything(at, account, 'password changed')
      return { upn: account.upn, ...(generated === undefined ? {} : { password: generated }) }
    },
  }),
  operation({
    name: 'account.reset-factors',
    summary:
      'Take away everything that an account can show beside its password, e.g. because the phone is lost, and sign it out; only after you have made sure who asks',
    scope: 'realm',
    positional: ['account'],
    input: someone.extend({
      givePass: z.boolean().default(false).describe('Give an access pass with it, with which the person sets up a new factor'),
      minutes: passMinutes,
    }),
    output: z.object({
      upn: z.string(),
      removed: z.number().int(),
      recoveryCodes: z.number().int(),
      browsers: z.number().int(),
      pass: z.string().optional().describe('Shown once'),
      passExpiresAt: when.optional(),
    }),
    next: ({ upn, pass }) =>
      pass === undefined
        ? `A password alone sets up no factor, but from a trusted network. Give an access pass: postern mfa pass-give ${upn}`
        : `The pass is shown only here. Hand it to ${upn} in person or by telephone, never by e-mail.`,
    errors: ['missing', 'last_administrator'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input, at, running }) => {
      const { kept, clock } = at
      const account = await requireAccount(kept, input.account)
      if (!input.givePass)
        await requireAnotherAdministrator(kept, account, {
          now: clock(),
          remedy: 'Without an access pass nobody could set one up again: add --give-pass.',
        })
      const { authenticators, recoveryCodes, browsers, pass: hadPass } = await at.factors.reset(kept, account.id)
      await endEverything(at, account, 'second factors reset')
      const { campaignId } = account.enforcement ?? {}
      const state = 'enforced'
      await kept.enforcement.set([account.id], { state, at: clock(), ...(campaignId === undefined ? {} : { campaignId }) })
      await at.record(kept, {
        event: 'factor.reset',
        reference: running.reference,
        actor: running.actor,
        accountId: account.id,
        detail: { authenticators, recoveryCodes, browsers, pass: hadPass },
      })
      await at.tell(kept, account, { kind: 'factors_reset' })
      const given = input.givePass ? await givePass(at, running, { account, uses: 'once', minutes: input.minutes }) : undefined
      return {
        upn: account.upn,
        removed: authenticators,
        recoveryCodes,
        browsers,
        ...(given === undefined ? {} : { pass: given.pass, passExpiresAt: given.expiresAt.toISOString() }),
      }
    },
  }),
  operation({
    name: 'account.end-sessions',
    summary: 'Sign an account out everywhere, mail clients included',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: z.object({ upn: z.string() }),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input, at }) => {
      const account = await requireAccount(at.kept, input.account)
      await endEverything(at, account, 'signed out by an administrator')
      return { upn: account.upn }
    },
  }),
]
