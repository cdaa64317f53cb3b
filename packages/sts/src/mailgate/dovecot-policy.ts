/**
 * dovecot-policy answers Dovecot's `auth_policy`, which asks without a secret, before it is looked at or after.
 *
 * It owns what can be said then: nobody is let in here, and `0` means no more than "go on". Before, nobody has shown anything, so
 * nothing is said that hangs on the account or its apps (R87): only a source that tried too often is refused. After (`proved`), a
 * blocked app, a protocol that no rule opens and a disabled account are refused too, which is how they reach tokens that Dovecot
 * checks by itself. That something was proved is Dovecot's word.
 * @module
 */
import type { MailServer } from '@postern/storage'
import { z } from 'zod'
import { sourceOf } from '../accounts/source.ts'
import { plainAddress } from '../http/plain-address.ts'
import { decideMailAccess, letInOf } from '../policy/mail/mail-access.ts'
import { rulesOfAccount } from '../policy/mail/mail-rules.ts'
import { findMailProtocol, type MailProtocol } from '../policy/mail/protocols.ts'
import { type AppClaims, identifyApp } from './app-identity.ts'
import { requireServed, signalsOf } from './decide.ts'
import { MailgateError } from './errors.ts'
import { cleanName } from './gate-request.ts'
import type { GateRealm } from './ports.ts'

/** `-1`: refuse. `0`: go on; whoever checks the password decides. */
export type DovecotVerdict = Readonly<{ status: -1 | 0; msg: string }>

export interface DovecotQuestion {
  readonly name: string
  readonly app: AppClaims
  /** Dovecot has found the secret right. */
  readonly isProved: boolean
}

const text = z.string().max(2048)
/** Members can be chosen in Dovecot's configuration, and reports have more of them: those not known are not looked at. */
const question = z.object({
  login: text.optional(),
  remote: text.optional(),
  protocol: text.optional(),
  device_id: text.optional(),
  proved: text.optional(),
})

/** Dovecot's own names; the rest are ours. */
const services: ReadonlyMap<string, MailProtocol> = new Map([
  ['pop3', 'pop'],
  ['submission', 'smtp'],
  ['managesieve', 'sieve'],
])

/** @throws {MailgateError} `request_malformed` */
export function parseDovecotQuestion(body: string): DovecotQuestion {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw new MailgateError('request_malformed', 'The question is no JSON.', { cause })
  }
  const parsed = question.safeParse(value)
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
    throw new MailgateError('request_malformed', `The question is malformed at: ${where}.`)
  }
  const { login = '', remote = '', protocol: service = '', device_id: device = '', proved } = parsed.data
  const protocol = services.get(service.toLowerCase()) ?? findMailProtocol(service)
  if (protocol === undefined) throw new MailgateError('request_malformed', 'The question names no mail protocol.')
  const source = plainAddress(remote)
  const app = Object.freeze({ protocol, imapId: parseImapId(device), source })
  return Object.freeze({ name: cleanName(login), app, isProved: proved === 'yes' })
}

/** What `%{client_id}` expands to: the list of IMAP's ID command, `"name" "Thunderbird" "version" "140"`. */
export function parseImapId(list: string): Readonly<Record<string, string>> | undefined {
  const words = [...list.matchAll(/"((?:[^"\\]|\\.)*)"|\bNIL\b/gi)].map(([, word]) => word?.replaceAll(/\\(.)/gs, '$1') ?? '')
  const pairs: (readonly [string, string])[] = []
  for (let at = 0; at + 1 < words.length && pairs.length < 30; at += 2) pairs.push([words[at] ?? '', words[at + 1] ?? ''])
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}

const goOn: DovecotVerdict = Object.freeze({ status: 0, msg: '' })
const refuse = (msg: string): DovecotVerdict => Object.freeze({ status: -1, msg })

export const createDovecotPolicy =
  ({ clock }: { clock: () => Date }) =>
  async ({ realm, server, asked }: { realm: GateRealm; server: MailServer; asked: DovecotQuestion }): Promise<DovecotVerdict> => {
    const { name, app: claims, isProved } = asked
    const { source, protocol } = claims
    requireServed(server, asked)
    if (source !== undefined) {
      const counter = { subject: `source:${sourceOf(source)}`, method: 'password' }
      const state = await realm.store.attempts.find(counter)
      if (state?.blockedUntil !== undefined && state.blockedUntil > clock()) return refuse('Too many tries.')
    }
    if (!isProved) return goOn
    const identity = identifyApp(claims)
    const view = name === '' ? undefined : await realm.store.mailApps.look({ name, identity: identity.identity })
    if (view === undefined) return goOn
    if (view.account.status !== 'active') return refuse('Not let in.')
    const rules = rulesOfAccount(realm.mail.rules, view.authenticationPolicyId)
    const letIn = letInOf(view.app)
    // Whatever may follow: an app is turned away here only if nothing that it could show would let it in.
    const isOpen = (['app-password', 'password', 'token'] as const).some((shown) => {
      const signals = signalsOf({ account: view.account, identity, question: { app: { ...claims, protocol } }, letIn, shown })
      return decideMailAccess(rules, signals).outcome !== 'blocked'
    })
    return isOpen ? goOn : refuse('Not let in.')
  }
