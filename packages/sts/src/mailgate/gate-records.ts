/**
 * gate-records writes down what came of a try: tiles, what was seen of them, uses of app passwords, and the audit trail.
 *
 * It owns how often: a phone asks every minute for years, and a row for each would bury the others. The first time, every
 * change, and then now and again, and no more than so many of one account; what a stranger can cause without a right secret,
 * once an hour for each address.
 * @module
 */
import type { GateAccount, GateApp, GateAppPassword, MailApp } from '@postern/storage'
import { sourceOf } from '../accounts/source.ts'
import { byAppPassword } from '../policy/mail/mail-access.ts'
import type { MailReasonCode } from '../policy/mail/reasons.ts'
import type { AppIdentity } from './app-identity.ts'
import { createDailyCount } from './daily-count.ts'
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
  /**
   * Something right was shown. `refused`: what was decided cannot be done, and nobody is let in. `outdated`: what was judged is not
   * so any more, since somebody else was faster; nothing was written, and it is to be looked at and judged anew.
   */
  proved(occasion: Occasion, proof: Proved, judged: Judged): Promise<Kept | 'outdated'>
}

type Kept = Readonly<{ app?: GateApp; isNew?: true; refused?: MailReasonCode }>

/** Takes back what a transaction has done so far. */
class Outdated extends Error {
  override readonly name = 'Outdated'
}

/** Apps of one account that wait for somebody's decision. Each of them cost its owner a message. */
const mostWaiting = 20
/** Tiles of one account. An app password makes tiles without asking, so whoever has one could make them without end. */
const mostTiles = 200
const seenSeconds = 60
const trailSeconds = 3600
/**
 * Of one account, of each `allowed` and `refused`, in that time: whoever has a right secret could take turns between two answers, and
 * bury everything else. Two of them, so that no refusals hide that somebody was let in.
 */
const mostRows = 60
const useSeconds = 300
/** After an app password was made. */
const setUpSeconds = 900
/** Of one account in a day: a laptop that travels is a further app in each network. */
const mostShared = 3

export function createRecords(parts: MailgateParts): Records {
  const { audit, clock, newId, transaction } = parts
  const occasions = createOccasions(parts)
  const fullOfDay = createDailyCount({ what: 'mail-apps-full', most: 1, clock })
  const sharedOfDay = createDailyCount({ what: 'app-password-shared', most: mostShared, clock })

  const about = ({ realm, server, question, reference }: Occasion) => ({
    reference,
    clientId: server,
    ...(question.source !== undefined && { source: question.source }),
    store: realm.store,
  })

  async function add(occasion: Occasion, account: GateAccount, of: { state: MailApp['state']; most: number }) {
    const { state, most } = of
    const app = tileOf(occasion, { id: newId(), account, state, at: clock() })
    return { app, outcome: await occasion.realm.store.mailApps.add(app, { most }) }
  }

  /** Makes a tile that waits, or finds the one that another request has just made. */
  async function keep(
    occasion: Occasion,
    account: GateAccount,
    state: 'pending' | 'quarantined',
  ): Promise<(Kept & { app: GateApp }) | 'full'> {
    const { store, ...row } = about(occasion)
    const { app, outcome } = await transaction(async () => {
      const made = await add(occasion, account, { state, most: mostWaiting })
      const detail = { mailAppId: made.app.id, protocol: occasion.question.app.protocol, state, app: made.app.label }
      if (made.outcome === 'added')
        await audit.record(store, { ...row, event: 'mailapp.appeared', accountId: account.id, detail })
      return made
    })
    if (outcome === 'full') return 'full'
    if (outcome === 'added') {
      parts.tileAppeared()
      return { app, isNew: true }
    }
    const found = await store.mailApps.look({ name: account.upn, identity: occasion.identity.identity })
    // Removed in the same moment: the next try begins anew.
    return { app: found?.app ?? app }
  }

  async function tooMany({ realm: { store } }: Occasion, account: GateAccount): Promise<void> {
    if (await fullOfDay.take(store, account.id)) await transaction(() => parts.tellOfTooMany(store, account))
  }

  /** Of an app that has just come in. While its owner sets apps up, he knows of them. */
  async function tellOfFurther(
    { realm: { store } }: Occasion,
    account: GateAccount,
    of: { appPassword: GateAppPassword; app: GateApp },
  ) {
    const { createdAt, lastUsedAt, label } = of.appPassword
    if (lastUsedAt === undefined || clock().getTime() < createdAt.getTime() + setUpSeconds * 1000) return
    if (await sharedOfDay.take(store, account.id))
      await transaction(() => parts.tellOfSharedPassword(store, account, { label, app: of.app }))
  }

  /**
   * An app password lets its app in by itself: the tile is there for its owner to see, and to block. The tile is made or let in
   * and the password bound in one transaction, so that whoever loses the password to another app leaves nothing behind.
   */
  async function admit(occasion: Occasion, proof: Proved & Required<Pick<Proved, 'appPassword'>>): Promise<Kept | 'outdated'> {
    const { appPassword, view } = proof
    const { account, app: known } = view
    const isToBind = appPassword.bindsToFirstApp && appPassword.mailAppId === undefined
    if (known?.state === 'active' && !isToBind) return { app: known }
    try {
      const kept = await transaction(async () => {
        const app = known === undefined ? await addActive(occasion, account) : await activate(occasion, account, known)
        if (app === 'full') return app
        if (isToBind) await bind(occasion, account, { appPassword, app })
        return { app, ...(known === undefined && { isNew: true as const }) }
      })
      if (kept !== 'full') {
        await tellOfFurther(occasion, account, { appPassword, app: kept.app })
        return kept
      }
    } catch (error) {
      if (error instanceof Outdated) return 'outdated'
      throw error
    }
    await tooMany(occasion, account)
    return { refused: 'too_many_apps' }
  }

  async function addActive(occasion: Occasion, account: GateAccount): Promise<GateApp | 'full'> {
    const { store } = occasion.realm
    // Held, so that of two the second one counts the first one's tile.
    await store.accounts.hold(account.id)
    if ((await store.mailApps.list(account.id)).length >= mostTiles) return 'full'
    const { app, outcome } = await add(occasion, account, { state: 'active', most: mostTiles })
    if (outcome === 'known') throw new Outdated()
    return outcome === 'full' ? outcome : app
  }

  async function bind(
    occasion: Occasion,
    account: GateAccount,
    of: { appPassword: GateAppPassword; app: GateApp },
  ): Promise<void> {
    const { store, ...row } = about(occasion)
    const { appPassword, app } = of
    const detail = { appPasswordId: appPassword.id, label: appPassword.label, mailAppId: app.id, app: app.label }
    // Of two apps that came first at once, one has it.
    if (!(await store.appPasswords.bind(appPassword.id, app.id))) throw new Outdated()
    await audit.record(store, { ...row, event: 'app_password.bound', accountId: account.id, detail })
  }

  /** It waited for its owner, who made the app password that it shows. The account's own password opens nothing by that. */
  async function activate(occasion: Occasion, account: GateAccount, app: GateApp): Promise<GateApp> {
    if (app.state !== 'pending') return app
    const { store, ...row } = about(occasion)
    const decision = { state: 'active', from: ['pending'], at: clock(), by: byAppPassword } as const
    const detail = { mailAppId: app.id, state: 'active', app: app.label, by: byAppPassword }
    // Its owner, who may have blocked it, was faster.
    if (!(await store.mailApps.decide(app.id, decision))) throw new Outdated()
    await audit.record(store, { ...row, event: 'mailapp.decided', accountId: account.id, detail })
    return Object.freeze({ ...app, state: 'active', decidedAt: decision.at, decidedBy: decision.by })
  }

  async function keepTile(occasion: Occasion, proof: Proved, { outcome, newState }: Judged): Promise<Kept | 'outdated'> {
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
      if (isNew === true)
        await audit.record(store, { ...row, ...whose, event: 'signin.failed', detail: { method: 'password', app } })
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
      if (kept === 'outdated') return kept
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
      // What opens no mail is not noted: whether another app has used it before is what its last use tells.
      if (isAllowed && appPassword !== undefined && opensMail(occasion.question))
        await occasions.seldom({ about: `used|${appPassword.id}`, what: protocol, seconds: useSeconds }, () =>
          store.appPasswords.used(appPassword.id, { at, protocol, ...from }),
        )

      const reason = refused ?? judged.reason
      const decision = refused === undefined ? judged.outcome : 'denied'
      // What made no tile is told by what the app has not invented.
      const key = `${store.realmId}|${account.id}|${protocol}|${app?.id ?? `${sourceOf(source ?? '?')} ${reason}`}`
      const within = { name: `${store.realmId}|${account.id}|${isAllowed}`, most: mostRows }
      await occasions.seldom({ about: key, what: `${decision} ${reason}`, seconds: trailSeconds, within }, async () => {
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
  { id, account, state, at }: { id: string; account: GateAccount; state: MailApp['state']; at: Date },
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
