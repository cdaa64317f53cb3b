/**
 * Decides whether a mail app may go on that has shown a right password, app password or token.
 *
 * It owns the order of the rules (authentication policy, gating, app access, state of the app) and the reasons. It does not
 * look whether what was shown is right, expired or bound to another app, nor at conditional access: the gate does. Pure.
 * @module
 */
import { type AuthenticationPolicy, builtIn, type PasswordSetting } from './authentication-policy.ts'
import type { MailRules } from './mail-rules.ts'
import { type MailProtocol, mailProtocols } from './protocols.ts'
import type { DecidedReasonCode, MailOutcome, MailReason } from './reasons.ts'

export type { MailRules } from './mail-rules.ts'
export type { MailOutcome, MailReason, MailReasonCode } from './reasons.ts'

/** What is known about one try when it is judged. */
export interface MailSignals {
  readonly account: { readonly id: string; readonly upn: string; readonly groups: readonly string[] }
  readonly protocol: MailProtocol
  /** What it showed, and what was right. */
  readonly shown: 'password' | 'app-password' | 'token'
  readonly app: {
    /** `new`: the account has no such app yet. */
    readonly state: 'new' | 'pending' | 'quarantined' | 'active' | 'blocked'
    /**
     * What an active one got in by. `owner`: somebody decided it, its owner or an administrator, and the account's own password
     * opens it. `app-password`: nobody did, it showed one. Absent means that too, so that who forgets to say it opens nothing.
     */
    readonly letInBy?: 'owner' | 'app-password'
    readonly deviceType?: string
    readonly model?: string
    readonly userAgent?: string
  }
}

export type MailDecision = Readonly<{
  outcome: MailOutcome
  reason: DecidedReasonCode
  /** What each rule said that had a say, in the order of the rules. */
  because: readonly MailReason[]
  /** What the outcome would be if everything in report-only mode were on. */
  ifReportOnlyWereOn: MailOutcome
  /** This very app would get in by an app password. */
  appPasswordHelps: boolean
  /** The state in which to keep an app that is not known yet; also `quarantined` for one that waited for its owner and has to wait for an administrator now. */
  newState?: 'pending' | 'quarantined'
}>

/** What a tile says of that: {@link MailSignals} of an app as it is kept, or of one that is not known. */
export const letInOf = (
  app: { readonly state: MailSignals['app']['state']; readonly decidedBy?: string } | undefined,
): Pick<MailSignals['app'], 'state' | 'letInBy'> =>
  app?.state === 'active'
    ? { state: 'active', letInBy: app.decidedBy === byAppPassword ? 'app-password' : 'owner' }
    : { state: app?.state ?? 'new' }

/** In the place of who let an app in: an app password that it showed. */
export const byAppPassword = 'app-password'

/** What gating switches off, because apps of these protocols tell too little about themselves to be let in one by one. */
export const gatedOff: readonly MailProtocol[] = Object.freeze(['pop', 'imap', 'smtp', 'rpc'])

/**
 * Holds the rules against one try. One that blocks wins over one that makes wait, and that over one that allows; of equal
 * ones the first gives the reason. Nothing in report-only mode changes the outcome.
 */
export function decideMailAccess(rules: MailRules, signals: MailSignals): MailDecision {
  const enforced = judge(rules, signals, 'enforced')
  const supposed = onlyReports(rules) ? judge(rules, signals, 'supposed') : enforced
  const { result: outcome, code: reason } = conclude(enforced)
  const reported = supposed.filter(({ mode }) => mode === 'report-only')
  const newState = stateAfter(signals.app.state, reason)
  return Object.freeze({
    outcome,
    reason,
    because: Object.freeze([...enforced, ...reported].sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))),
    ifReportOnlyWereOn: conclude(supposed).result,
    appPasswordHelps: byAppPasswordOf(rules, signals, enforced) === 'allow',
    ...(newState && { newState }),
  })
}

/** Whether anything is in report-only mode: without it, what is supposed is what is enforced. */
const onlyReports = ({ assigned, standard, gating, accessRules }: MailRules): boolean =>
  [assigned, standard, gating, ...accessRules].some((one) => one?.mode === 'report-only')

const byAppPasswordOf = (rules: MailRules, signals: MailSignals, enforced: readonly MailReason[]): MailOutcome =>
  conclude(signals.shown === 'app-password' ? enforced : judge(rules, { ...signals, shown: 'app-password' }, 'enforced')).result

/** Whether the account's owner may make app passwords, and for which protocols: wherever one would not be refused by rule. */
export function mayMakeAppPassword(
  rules: MailRules,
  account: MailSignals['account'],
): { readonly allowed: boolean; readonly protocols: readonly MailProtocol[] } {
  const applying = applyingTo(rules, account, 'enforced')
  const protocols = applying.appPasswords
    ? mailProtocols.filter((protocol) => passwordsBy(protocol, applying).gated !== 'block')
    : []
  return Object.freeze({ allowed: protocols.length > 0, protocols: Object.freeze(protocols) })
}

/** What passwords are worth for one protocol, gating included. */
export const passwordSettingOf = (rules: MailRules, account: MailSignals['account'], protocol: MailProtocol): PasswordSetting =>
  passwordsBy(protocol, applyingTo(rules, account, 'enforced')).gated

/** `enforced`: only what is on. `supposed`: with what only reports. */
type View = 'enforced' | 'supposed'
const order: readonly MailReason['kind'][] = ['authentication-policy', 'gating', 'access-rule', 'access-default', 'app']

const counts = (mode: AuthenticationPolicy['mode'], view: View): boolean =>
  mode === 'on' || (mode === 'report-only' && view === 'supposed')

interface Applying {
  readonly policy: AuthenticationPolicy | undefined
  readonly appPasswords: boolean
  readonly gatingMode: 'on' | 'report-only' | undefined
}

/** What speaks of this account at all. A policy that does not count leaves its place to the next one. */
function applyingTo({ assigned, standard, gating }: MailRules, account: MailSignals['account'], view: View): Applying {
  const policy = [assigned, standard].find((one) => one !== undefined && counts(one.mode, view))
  const isGated =
    gating !== undefined &&
    counts(gating.mode, view) &&
    (gating.for === 'everybody' || (gating.for === 'group' && isIn(account.groups, gating.group)))
  return {
    policy,
    appPasswords: policy?.definition.appPasswords ?? builtIn.appPasswords,
    gatingMode: isGated ? gating.mode : undefined,
  }
}

/** As the policy has it, and what gating makes of that. Gating takes; it never gives. */
function passwordsBy(protocol: MailProtocol, { policy, gatingMode }: Applying): { own: PasswordSetting; gated: PasswordSetting } {
  const named = policy?.definition.password?.[protocol]
  const own = named ?? builtIn.password
  // Whoever names one of the strict settings has said more than gating would.
  if (gatingMode === undefined || own === 'block' || own === 'app-password') return { own, gated: own }
  return { own, gated: named === undefined && gatedOff.includes(protocol) ? 'block' : 'approved' }
}

function judge(rules: MailRules, signals: MailSignals, view: View): readonly MailReason[] {
  const applying = applyingTo(rules, signals.account, view)
  return [
    judgePolicy(applying, signals),
    ...judgeGating(applying, signals),
    ...judgeAccess(rules, signals, view),
    ...judgeState(signals),
  ]
}

function judgePolicy(applying: Applying, signals: MailSignals): MailReason {
  const { protocol, shown } = signals
  const { policy, appPasswords } = applying
  const say = sayer({ kind: 'authentication-policy', rule: policy?.name ?? 'built-in', mode: policy?.mode })
  if (shown === 'token') {
    const modern = policy?.definition.modern?.[protocol] ?? builtIn.modern
    return modern
      ? say('allow', 'modern', `Takes tokens for ${protocol}.`)
      : say('blocked', 'modern_blocked', `Takes no tokens for ${protocol}.`)
  }
  const { own } = passwordsBy(protocol, applying)
  if (own === 'block') return say('blocked', 'protocol_blocked', `Takes no password of any kind for ${protocol}.`)
  if (shown === 'app-password')
    return appPasswords
      ? say('allow', 'app_password', `Takes app passwords for ${protocol}.`)
      : say('blocked', 'app_passwords_off', 'Takes no app passwords.')
  return judgePassword(own, signals, say)
}

function judgeGating(applying: Applying, signals: MailSignals): readonly MailReason[] {
  const { gatingMode } = applying
  if (gatingMode === undefined || signals.shown === 'token') return []
  const { own, gated } = passwordsBy(signals.protocol, applying)
  const say = sayer({ kind: 'gating', rule: 'gating', mode: gatingMode })
  if (own !== 'block' && gated === 'block')
    return [
      say('blocked', 'gating_blocks_protocol', `Switches passwords off for ${signals.protocol}, which the policy does not name.`),
    ]
  if (own !== 'allow' || signals.shown === 'app-password') return []
  return [judgePassword('approved', signals, say)]
}

/** What the account's own password is worth, given that it is not blocked. */
function judgePassword(setting: PasswordSetting, { protocol, app }: MailSignals, say: Say): MailReason {
  if (setting === 'app-password')
    return say('blocked', 'app_password_required', `Takes app passwords for ${protocol}, and never the account's own password.`)
  const isLetIn = app.state === 'active' && app.letInBy === 'owner'
  if (isLetIn) return say('allow', 'app_active', `The password will do for ${protocol}, from an app that was let in.`)
  if (setting === 'allow') return say('allow', 'basic_allowed', `The password will do for ${protocol}.`)
  if (protocol === 'autodiscover')
    return say('allow', 'autodiscover_opens_no_mail', 'The password will do to find the mail server; that opens no mail.')
  if (app.state === 'active')
    return say('blocked', 'app_password_required', 'The app got in by an app password; nobody let it in with the password.')
  return say('pending', 'app_pending', `The password will do for ${protocol} only from apps that were let in.`)
}

function judgeAccess({ accessRules, appAccess }: MailRules, signals: MailSignals, view: View): readonly MailReason[] {
  const { protocol, app } = signals
  const traits = { protocol, deviceType: app.deviceType, model: app.model, userAgent: app.userAgent }
  const matching = accessRules.filter((rule) => counts(rule.mode, view) && rule.matches(traits))
  // What finds the mail server tells hardly anything of the app, and there is no tile to wait for: only a rule that names it blocks it.
  const isOpen = protocol === 'autodiscover' || app.state === 'active'
  if (matching.length === 0) {
    if (appAccess === 'allow' || protocol === 'autodiscover') return []
    const say = sayer({ kind: 'access-default', rule: 'app access', mode: 'on' })
    if (appAccess === 'block') return [say('blocked', 'access_default', 'No rule allows this app, and the default is to block.')]
    return isOpen ? [] : [say('pending', 'app_quarantined', 'No rule allows this app, and the default is quarantine.')]
  }
  return matching.map((rule) => {
    const say = sayer({ kind: 'access-rule', rule: rule.name, mode: rule.mode })
    if (rule.access === 'block') return say('blocked', 'access_rule', 'The rule blocks this app.')
    if (rule.access === 'allow') return say('allow', undefined, 'The rule allows this app.')
    return isOpen
      ? say(
          'allow',
          undefined,
          'The rule puts apps like this into quarantine; this one was let in, or only looks for the server.',
        )
      : say('pending', 'app_quarantined', 'The rule puts this app into quarantine until an administrator lets it in.')
  })
}

function judgeState({ app, protocol }: MailSignals): readonly MailReason[] {
  const say = sayer({ kind: 'app', rule: 'state of the app', mode: 'on' })
  if (app.state === 'blocked') return [say('blocked', 'app_blocked', 'The app was blocked by its owner or an administrator.')]
  if (app.state === 'quarantined' && protocol !== 'autodiscover')
    return [say('pending', 'app_quarantined', 'The app waits for an administrator, whatever it shows or says of itself now.')]
  return []
}

/** Of the strongest kind the first one. Waiting for an administrator is stronger than waiting for the owner. */
function conclude(reasons: readonly MailReason[]): { readonly result: MailOutcome; readonly code: DecidedReasonCode } {
  const { result, code } =
    reasons.find((one) => one.result === 'blocked') ??
    reasons.find((one) => one.code === 'app_quarantined') ??
    reasons.find((one) => one.result === 'pending') ??
    reasons.find((one) => one.code !== undefined) ??
    {}
  if (result === undefined || code === undefined) throw new TypeError('The authentication policy always has a say')
  return { result, code }
}

function stateAfter(state: MailSignals['app']['state'], reason: DecidedReasonCode): MailDecision['newState'] {
  if (reason === 'app_quarantined' && (state === 'new' || state === 'pending')) return 'quarantined'
  return reason === 'app_pending' && state === 'new' ? 'pending' : undefined
}

const isIn = (groups: readonly string[], group: string | undefined): boolean =>
  group !== undefined && groups.some((one) => one.toLowerCase() === group.toLowerCase())

type Say = (result: MailOutcome, code: DecidedReasonCode | undefined, text: string) => MailReason

const sayer =
  (of: { kind: MailReason['kind']; rule: string; mode: AuthenticationPolicy['mode'] | undefined }): Say =>
  (result, code, text) =>
    Object.freeze({
      kind: of.kind,
      rule: of.rule,
      mode: of.mode === 'report-only' ? 'report-only' : 'on',
      result,
      ...(code && { code }),
      text,
    })
