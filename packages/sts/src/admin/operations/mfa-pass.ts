import type { Account } from '@postern/storage'
import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { shownText, when } from '../fields.ts'
import { requireAnotherAdministrator } from '../last-administrator.ts'
import { operation, type RealmPorts, type Running } from '../operation.ts'
import { requireAccount } from '../require-account.ts'

const someone = z.object({ account: shownText('User principal name, address or id of the account', 254) })

export const passMinutes = z
  .number()
  .int('must be whole minutes')
  .min(10, 'must be at least 10 minutes')
  .max(30 * 24 * 60, 'must be at most 43200 minutes, which are 30 days')
  .default(60)
  .describe('How long it lives, from its start')

/** Makes it, tells its owner that there is one, and records it. */
export async function givePass(
  at: RealmPorts,
  { actor, reference }: Pick<Running, 'actor' | 'reference'>,
  wanted: { account: Account; uses: 'once' | 'many'; minutes: number; startsAt?: Date },
): Promise<{ pass: string; expiresAt: Date }> {
  const { account, uses, minutes } = wanted
  const starting = wanted.startsAt === undefined ? {} : { startsAt: wanted.startsAt }
  const { pass, expiresAt } = await at.passes.give(at.kept, {
    accountId: account.id,
    uses,
    minutes,
    createdBy: actor,
    ...starting,
  })
  await at.record(at.kept, {
    event: 'access_pass.given',
    reference,
    actor,
    accountId: account.id,
    detail: { uses, expiresAt, ...starting },
  })
  await at.tell(at.kept, account, { kind: 'access_pass_given', validUntil: expiresAt })
  return { pass, expiresAt }
}

export const mfaPassOperations = [
  operation({
    name: 'mfa.pass-give',
    summary:
      'Give a person an access pass, after you have made sure who it is: beside their password it opens one sign-in, in which they set up a factor',
    scope: 'realm',
    positional: ['account'],
    input: someone.extend({
      minutes: passMinutes,
      many: z.boolean().default(false).describe('May be used again and again while it lives; otherwise once'),
      starts: z.iso
        .datetime('must be a time in UTC, for example 2027-01-31T12:00:00Z')
        .optional()
        .describe('Not good before this time, e.g. 2027-01-31T12:00:00Z'),
    }),
    output: z.object({
      upn: z.string(),
      pass: z.string().describe('Shown once'),
      uses: z.enum(['once', 'many']),
      startsAt: when,
      expiresAt: when,
    }),
    next: ({ upn }) =>
      `The pass is shown only here. Hand it to ${upn} in person or by telephone, never by e-mail. An earlier one has ended.`,
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input: { account: name, minutes, many, starts }, at, running }) => {
      const account = await requireAccount(at.kept, name)
      const startsAt = starts === undefined ? at.clock() : new Date(starts)
      if (startsAt < at.clock()) throw new OperationRefused('invalid', 'A pass cannot start in the past (starts)')
      const uses = many ? ('many' as const) : ('once' as const)
      const { pass, expiresAt } = await givePass(at, running, { account, uses, minutes, startsAt })
      return { upn: account.upn, pass, uses, startsAt: startsAt.toISOString(), expiresAt: expiresAt.toISOString() }
    },
  }),
  operation({
    name: 'mfa.pass-revoke',
    summary: 'Take back the access pass of an account',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: z.object({ upn: z.string() }),
    errors: ['missing', 'last_administrator'],
    changed: ({ output }) => ({ subject: output.upn }),
    run: async ({ input, at, running: { actor, reference } }) => {
      const { kept, clock } = at
      const account = await requireAccount(kept, input.account)
      const hasFactor = (await kept.authenticators.list(account.id)).some(({ state }) => state === 'active')
      const pass = await kept.accessPasses.find(account.id)
      if (pass === undefined || pass.expiresAt <= clock())
        throw new OperationRefused('missing', `${account.upn} has no access pass. See: postern mfa show ${account.upn}`)
      if (!hasFactor)
        await requireAnotherAdministrator(kept, account, {
          now: clock(),
          remedy: 'Let a factor be set up first, or give a new pass, which ends this one.',
        })
      await kept.accessPasses.remove(account.id)
      await at.record(kept, { event: 'access_pass.revoked', reference, actor, accountId: account.id, detail: {} })
      return { upn: account.upn }
    },
  }),
]
