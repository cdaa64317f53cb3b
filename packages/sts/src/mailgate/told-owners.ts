/**
 * told-owners tells people that a new app waits to be let in to their mail: by text message, and by e-mail where none arrives.
 *
 * It owns who is told, by which way, and that it is once for each app. It does not decide about apps (mail-access.ts), nor
 * how messages travel (delivery). What it sends holds no code and no secret: the portal asks for a sign-in like any other.
 * @module
 */
import { AsyncResource } from 'node:async_hooks'
import { type MessageSender, parsePhoneNumber, prefixAllowed } from '@postern/mfa'
import type { Account, Authenticator, MailApp, Realm, RealmStore, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { Audit } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import { harmlessName, type Notices, renderMailAppMessage } from '../delivery/delivery.ts'
import { createDailyCount } from './daily-count.ts'

/** Of one account in 24 hours, also where the apps are gone again; further ones go by e-mail. */
const mostMessages = 5
const batch = 20
/** Nobody else takes an app for this long. */
const leaseMilliseconds = 2 * 60_000
/** With less of the lease left no other is begun; a sender answers within 3 seconds. */
const longestTell = 15_000
/** Without e-mail, senders that are out of reach are asked again until the app has waited for so long. */
const patienceMilliseconds = 3_600_000

export interface OwnerTelling {
  /** Tells all owners who have to be told, in every realm. Returns how many were. Never throws, and never runs twice at a time. */
  run(): Promise<number>
  /**
   * Something is there to tell: a run begins, or another one after that which is under way. Waits for nothing, and takes part in
   * no transaction of the caller.
   */
  wake(): void
  /** Begins with no other owner, and resolves when the one in hand is told and that is noted. Before the senders and the store close. */
  stop(): Promise<void>
}

export interface OwnerTellingParts {
  readonly store: Pick<Store, 'realms' | 'realm' | 'transaction'>
  readonly messages: MessageSender
  readonly notices: Notices
  /** Whether an SMTP server is configured. Without one no notice is written. */
  readonly tellsByMail: boolean
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly audit: Audit
  /** Makes a correlation id. */
  readonly reference: () => string
  /** What the person reads (BCP 47), where somebody knows; otherwise English. */
  readonly languageOf?: (realm: RealmStore, account: Account) => Promise<string | undefined>
}

type ToldBy = NonNullable<MailApp['toldBy']>
type Recipient = Readonly<{ realm: Realm; kept: RealmStore; app: MailApp; account: Account }>

/**
 * An app is taken under a lease, so that two workers never tell of the same one. The message goes out before it is noted: a
 * process that dies in between makes another one send it again after the lease. So an owner is told at least once, and twice
 * only then; the message keeps its id, by which a sender that remembers refuses the second. E-mail is written in the very
 * transaction that notes it. What could not be told by `unknown` of a sender counts as told: it may have arrived.
 */
export function createOwnerTelling(parts: OwnerTellingParts): OwnerTelling {
  const { store, messages, notices, clock, log, audit } = parts
  const messagesOfDay = createDailyCount({ what: 'mail-app-message', most: mostMessages, clock })
  let running: Promise<number> | undefined
  let isCalledAgain = false
  let isStopped = false

  async function tellAll(): Promise<number> {
    let told = 0
    try {
      for (const realm of isStopped ? [] : await store.realms.list()) told += await tellRealm(realm)
    } catch (fault) {
      log.error({ err: fault }, 'owners could not be told of new mail apps')
    }
    return told
  }

  async function tellRealm(realm: Realm): Promise<number> {
    const kept = store.realm(realm.id)
    let told = 0
    for (;;) {
      const now = clock()
      const until = new Date(now.getTime() + leaseMilliseconds)
      const taken = await kept.mailApps.takeUntold({ now, until, limit: batch })
      for (const app of taken) {
        if (isStopped || until.getTime() - clock().getTime() < longestTell) return told
        if (await tellOfOne(realm, kept, app)) told += 1
      }
      if (taken.length < batch || isStopped) return told
    }
  }

  /** A fault with one app must not keep the other owners waiting: it is tried again after its lease. */
  async function tellOfOne(realm: Realm, kept: RealmStore, app: MailApp): Promise<boolean> {
    try {
      const account = await kept.accounts.find(app.accountId)
      const isWaiting = app.state === 'pending' || app.state === 'quarantined'
      if (account?.status !== 'active' || !isWaiting || realm.status !== 'active') {
        // Nobody waits for this news: it came in with an app password, was decided meanwhile, or the person may not sign in.
        await kept.mailApps.told(app.id, 'nobody')
        return false
      }
      return await tell({ realm, kept, app, account })
    } catch (fault) {
      log.error({ err: fault, mailAppId: app.id }, 'an owner could not be told of a new mail app')
      return false
    }
  }

  async function tell(to: Recipient): Promise<boolean> {
    const { kept, app } = to
    const sent = await sendMessage(to)
    if (sent.outcome === 'sent') return settle(kept, app, 'sms', { sender: sent.sender })
    if (parts.tellsByMail) return settle(kept, app, 'email', { write: () => writeNotice(to) })
    const hasWaited = clock().getTime() - app.firstTriedAt.getTime() >= patienceMilliseconds
    if (sent.because === 'unreachable' && !hasWaited) return false
    log.warn({ mailAppId: app.id, because: sent.because }, 'there is no way to tell an owner of a new mail app')
    return settle(kept, app, 'nobody')
  }

  async function sendMessage({ realm, kept, app, account }: Recipient): Promise<Sent> {
    const number = decideNumber(account, await kept.authenticators.list(account.id), realm.settings.smsPrefixes)
    if (number === undefined) return { outcome: 'not_sent', because: 'no_number' }
    if (!(await messagesOfDay.take(kept, account.id))) return { outcome: 'not_sent', because: 'too_many' }
    const language = (await parts.languageOf?.(kept, account)) ?? 'en'
    const text = renderMailAppMessage({
      app: { name: app.label, protocol: protocolName(app), state: app.state === 'quarantined' ? 'quarantined' : 'pending' },
      realm: realm.displayName,
      portal: portalOf(parts.baseUrl, realm),
      language,
    })
    // Its own id: a second try of this process gets the answer of the first.
    const delivery = await messages.send({ id: app.id, to: number, text, channel: 'sms', language })
    if (delivery.outcome === 'undeliverable') {
      await messagesOfDay.giveBack(kept, account.id)
      return { outcome: 'not_sent', because: delivery.because }
    }
    return { outcome: 'sent', sender: delivery.sender }
  }

  async function writeNotice({ realm, kept, app, account }: Recipient): Promise<void> {
    const language = await parts.languageOf?.(kept, account)
    const name = harmlessName(app.label)
    await notices.tell(kept, {
      account,
      ...(language === undefined ? {} : { language }),
      notice: {
        kind: app.state === 'quarantined' ? 'mail_app_quarantined' : 'mail_app_waiting',
        protocol: protocolName(app),
        portal: portalOf(parts.baseUrl, realm),
        at: app.firstTriedAt,
        realm: realm.displayName,
        issuer: `${parts.baseUrl}/${realm.id}`,
        ...(name === '' ? {} : { app: name }),
        ...(app.lastSource === undefined ? {} : { source: app.lastSource }),
      },
    })
  }

  /** Notes it, with the audit row and, for e-mail, the mail itself, or nothing of it. `false`: the app is gone. */
  async function settle(
    kept: RealmStore,
    app: MailApp,
    by: ToldBy,
    how: { sender?: string; write?: () => Promise<void> } = {},
  ): Promise<boolean> {
    const isNoted = await store.transaction(async () => {
      if (!(await kept.mailApps.told(app.id, by))) return false
      await how.write?.()
      await audit.record(kept, {
        event: 'mailapp.told',
        reference: parts.reference(),
        accountId: app.accountId,
        detail: { mailAppId: app.id, by, ...(how.sender === undefined ? {} : { sender: how.sender }) },
      })
      return true
    })
    if (!isNoted || by === 'nobody') return false
    log.info({ mailAppId: app.id, by }, 'an owner was told of a new mail app')
    return true
  }

  function run(): Promise<number> {
    running ??= tellAll().finally(() => {
      running = undefined
      if (!isCalledAgain || isStopped) return
      isCalledAgain = false
      void run()
    })
    return running
  }
  // Whoever calls may be in a transaction, which would end before the work does.
  const runApart = AsyncResource.bind(() => void run())

  return Object.freeze({
    run,
    wake() {
      // What is under way may have looked before the news was there.
      if (running !== undefined) isCalledAgain = true
      else runApart()
    },
    async stop() {
      isStopped = true
      await running
    },
  } satisfies OwnerTelling)
}

type Sent = Readonly<
  | { outcome: 'sent'; sender: string }
  | { outcome: 'not_sent'; because: 'no_number' | 'too_many' | 'no_sender' | 'refused' | 'unreachable' }
>

/**
 * Pure. The number that the person proved to have comes before the one that stands in the directory. A line that codes are
 * read out on takes no text. `undefined`: none that messages may go to.
 */
function decideNumber(
  account: Pick<Account, 'phone'>,
  authenticators: readonly Pick<Authenticator, 'method' | 'state' | 'isDefault' | 'detail' | 'secret'>[],
  prefixes: readonly string[] | undefined,
): string | undefined {
  const proved = authenticators
    .filter(({ method, state, detail }) => method === 'sms' && state === 'active' && detail.channel !== 'voice')
    .toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault))
    .map(({ secret }) => new TextDecoder().decode(secret))
  const known = account.phone === undefined ? undefined : parsePhoneNumber(account.phone)
  return [...proved, ...(known === undefined ? [] : [known])].find((number) => prefixAllowed(number, prefixes))
}

/** By its primary domain, which is shorter than its id and tells people where they are. */
const portalOf = (baseUrl: string, { id, domains }: Pick<Realm, 'id' | 'domains'>): string =>
  `${baseUrl}/${domains[0] ?? id}/portal`

/** As people know them, where that is not simply the word in capitals. */
const protocolNames: Readonly<Record<string, string>> = {
  activesync: 'ActiveSync',
  autodiscover: 'Autodiscover',
  mapi: 'Outlook',
  rpc: 'Outlook Anywhere',
  powershell: 'PowerShell',
  oab: 'address book',
  sieve: 'Sieve',
}

/** The way by which it came first. */
function protocolName({ protocols }: Pick<MailApp, 'protocols'>): string {
  const [first = 'mail'] = protocols
  return Object.hasOwn(protocolNames, first) ? (protocolNames[first] ?? first) : first.toUpperCase()
}
