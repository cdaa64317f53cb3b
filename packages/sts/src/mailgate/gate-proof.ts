/**
 * gate-proof finds out whose try it is, and whether what was shown is right: an app password, the account's own, or a token.
 *
 * It owns that a wrong secret is one answer at one price: one statement and one hash, whether the name is nobody's, the
 * account disabled or the secret wrong. It does not own whether a right one is enough: decide.ts asks the rules.
 * @module
 */
import { parseAppPassword } from '@postern/mfa'
import type { Account, AccountId, AppPassword, GateView } from '@postern/storage'
import type { MailProtocol } from '../policy/mail/protocols.ts'
import type { MailReasonCode } from '../policy/mail/reasons.ts'
import type { AppIdentity } from './app-identity.ts'
import { type GateQuestion, opensMail, type Shown } from './gate-request.ts'
import type { GateRealm, MailgateParts } from './ports.ts'

/** Something right was shown by somebody whose account may be used. */
export interface Proved {
  readonly outcome: 'proved'
  readonly view: GateView
  readonly shown: 'password' | 'app-password' | 'token'
  readonly appPassword?: AppPassword
  /** Values of `amr` of the token. */
  readonly evidence?: readonly string[]
}

export interface Unproved {
  readonly outcome: 'denied'
  readonly reason: Extract<
    MailReasonCode,
    'wrong_secret' | 'throttled' | 'token_refused' | 'token_of_another_account' | 'app_password_scope' | 'app_password_expired'
  >
  /** Whose name it was, for the trail; whoever is told of it learns who has an account here (R87). */
  readonly named?: AccountId
  /** Only where the secret was right all the same. */
  readonly owner?: Account
  /** A wrong password that had not come before. */
  readonly isNew?: boolean
}

interface Tried {
  readonly realm: GateRealm
  /** Client id of the mail server. */
  readonly server: string
  readonly question: GateQuestion
  readonly identity: AppIdentity
}

type ProofParts = Pick<MailgateParts, 'accounts' | 'appPasswords' | 'tokens'>

export const createProof = (parts: ProofParts) => (tried: Tried) => {
  const { shown } = tried.question
  return shown.kind === 'token' ? proveByToken(parts, tried, shown) : proveBySecret(parts, tried, shown)
}

async function proveBySecret(
  { accounts, appPasswords }: ProofParts,
  { realm, question, identity }: Tried,
  { name, secret }: Extract<Shown, { kind: 'secret' }>,
): Promise<Proved | Unproved> {
  const { store } = realm
  const appSecret = parseAppPassword(secret)
  const lookup = appSecret === undefined ? undefined : appPasswords.lookupOf(store.realmId, appSecret)
  const asked = { name, identity: identity.identity, ...(lookup !== undefined && { lookup }) }
  const view = await store.mailApps.look(asked)
  const from = question.source === undefined ? {} : { source: question.source }

  if (view?.appPassword !== undefined && appSecret !== undefined) {
    const { appPassword: password, app } = view
    // What opens no mail comes before the app shows its device, and from a part of it that calls itself otherwise.
    const [protocol, appId] = opensMail(question)
      ? [question.app.protocol, app?.id]
      : [password.protocols[0] ?? question.app.protocol, password.mailAppId]
    const tried = { password, secret: appSecret, protocol, ...from, ...(appId !== undefined && { app: appId }) }
    const outcome = await appPasswords.verify(store, tried)
    // The hash was run first: a disabled account takes as long as any other.
    if (outcome.outcome === 'wrong' || view.account.status !== 'active')
      return { outcome: 'denied', reason: 'wrong_secret', named: view.account.id }
    if (outcome.outcome === 'right') return { outcome: 'proved', view, shown: 'app-password', appPassword: password }
    const reason = outcome.outcome === 'expired' ? 'app_password_expired' : 'app_password_scope'
    return { outcome: 'denied', reason, named: view.account.id, owner: view.account }
  }

  const outcome = await accounts.signInAtGate(store, { view, name, password: secret, ...from, app: identity.label })
  if (outcome.outcome === 'proved' && view !== undefined) return { outcome: 'proved', view, shown: 'password' }
  const named = view === undefined ? {} : { named: view.account.id }
  if (outcome.outcome !== 'wrong') return { outcome: 'denied', reason: 'throttled', ...named }
  return { outcome: 'denied', reason: 'wrong_secret', ...named, isNew: outcome.repeated === undefined }
}

async function proveByToken(
  { tokens }: ProofParts,
  { realm, server, question, identity }: Tried,
  { name, token }: Extract<Shown, { kind: 'token' }>,
): Promise<Proved | Unproved> {
  const served = realm.resources.filter(({ principalId, status }) => principalId === server && status === 'active')
  const audiences = served.map(({ audience }) => audience)
  const found = audiences.length === 0 ? undefined : await tokens.find(token, audiences)
  if (found === undefined) return { outcome: 'denied', reason: 'token_refused' }
  const { account, scopes, evidence } = found
  const resource = served.find(({ audience }) => audience === found.audience)
  if (!isInScope(question.app.protocol, resource?.scopes ?? [], scopes))
    return { outcome: 'denied', reason: 'token_refused', named: account.id }
  const view = await realm.store.mailApps.look({ name: name ?? account.upn, identity: identity.identity })
  if (view?.account.id !== account.id) return { outcome: 'denied', reason: 'token_of_another_account', named: account.id }
  return { outcome: 'proved', view, shown: 'token', evidence }
}

/** Scopes that open a protocol; any one of them is enough. Autodiscover opens nothing. */
const scopesOf: Readonly<Record<MailProtocol, readonly string[]>> = {
  activesync: ['EAS.AccessAsUser.All'],
  autodiscover: [],
  ews: ['EWS.AccessAsUser.All', 'full_access_as_user'],
  mapi: ['EWS.AccessAsUser.All', 'full_access_as_user'],
  oab: ['EWS.AccessAsUser.All', 'full_access_as_user'],
  rpc: ['EWS.AccessAsUser.All', 'full_access_as_user'],
  powershell: ['Exchange.Manage', 'Exchange.ManageAsApp'],
  imap: ['IMAP.AccessAsUser.All'],
  pop: ['POP.AccessAsUser.All'],
  smtp: ['SMTP.Send', 'SMTP.AccessAsUser.All'],
  sieve: ['Sieve.AccessAsUser.All', 'IMAP.AccessAsUser.All'],
  jmap: ['JMAP.AccessAsUser.All', 'IMAP.AccessAsUser.All'],
}

/** A resource that has no scope for this protocol leaves it to all its tokens. */
function isInScope(protocol: MailProtocol, known: readonly string[], granted: readonly string[]): boolean {
  const opening = scopesOf[protocol].filter((scope) => known.includes(scope))
  return opening.length === 0 || opening.some((scope) => granted.includes(scope))
}
