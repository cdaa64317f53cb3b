import { z } from 'zod'
import type { Gating } from '../../policy/mail/mail-rules.ts'
import { OperationRefused } from '../errors.ts'
import { shownText } from '../fields.ts'
import { findGatingEffect } from '../gating-effect.ts'
import { loadMailRules } from '../mail-rules-of-realm.ts'
import { operation } from '../operation.ts'

const gateView = z.object({
  for: z.enum(['nobody', 'everybody', 'group']),
  group: z.string().optional(),
  mode: z.enum(['on', 'report-only']),
  /** For whom gating is on. */
  accounts: z.number().int(),
  /** By protocol: how many of them lose password sign-in by it. */
  switchedOff: z.record(z.string(), z.number().int()),
  mustActivate: z.number().int(),
  activeApps: z.number().int(),
  appPasswords: z.number().int(),
})

const count = (many: number, one: string, more = `${one}s`): string => `${many} ${many === 1 ? one : more}`

function describeGate(gate: z.output<typeof gateView>): string {
  if (gate.for === 'nobody') return 'Gating is off. Authentication policies alone say what passwords are worth.'
  const whom = gate.for === 'group' ? `the group ${gate.group}` : 'everybody'
  const would = gate.mode === 'report-only'
  const off = Object.entries(gate.switchedOff).map(([protocol, many]) => `  ${protocol} for ${count(many, 'account')}`)
  return [
    would
      ? `Gating for ${whom} (${count(gate.accounts, 'account')}) is judged and told, and changes nothing yet.`
      : `Gating is on for ${whom} (${count(gate.accounts, 'account')}).`,
    ...(off.length > 0
      ? [
          `${would ? 'If it were on, it would switch off' : 'It switches off'} all passwords, app passwords too, by`,
          ...off,
          `That ${would ? 'would concern' : 'concerns'} ${count(gate.activeApps, 'active app')} and ${count(gate.appPasswords, 'app password')}. Tokens go on.`,
          'An authentication policy that names a protocol keeps it: postern policy auth-put <name> --approved-only imap,smtp',
        ]
      : ['No protocol is switched off by it that was not before.']),
    ...(gate.mustActivate > 0
      ? [
          `${count(gate.mustActivate, 'account')} ${would ? 'would have' : 'have'} to let apps in that so far needed the password alone.`,
        ]
      : []),
  ].join('\n')
}

export const mailAppGateOperations = [
  operation({
    name: 'mailapp.gate',
    summary:
      'Switch gating on or off: mail apps that nobody knows wait for their owner, and POP, IMAP, SMTP and RPC take no passwords',
    scope: 'realm',
    input: z.object({
      for: z.enum(['nobody', 'everybody', 'group']).describe('For whom'),
      group: shownText('With --for group: its name, compared without regard to case', 256).optional(),
      mode: z.enum(['on', 'report-only']).default('on').describe('report-only: judged and told, not enforced'),
    }),
    output: gateView,
    present: (gate) => ({ text: describeGate(gate) }),
    next: ({ for: whom, accounts, group }) =>
      whom === 'group' && accounts === 0
        ? `Warning: nobody is in the group ${group}. If that is a mistake, name the right one (postern account list)`
        : undefined,
    errors: ['invalid', 'missing'],
    changed: ({ output }) => ({
      subject: `gating: ${output.for}${output.group === undefined ? '' : ` ${output.group}`} ${output.mode}`,
    }),
    run: async ({ input: { for: whom, group, mode }, at }) => {
      if ((whom === 'group') !== (group !== undefined))
        throw new OperationRefused('invalid', 'Name a group with --for group, and only then (group)')
      const realm = await at.store.realms.find(at.realm.id)
      if (realm === undefined) throw new OperationRefused('missing', 'The realm is gone. See: postern realm list')
      const gating: Gating = { for: whom, ...(group === undefined ? {} : { group }), mode }
      const before = await loadMailRules(at)
      // What it would do is counted as though it were on.
      const after = { ...before, gating: { ...gating, mode: 'on' as const } }
      const isIn = (groups: readonly string[]) => groups.some((one) => one.toLowerCase() === group?.toLowerCase())
      const effect = await findGatingEffect(at.kept, {
        before,
        after,
        isGated: ({ groups }) => whom === 'everybody' || (whom === 'group' && isIn(groups)),
      })
      await at.store.realms.change(realm.id, { settings: { ...realm.settings, gating } })
      return { ...gating, ...effect, switchedOff: { ...effect.switchedOff } }
    },
  }),
]
