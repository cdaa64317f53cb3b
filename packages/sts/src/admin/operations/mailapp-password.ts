import type { AppPassword } from '@postern/storage'
import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { shownText, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { requireAccount } from '../require-account.ts'

const passwordView = z.object({
  id: z.string(),
  label: z.string(),
  protocols: z.array(z.string()),
  networks: z.array(z.string()),
  app: z.string().optional(),
  createdAt: when,
  createdBy: z.string(),
  expiresAt: when.optional(),
  lastUsedAt: when.optional(),
  lastSource: z.string().optional(),
  lastProtocol: z.string().optional(),
})
const someone = z.object({ account: shownText('User principal name, address or id of the account', 254) })

function toView(password: AppPassword, apps: ReadonlyMap<string, string>): z.input<typeof passwordView> {
  const { id, label, protocols, networks, mailAppId, createdAt, createdBy, expiresAt, lastUsedAt, lastSource, lastProtocol } =
    password
  return {
    id,
    label,
    protocols: [...protocols],
    networks: [...networks],
    ...(mailAppId === undefined ? {} : { app: apps.get(mailAppId) ?? mailAppId }),
    createdAt: createdAt.toISOString(),
    createdBy,
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: lastUsedAt.toISOString() }),
    ...(lastSource === undefined ? {} : { lastSource }),
    ...(lastProtocol === undefined ? {} : { lastProtocol }),
  }
}

export const mailAppPasswordOperations = [
  operation({
    name: 'mailapp.password-list',
    summary: 'List the app passwords of an account (never a secret), newest first. Only their owner can make one, in the portal',
    scope: 'realm',
    positional: ['account'],
    input: someone,
    output: z.array(passwordView),
    columns: ['id', 'label', 'protocols', 'app', 'createdAt', 'expiresAt', 'lastUsedAt', 'lastSource'],
    errors: ['missing'],
    run: async ({ input, at: { kept } }) => {
      const account = await requireAccount(kept, input.account)
      const apps = new Map((await kept.mailApps.list(account.id)).map(({ id, label }) => [id, label]))
      return (await kept.appPasswords.list(account.id)).map((one) => toView(one, apps))
    },
  }),
  operation({
    name: 'mailapp.password-revoke',
    summary: 'Take an app password back, or all of an account: they open nothing any more, and connections end',
    scope: 'realm',
    positional: ['account', 'password'],
    input: someone.extend({
      password: shownText('Id of the app password; mailapp password-list shows them').optional(),
      all: z.boolean().default(false).describe('All that the account has'),
    }),
    output: z.object({ account: z.string(), revoked: z.number().int() }),
    errors: ['missing', 'invalid'],
    changed: ({ output }) => ({ subject: `${output.account}: ${output.revoked} app passwords` }),
    run: async ({ input: { account: name, password: id, all }, at: { kept, record }, running: { actor, reference } }) => {
      if ((id === undefined) !== all)
        throw new OperationRefused('invalid', 'Name an app password, or give --all, not both (password)')
      const account = await requireAccount(kept, name)
      const label = id === undefined ? undefined : (await kept.appPasswords.list(account.id)).find((one) => one.id === id)?.label
      const revoked =
        id === undefined ? await kept.appPasswords.removeAll(account.id) : Number(await kept.appPasswords.remove(account.id, id))
      if (id !== undefined && revoked === 0)
        throw new OperationRefused(
          'missing',
          `${account.upn} has no app password ${id}. See: postern mailapp password-list ${account.upn}`,
        )
      const detail = { ...(id === undefined ? {} : { appPasswordId: id, label }), count: revoked }
      await record(kept, { event: 'app_password.revoked', reference, accountId: account.id, actor, detail })
      return { account: account.upn, revoked }
    },
  }),
]
