/**
 * gate-records writes down what came of a try: tiles, what was seen of them, uses of app passwords, and the audit trail.
 *
 * It owns how often: a phone asks every minute for years, and a row for each would bury the others. The first time, every
 * change, and then now and again; what a stranger can cause without a right secret, once an hour for each address.
 * @module
 */
import type { Account, MailApp } from '@postern/storage'
import { sourceOf } from '../accounts/source.ts'
import { byAppPassword } from '../policy/mail/mail-access.ts'
import type { MailReasonCode } from '../policy/mail/reasons.ts'
import type { AppIdentity } from './app-identity.ts'
import type { Judged } from './decide.ts'
import { createOccasions } from './gate-occasions.ts'
import type { Proved, Unproved } from './gate-proof.ts'
import { type GateQuestion, opensMail } from './gate-request.ts'
import type { GateRealm, MailgateParts } from './ports.ts'

/** One try, as far as everything that is written about it agrees. */
export interface Occasion {
  readonly realm: GateRealm
  /** Client id of the mail server. */
  readonly server: string
  readonly question: GateQuestion
  readonly identity: AppIdentity
  readonly reference: string
}

export interface Records {
  /** Nothing right was shown, or nothing was looked at. */
  unproved(occasion: Occasion, what: Pick<Unproved, 'named' | 'isNew'> & { reason: MailReasonCode }): Promise<void>
  /** Something right was shown. `refused`: what was decided cannot be done, and nobody is let in. */
  proved(occasion: Occasion, proof: Proved, judged: Judged): Promise<Kept>
}

type Kept = Readonly<{ app?: MailApp; isNew?: true; refused?: MailReasonCode }>

/** Apps of one account that wait for somebody's decision. Each of them cost its owner a message. */
const mostWaiting = 20
/** Tiles of one account. An app password makes tiles without asking, so whoever has one could make them without end. */
const mostTiles = 200
const seenSeconds = 60
const trailSeconds = 3600
const useSeconds = 300
const tellSeconds = 24 * 3600

export function createRecords(parts: MailgateParts): Records {
  const { audit, clock, newId, transaction } = parts
  const occasions = createOccasions(parts)

  const about = ({ realm, server, question, reference }: Occasion) => ({
    reference,
    clientId: server,
    ...(question.source !== undefined && { source: question.source }),
    store: realm.store,
  })

  /** Makes a tile, or finds the one that another request has just made. */
  async function keep(
    occasion: Occasion,
    account: Account,
    state: MailApp['state'],
  ): Promise<(Kept & { app: MailApp }) | 'full'> {
    const { realm, identity } = occasion
    const { store } = realm
    const isWaiting = state !== 'active'
    if (!isWaiting && (await store.mailApps.list(account.id)).length >= mostTiles) return 'full'
    const app = tileOf(occasion, { id: newId(), account, state, at: clock() })
    const { store: _store, ...row } = about(occasion)
    const outcome = await transaction(async () => {
      const added = await store.mailApps.add(app, { most: isWaiting ? mostWaiting : mostTiles })
      if (added !== 'added') return added
      const detail = { mailAppId: app.id, protocol: occasion.question.app.protocol, state, app: app.label }
      if (isWaiting) await audit.record(store, { ...row, event: 'mailapp.appeared', accountId: account.id, detail })
      return added
    })
    if (outcome === 'full') return 'full'
    if (outcome === 'added') {
      if (isWaiting) parts.tileAppeared()
      return { app, isNew: true }
    }
    const found = await store.mailApps.look({ name: account.upn, identity: identity.identity })
    // Removed in the same moment: the next try begins anew.
    return { app: found?.app ?? app }
  }

  async function tooMany(occasion: Occasion, account: Account): Promise<void> {
    const { store } = occasion.realm
    const now = clock()
    const told = { subject: `account:${account.id}`, method: 'mail-apps-full' }
    const isNew = await store.attempts.update(told, (before) => {
      const isTold = before !== undefined && now.getTime() < before.windowStartedAt.getTime() + tellSeconds * 1000
      const state = { consecutive: 0, inWindow: 1, windowStartedAt: now, disabled: false }
      return { next: isTold ? before : state, result: !isTold }
    })
    if (isNew) await transaction(() => parts.tellOfTooMany(store, account))
  }

  /** An app password lets its app in by itself: the tile is there for its owner to see, and to block. */
  async function admit(
    occasion: Occasion,
    { view: { account, app: known }, appPassword }: Proved & Required<Pick<Proved, 'appPassword'>>,
  ): Promise<Kept> {
    const { realm } = occasion
    const { store } = realm
    const isToBind = appPassword.bindsToFirstApp && appPassword.mailAppId === undefined
    const kept = known === undefined ? await keep(occasion, account, 'active') : { app: known }
    if (kept === 'full') {
      if (!isToBind) return {}
      await tooMany(occasion, account)
      return { refused: 'too_many_apps' }
    }
    const app = await activate(occasion, account, kept.app)
    if (!isToBind) return { ...kept, app }
    const { store: _store, ...row } = about(occasion)
    const detail = { appPasswordId: appPassword.id, mailAppId: app.id }
    const isBound = await transaction(async () => {
      const isMine = await store.appPasswords.bind(appPassword.id, detail.mailAppId)
      if (isMine) await audit.record(store, { ...row, event: 'app_password.bound', accountId: account.id, detail })
      return isMine
    })
    // Of two apps that came first at once, one has it.
    return isBound ? { ...kept, app } : { ...kept, app, refused: 'app_password_scope' }
  }

  /** It waited for its owner, who made the app password that it shows. The account's own password opens nothing by that. */
  async function activate(occasion: Occasion, account: Account, app: MailApp): Promise<MailApp> {
    if (app.state !== 'pending') return app
    const { store, ...row } = about(occasion)
    const decision = { state: 'active', from: ['pending'], at: clock(), by: byAppPassword } as const
    const detail = { mailAppId: app.id, state: 'active', app: app.label, by: byAppPassword }
    const isDecided = await transaction(async () => {
      if (!(await store.mailApps.decide(app.id, decision))) return false
      await audit.record(store, { ...row, event: 'mailapp.decided', accountId: account.id, detail })
      return true
    })
    return isDecided ? Object.freeze({ ...app, state: 'active', decidedAt: decision.at, decidedBy: decision.by }) : app
  }

  async function keepTile(occasion: Occasion, proof: Proved, { outcome, newState }: Judged): Promise<Kept> {
    const { view, appPassword } = proof
    if (outcome === 'allow' && appPassword !== undefined && opensMail(occasion.question))
      return admit(occasion, { ...proof, appPassword })
    const { app, account } = view
    if (newState === undefined || app?.state === newState) return app === undefined ? {} : { app }
    if (app === undefined) {
      const kept = await keep(occasion, account, newState)
      if (kept !== 'full') return kept
      await tooMany(occasion, account)
      return { refused: 'too_many_apps' }
    }
    // It waited for its owner, and by now an administrator has said that this is not for the owner to decide.
    const decision = { state: newState, from: [app.state], at: clock(), by: 'rule' }
    const isDecided = await occasion.realm.store.mailApps.decide(app.id, decision)
    return { app: isDecided ? Object.freeze({ ...app, state: newState }) : app }
  }

  return Object.freeze({
    async unproved(occasion, { reason, named, isNew }) {
      const { store, ...row } = about(occasion)
      const { protocol } = occasion.question.app
      const whose = named === undefined ? {} : { accountId: named }
      const app = occasion.identity.label
      if (isNew === true) await audit.record(store, { ...row, ...whose, event: 'signin.failed', detail: { method: 'password' } })
      // Not by app, and each reason by itself: whoever has no right secret could invent an app, or take turns, for each row.
      const source = row.source === undefined ? '?' : sourceOf(row.source)
      const key = `${store.realmId}|${named ?? 'nobody'}|${source}|${reason}`
      await occasions.seldom({ about: key, what: reason, seconds: trailSeconds }, () =>
        audit.record(store, {
          ...row,
          ...whose,
          event: 'mailapp.refused',
          detail: { protocol, decision: 'denied', reason, app },
        }),
      )
    },

    async proved(occasion, proof, judged) {
      const { store, ...row } = about(occasion)
      const { account, app: known } = proof.view
      const { source, app: claims } = occasion.question
      const { protocol } = claims
      const kept = await keepTile(occasion, proof, judged)
      const { app, refused } = kept
      const isAllowed = judged.outcome === 'allow' && refused === undefined
      const at = clock()
      const from = source === undefined ? {} : { source }

      // The row of a new tile says all that a note of this try would.
      if (app !== undefined && kept.isNew !== true) {
        const about = `seen|${app.id}|${protocol}`
        const { traits } = occasion.identity
        await occasions.seldom({ about, what: String(isAllowed), seconds: seenSeconds }, () =>
          store.mailApps.seen(app.id, { at, allowed: isAllowed, protocol, ...from, traits }),
        )
      }
      const { appPassword } = proof
      if (isAllowed && appPassword !== undefined)
        await occasions.seldom({ about: `used|${appPassword.id}`, what: protocol, seconds: useSeconds }, () =>
          store.appPasswords.used(appPassword.id, { at, protocol, ...from }),
        )

      const reason = refused ?? judged.reason
      const decision = refused === undefined ? judged.outcome : 'denied'
      const key = `${store.realmId}|${account.id}|${occasion.identity.identity}|${protocol}`
      await occasions.seldom({ about: key, what: `${decision} ${reason}`, seconds: trailSeconds }, async () => {
        const label = app?.label ?? occasion.identity.label
        const of = { ...row, accountId: account.id }
        const detail = { ...(app && { mailAppId: app.id }), protocol, reason, app: label }
        if (isAllowed) {
          const by = appPassword === undefined ? {} : { appPasswordId: appPassword.id }
          return audit.record(store, { ...of, event: 'mailapp.allowed', detail: { ...detail, ...by } })
        }
        // `mailapp.appeared` has just said so.
        if (decision === 'pending' && known === undefined) return
        const said = judged.because.find(({ result, mode }) => mode === 'on' && result === judged.outcome)
        const policy = said === undefined ? {} : { policy: said.rule }
        return audit.record(store, { ...of, event: 'mailapp.refused', detail: { ...detail, decision, ...policy } })
      })
      return kept
    },
  } satisfies Records)
}

function tileOf(
  { question, identity }: Occasion,
  { id, account, state, at }: { id: string; account: Account; state: MailApp['state']; at: Date },
): MailApp {
  const { network, label, traits } = identity
  return Object.freeze({
    id,
    accountId: account.id,
    identity: identity.identity,
    label,
    traits,
    protocols: Object.freeze([question.app.protocol]),
    ...(network !== undefined && { network }),
    state,
    firstTriedAt: at,
    lastTriedAt: at,
    ...(question.source !== undefined && { lastSource: question.source }),
    tries: 1,
    // Its owner made the app password: there is nothing to tell.
    ...(state === 'active' && { decidedAt: at, decidedBy: byAppPassword, toldBy: 'nobody' as const, lastAllowedAt: at }),
  })
}
