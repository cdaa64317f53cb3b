/**
 * gate-proof finds out whose try it is, and whether what was shown is right: an app password, the account's own, or a token.
 *
 * It owns that a wrong secret is one answer at one price: one statement and one hash, whether the name is nobody's, the
 * account disabled or the secret wrong; and that a right one is right when the hash is done, not only when it was begun. It does not own whether a right one is enough: decide.ts asks the rules.
 * @module
 */
import { parseAppPassword } from '@postern/mfa'
import type { AccountId, GateAccount, GateApp, GateAppPassword, GateView } from '@postern/storage'
import { Overloaded } from '../accounts/errors.ts'
import { letInOf } from '../policy/mail/mail-access.ts'
import type { MailProtocol } from '../policy/mail/protocols.ts'
import type { MailReasonCode } from '../policy/mail/reasons.ts'
import { type AppIdentity, namesDevice } from './app-identity.ts'
import { type GateQuestion, opensMail, type Shown } from './gate-request.ts'
import type { GateRealm, MailgateParts } from './ports.ts'

/** Something right was shown by somebody whose account may be used. */
export interface Proved {
  readonly outcome: 'proved'
  readonly view: GateView
  readonly shown: 'password' | 'app-password' | 'token'
  readonly appPassword?: GateAppPassword
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
  readonly owner?: GateAccount
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

/**
 * Right is what holds after the hash: that waits in a queue for seconds at worst, filled by anybody, and what ends meanwhile has
 * been told to Dovecot by the time of the answer. So whatever was not answered from memory is looked at once more, and where
 * something has changed it is checked anew, as the next try would be. What is wrong costs one look, whoever was named (R87).
 */
async function proveBySecret(parts: ProofParts, tried: Tried, shown: SecretShown): Promise<Proved | Unproved> {
  const { store } = tried.realm
  const appSecret = parseAppPassword(shown.secret)
  const lookup = appSecret === undefined ? undefined : parts.appPasswords.lookupOf(store.realmId, appSecret)
  const asked = { name: shown.name, identity: tried.identity.identity, ...(lookup !== undefined && { lookup }) }
  let view = await store.mailApps.look(asked)
  for (let round = 1; round <= mostRounds; round += 1) {
    const checked = await checkSecret(parts, tried, { ...shown, view, ...(appSecret !== undefined && { appSecret }) })
    if (checked.proof.outcome === 'denied' || checked.isRemembered) return checked.proof
    const now = await store.mailApps.look(asked)
    if (now !== undefined && basisOf(now) === basisOf(checked.proof.view)) return renew(checked.proof, now)
    view = now
  }
  throw new Overloaded(1)
}

type SecretShown = Extract<Shown, { kind: 'secret' }>

/** Somebody changes a password while it is being checked; nobody does so three times in a row. */
const mostRounds = 3

/** On what a right answer hangs. The app is none of it: how it stands is for the rules, which see the later look. */
const basisOf = ({ account, password, appPassword }: GateView): string =>
  JSON.stringify([account.id, account.status, password?.hash, appPassword?.id, appPassword?.hash, appPassword?.mailAppId])

function renew(proof: Proved, view: GateView): Proved {
  const { shown, appPassword } = proof
  if (appPassword === undefined || view.appPassword === undefined) return { outcome: 'proved', view, shown }
  return { outcome: 'proved', view, shown, appPassword: view.appPassword }
}

/** `isRemembered`: nothing was hashed, so the look is from just now. */
type Checked = Readonly<{ proof: Proved | Unproved; isRemembered?: boolean }>

async function checkSecret(
  { accounts, appPasswords }: ProofParts,
  { realm: { store }, question, identity }: Tried,
  { view, name, secret, appSecret }: SecretShown & { view: GateView | undefined; appSecret?: string },
): Promise<Checked> {
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
      return { proof: { outcome: 'denied', reason: 'wrong_secret', named: view.account.id } }
    if (outcome.outcome === 'right')
      return {
        proof: { outcome: 'proved', view, shown: 'app-password', appPassword: password },
        isRemembered: outcome.isRemembered,
      }
    const reason = outcome.outcome === 'expired' ? 'app_password_expired' : 'app_password_scope'
    return { proof: { outcome: 'denied', reason, named: view.account.id, owner: view.account } }
  }

  const phone = view?.app !== undefined && isKnownPhone(view.app, identity) ? { knownPhone: view.app.id } : {}
  const outcome = await accounts.signInAtGate(store, { view, name, password: secret, ...from, app: identity.label, ...phone })
  if (outcome.outcome === 'proved' && view !== undefined)
    return { proof: { outcome: 'proved', view, shown: 'password' }, isRemembered: outcome.isRemembered === true }
  const named = view === undefined ? {} : { named: view.account.id }
  if (outcome.outcome !== 'wrong') return { proof: { outcome: 'denied', reason: 'throttled', ...named } }
  return { proof: { outcome: 'denied', reason: 'wrong_secret', ...named, isNew: outcome.repeated === undefined } }
}

/** A device id is told to nobody else, so whoever has it is heard whatever strangers do, as a known browser is. */
const isKnownPhone = (app: GateApp, { identity }: AppIdentity): boolean =>
  letInOf(app).letInBy === 'owner' && namesDevice(identity)

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
