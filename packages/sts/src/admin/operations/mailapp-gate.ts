import { z } from 'zod'
import type { Gating } from '../../policy/mail/mail-rules.ts'
import { OperationRefused } from '../errors.ts'
import { shownText } from '../fields.ts'
import { findGatingEffect } from '../gating-effect.ts'
import { loadMailRules } from '../mail-rules-of-realm.ts'
import { operation } from '../operation.ts'

const gatingView = {
  for: z.enum(['nobody', 'everybody', 'group']),
  group: z.string().optional(),
  mode: z.enum(['on', 'report-only']),
}

const counts = z.record(z.string(), z.number().int())

const gateView = z.object({
  ...gatingView,
  before: z.object(gatingView),
  /** For whom gating is on. */
  accounts: z.number().int(),
  /** By protocol: how many of them lose password sign-in by it, who had it before. */
  switchedOff: counts,
  /** By protocol: for how many it takes passwords again. */
  openedAgain: counts,
  mustActivate: z.number().int(),
  mayStopActivating: z.number().int(),
  activeApps: z.number().int(),
  appPasswords: z.number().int(),
})

type Gate = z.output<typeof gateView>

const count = (many: number, one: string, more = `${one}s`): string => `${many} ${many === 1 ? one : more}`

const listed = (by: Gate['switchedOff']): readonly string[] =>
  Object.entries(by).map(([protocol, many]) => `  ${protocol} for ${count(many, 'account')}`)

const whom = ({ for: one, group }: Pick<Gate, 'for' | 'group'>): string => (one === 'group' ? `the group ${group}` : one)

function describeGate(gate: Gate): string {
  const { before } = gate
  const isSame = before.for === gate.for && before.group === gate.group && before.mode === gate.mode
  return [
    describeWhom(gate),
    ...(before.for === 'nobody' || isSame
      ? []
      : [
          `Before, it was ${before.mode === 'on' ? 'on' : 'judged and told only'} for ${whom(before)}. What follows is the difference.`,
        ]),
    ...describeLosses(gate),
    ...describeGains(gate),
    ...(isQuiet(gate) && gate.for !== 'nobody' ? ['By no protocol does it change what passwords are worth.'] : []),
  ].join('\n')
}

function describeWhom(gate: Gate): string {
  if (gate.for === 'nobody') return 'Gating is off. Authentication policies alone say what passwords are worth.'
  const these = `${whom(gate)} (${count(gate.accounts, 'account')})`
  return gate.mode === 'on' ? `Gating is on for ${these}.` : `Gating for ${these} is judged and told, and not enforced.`
}

function describeLosses(gate: Gate): readonly string[] {
  const isOnly = gate.mode === 'report-only'
  const off = listed(gate.switchedOff)
  return [
    ...(off.length > 0
      ? [
          `${isOnly ? 'If it were on, it would switch off' : 'It switches off'} all passwords, app passwords too, by`,
          ...off,
          `That ${isOnly ? 'would concern' : 'concerns'} ${count(gate.activeApps, 'active app')} and ${count(gate.appPasswords, 'app password')}. Tokens go on.`,
          'An authentication policy that names a protocol keeps it: postern policy auth-put <name> --approved-only imap,smtp',
        ]
      : []),
    ...(gate.mustActivate > 0
      ? [
          `${count(gate.mustActivate, 'account')} ${isOnly ? 'would have' : gate.mustActivate === 1 ? 'has' : 'have'} to let apps in that so far needed the password alone.`,
        ]
      : []),
  ]
}

function describeGains(gate: Gate): readonly string[] {
  const opened = listed(gate.openedAgain)
  return [
    ...(opened.length > 0
      ? ['Passwords that gating kept out are taken again, as authentication policies have it, by', ...opened]
      : []),
    ...(gate.mayStopActivating > 0
      ? [`For ${count(gate.mayStopActivating, 'account')} the password alone is enough again where apps had to be let in so far.`]
      : []),
  ]
}

const isQuiet = (gate: Gate): boolean => [...describeLosses(gate), ...describeGains(gate)].length === 0

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
    present: (gate) => ({
      text: describeGate(gate),
      ...(gate.for === 'group' &&
        gate.accounts === 0 && {
          note: `Warning: nobody is in the group ${gate.group}, so this holds for nobody. If that is a mistake, name the right one (postern account list)`,
        }),
    }),
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
      const isIn = (groups: readonly string[]) => groups.some((one) => one.toLowerCase() === group?.toLowerCase())
      const effect = await findGatingEffect(at.kept, {
        before,
        after: { ...before, gating },
        wanted: { ...before, gating: { ...gating, mode: 'on' } },
        isGated: ({ groups }) => whom === 'everybody' || (whom === 'group' && isIn(groups)),
      })
      await at.store.realms.change(realm.id, { settings: { ...realm.settings, gating } })
      const { switchedOff, openedAgain, ...numbers } = effect
      return {
        ...gating,
        before: before.gating ?? { for: 'nobody', mode: 'on' },
        ...numbers,
        switchedOff: { ...switchedOff },
        openedAgain: { ...openedAgain },
      }
    },
  }),
]
