import type { OutgoingMail, RealmStore, Store } from '@postern/storage'
import type { Logger } from 'pino'
import type { DeliveryCounters } from '../counters.ts'
import type { Mailer } from './mailer.ts'

export interface OutboxWorker {
  /** Sends what is due in every realm. Returns how many were sent. Never throws, and never runs twice at a time. */
  run(): Promise<number>
}

const batch = 20
/** Nobody else takes a mail for this long. Longer than the slowest single try, which nodemailer's time-outs bound. */
const lease = 5 * 60_000
/** With less of the lease left no try is begun: another worker might take the same mail before it ends. */
const longestTry = 2 * 60_000
const firstDelay = 60_000
const longestDelay = 2 * 3_600_000

/** Pure: how long after the `tries`-th failure the next try is made: 1, 2, 4 minutes, up to two hours. */
export const retryDelay = (tries: number): number => Math.min(longestDelay, firstDelay * 2 ** Math.max(0, tries - 1))

const aboutOf = (mail: OutgoingMail) => ({ mailId: mail.id, accountId: mail.accountId, tries: mail.tries + 1 })

/**
 * Sends the outbox. A mail is taken under a lease, so that two workers never send the same one; it is removed when the
 * SMTP server has taken it, or says that it never will, or when its time is over. A process that dies between the
 * server's answer and the removal makes it be sent again after the lease: at least once, with the same Message-ID.
 * Logs no address and no text.
 */
export function createOutboxWorker(parts: {
  store: Pick<Store, 'realms' | 'realm'>
  mailer: Mailer
  clock: () => Date
  log: Logger
  counters?: DeliveryCounters
}): OutboxWorker {
  const { store, mailer, clock, log, counters } = parts
  let running: Promise<number> | undefined

  async function sendAll(): Promise<number> {
    let sent = 0
    try {
      for (const realm of await store.realms.list()) {
        const result = await sendRealm(store.realm(realm.id))
        sent += result.sent
        // The other realms' mails go to the same server: they wait for the next turn.
        if (result.isServerAway) break
      }
    } catch (fault) {
      log.error({ err: fault }, 'the outbox could not be worked on')
    }
    return sent
  }

  async function sendRealm(realm: RealmStore): Promise<{ sent: number; isServerAway: boolean }> {
    let sent = 0
    for (;;) {
      const now = clock()
      const until = new Date(now.getTime() + lease)
      const taken = await realm.outbox.take({ now, until, limit: batch })
      if (taken.length === 0) return { sent, isServerAway: false }
      for (const [index, mail] of taken.entries()) {
        if (until.getTime() - clock().getTime() < longestTry) return { sent, isServerAway: false }
        const result = await sendOne(realm, mail)
        if (result === 'sent') sent += 1
        if (result !== 'away') continue
        for (const other of taken.slice(index + 1)) await postpone(realm, other)
        return { sent, isServerAway: true }
      }
    }
  }

  async function sendOne(realm: RealmStore, mail: OutgoingMail): Promise<'sent' | 'not_sent' | 'away'> {
    const about = aboutOf(mail)
    const result = await mailer.send(mail)
    if (result.outcome === 'later') {
      log.warn({ ...about, code: result.code }, 'a notice could not be sent yet')
      await postpone(realm, mail)
      return result.isServerAway ? 'away' : 'not_sent'
    }
    await realm.outbox.remove(mail.id)
    counters?.mail(result.outcome)
    if (result.outcome === 'sent') {
      log.info(about, 'a notice was sent')
      return 'sent'
    }
    log.error({ ...about, code: result.code }, 'a notice was refused for good')
    return 'not_sent'
  }

  async function postpone(realm: RealmStore, mail: OutgoingMail): Promise<void> {
    const nextTryAt = new Date(clock().getTime() + retryDelay(mail.tries + 1))
    if (nextTryAt.getTime() < mail.expiresAt.getTime()) {
      await realm.outbox.postpone(mail.id, nextTryAt)
      counters?.mail('postponed')
      return
    }
    await realm.outbox.remove(mail.id)
    counters?.mail('given_up')
    log.error(aboutOf(mail), 'a notice was given up: its time is over')
  }

  return Object.freeze({
    run(): Promise<number> {
      running ??= sendAll().finally(() => {
        running = undefined
      })
      return running
    },
  })
}
