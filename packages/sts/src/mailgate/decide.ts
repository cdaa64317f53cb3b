/**
 * decide answers a mail server's question about one try of one app: load, check, decide, commit, in that order for all.
 *
 * It owns the order and what a decision says. Whether something shown is right is gate-proof.ts, what the rules say is
 * policy/mail, what is written down is gate-records.ts, and how a protocol is told is refusals.ts.
 * @module
 */
import type { GateAccount, MailApp, MailServer } from '@postern/storage'
import { Overloaded } from '../accounts/errors.ts'
import { decideMailAccess, letInOf, type MailDecision, type MailSignals } from '../policy/mail/mail-access.ts'
import { rulesOfAccount } from '../policy/mail/mail-rules.ts'
import type { MailReason, MailReasonCode } from '../policy/mail/reasons.ts'
import { isTrustedNetwork } from '../policy/trusted-network.ts'
import { assessMailApp } from '../protocol/assurance.ts'
import { type AppIdentity, identifyApp } from './app-identity.ts'
import { MailgateError } from './errors.ts'
import { createProof, type Proved } from './gate-proof.ts'
import { createRecords, type Occasion } from './gate-records.ts'
import { type GateQuestion, opensMail } from './gate-request.ts'
import type { GateRealm, MailgateParts } from './ports.ts'

/** What the gate decided about one try. */
export interface GateDecision {
  readonly decision: 'allow' | 'pending' | 'blocked' | 'denied'
  readonly reason: MailReasonCode
  /** Empty for who has shown nothing right. */
  readonly because: readonly (MailReason | AccessReason)[]
  /** Absent for who has shown nothing right. */
  readonly account?: GateAccount
  readonly app?: Pick<MailApp, 'id' | 'label' | 'state'>
  readonly appPasswordHelps: boolean
  readonly modernHelps: boolean
}

/** What a policy of conditional access said. */
export type AccessReason = Readonly<{
  kind: 'conditional-access'
  rule: string
  mode: 'on' | 'report-only' | 'off'
  result: 'blocked'
  text: string
}>

export interface Asked {
  readonly realm: GateRealm
  readonly server: MailServer
  readonly question: GateQuestion
  /** Correlation id of the request. */
  readonly reference: string
}

/** @throws {MailgateError} `protocol_not_served` @throws whatever says that too many wait to be hashed */
export type Decide = (asked: Asked) => Promise<GateDecision>

const loopback = Object.freeze(['127.0.0.0/8', '::1/128'])

export function createDecide(parts: MailgateParts): Decide {
  const prove = createProof(parts)
  const records = createRecords(parts)

  async function decideOnce(occasion: Occasion): Promise<GateDecision | 'outdated'> {
    const proof = await prove(occasion)
    if (proof.outcome === 'denied') {
      await records.unproved(occasion, proof)
      return denied(proof.reason, proof.owner)
    }
    const judged = judge(occasion, proof)
    const written = await records.proved(occasion, proof, judged)
    if (written === 'outdated') return written
    const { account } = proof.view
    const { appPasswordHelps, modernHelps, because } = judged
    const app = written.app && { id: written.app.id, label: written.app.label, state: written.app.state }
    return Object.freeze({
      decision: written.refused === undefined ? judged.outcome : 'denied',
      reason: written.refused ?? judged.reason,
      because,
      account,
      ...(app && { app }),
      appPasswordHelps,
      modernHelps,
    })
  }

  return async ({ realm, server, question, reference }) => {
    requireServed(server, question)
    const identity = identifyApp(question.app)
    const occasion: Occasion = { realm, server: server.clientId, question, identity, reference }
    if (question.tls === false && !isTrustedNetwork(loopback, question.source)) {
      await records.unproved(occasion, { reason: 'tls_required' })
      return denied('tls_required')
    }
    for (let round = 1; round <= mostRounds; round += 1) {
      const decided = await decideOnce(occasion)
      if (decided !== 'outdated') return decided
    }
    throw new Overloaded(1)
  }
}

/** Somebody else may be faster with the same app or app password; what is so then is judged. */
const mostRounds = 3

/** @throws {MailgateError} `protocol_not_served` */
export function requireServed(server: MailServer, { app: { protocol } }: Pick<GateQuestion, 'app'>): void {
  if (!server.protocols.includes(protocol))
    throw new MailgateError('protocol_not_served', `This mail server may not ask about ${protocol}.`)
}

const denied = (reason: MailReasonCode, account?: GateAccount): GateDecision =>
  Object.freeze({
    decision: 'denied',
    reason,
    because: Object.freeze([]),
    ...(account && { account }),
    appPasswordHelps: false,
    modernHelps: false,
  })

/** What the rules and the policies say about a try that showed something right. */
export interface Judged {
  readonly outcome: 'allow' | 'pending' | 'blocked'
  readonly reason: MailReasonCode
  readonly because: GateDecision['because']
  readonly newState?: MailDecision['newState']
  readonly appPasswordHelps: boolean
  readonly modernHelps: boolean
}

/**
 * The account's password alone, and what activation or an app password adds to it (RFC 8176): its owner let the app in from a
 * session that had shown a second factor, as with a sign-in that is approved elsewhere.
 */
const passwordAlone = Object.freeze(['pwd'])
const withSecondFactor = Object.freeze(['pwd', 'mfa', 'mca'])

function judge(occasion: Occasion, proof: Proved): Judged {
  const { realm, question, identity } = occasion
  const { account, app, authenticationPolicyId } = proof.view
  const rules = rulesOfAccount(realm.mail.rules, authenticationPolicyId)
  // A request that opens no mail is judged like one of an app that is let in already, and makes no tile.
  const isLetBy = question.opensNoMail && app?.state !== 'blocked'
  const letIn = isLetBy ? ({ state: 'active', letInBy: 'owner' } as const) : letInOf(app)
  const signals = signalsOf({ account, identity, question, letIn, shown: proof.shown })
  const decided = decideMailAccess(rules, signals)
  const opensNoMail = !opensMail(question)
  const access = assess(occasion, account, evidenceOf(proof, decided, opensNoMail))
  const because = Object.freeze([...decided.because, ...access.because])
  const isOpen = () => assess(occasion, account, withSecondFactor).outcome === 'sufficient'
  /** What else this very app could show from here. Nobody is sent to make an app password that would be refused as well. */
  const whatHelps = (): Pick<GateDecision, 'appPasswordHelps' | 'modernHelps'> => {
    if (proof.shown !== 'password' || !isOpen()) return nothingHelps
    const byToken = decideMailAccess(rules, { ...signals, shown: 'token' })
    return { appPasswordHelps: decided.appPasswordHelps, modernHelps: byToken.outcome === 'allow' }
  }
  const helps = decided.outcome === 'allow' && access.outcome === 'sufficient' ? nothingHelps : whatHelps()
  if (decided.outcome === 'blocked' || access.outcome === 'sufficient') {
    const reason = question.opensNoMail && decided.outcome === 'allow' ? 'autodiscover_opens_no_mail' : decided.reason
    const newState = opensNoMail ? undefined : decided.newState
    return Object.freeze({ outcome: decided.outcome, reason, because, ...(newState && { newState }), ...helps })
  }
  // The password alone is too little for a policy, although it is enough for the protocol: what its owner shows to let the app
  // in makes up for it.
  if (decided.reason === 'basic_allowed' && isOpen()) {
    // It is in already by its app password: there is nothing to wait for.
    if (app?.state === 'active') return Object.freeze({ outcome: 'blocked', reason: 'app_password_required', because, ...helps })
    const newState = app === undefined ? ({ newState: 'pending' } as const) : {}
    return Object.freeze({ outcome: 'pending', reason: 'app_pending', because, ...newState, ...helps })
  }
  return Object.freeze({ outcome: 'blocked', reason: 'conditional_access', because, ...helps })
}

export function signalsOf(of: {
  account: GateAccount
  identity: AppIdentity
  question: Pick<GateQuestion, 'app'>
  letIn: ReturnType<typeof letInOf>
  shown: MailSignals['shown']
}): MailSignals {
  const { account, identity, question, letIn, shown } = of
  const { deviceType, model, userAgent } = identity.traits
  return {
    account: { id: account.id, upn: account.upn, groups: account.groups },
    protocol: question.app.protocol,
    shown,
    app: {
      ...letIn,
      ...(deviceType !== undefined && { deviceType }),
      ...(model !== undefined && { model }),
      ...(userAgent !== undefined && { userAgent }),
    },
  }
}

/**
 * What waits is judged by what it will have shown once it is let in: an app that a policy keeps out even then makes no tile
 * and no message.
 */
function evidenceOf({ shown, evidence }: Proved, { reason, outcome }: MailDecision, opensNoMail: boolean): readonly string[] {
  if (shown === 'token') return evidence ?? []
  const isSecond = shown === 'app-password' || reason === 'app_active' || outcome === 'pending' || opensNoMail
  return isSecond ? withSecondFactor : passwordAlone
}

function assess({ realm, server, question }: Occasion, account: GateAccount, evidence: readonly string[]) {
  const { outcome, because } = assessMailApp(realm.policies, {
    account,
    clientId: server,
    resource: realm.resources.find(({ principalId }) => principalId === server)?.audience,
    source: question.source,
    protocol: question.app.protocol,
    evidence,
  })
  const reasons = because.flatMap(({ policy, result, text }): readonly AccessReason[] =>
    result === 'blocked' || result === 'missing'
      ? [Object.freeze({ kind: 'conditional-access', rule: policy.name, mode: policy.mode, result: 'blocked', text })]
      : [],
  )
  return { outcome, because: reasons }
}

const nothingHelps = Object.freeze({ appPasswordHelps: false, modernHelps: false })
