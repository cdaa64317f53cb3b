/**
 * delivery brings messages out of the house: codes over SMPP and HTTP senders, notices over SMTP from the outbox.
 *
 * It owns the order of senders, what counts as delivered, the texts of the notices, and that nothing goes out twice. It does
 * not make codes, count budgets or know a page. No code goes by e-mail: an address is not a second factor (R103).
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { MessageSender } from '@postern/mfa'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { createDeliveryCounters, type DeliveryCounters } from './counters.ts'
import { createDevelopmentSender } from './development-sender.ts'
import { createMailer, type Mailer, type MailSettings } from './mail/mailer.ts'
import { createMessageSender } from './message-sender.ts'
import type { Sender } from './sender.ts'
import { createSmppSender, type SmppSettings } from './smpp/smpp-sender.ts'
import { type WebSettings, webProviderOf } from './web/web-provider.ts'
import { createWebSender } from './web/web-sender.ts'

export type { Mailer } from './mail/mailer.ts'
export { createNotices, type Notice, type Notices } from './mail/notices.ts'
export { createOutboxWorker } from './mail/outbox-worker.ts'
export { harmlessName, renderMailAppMessage } from './mail-app-message.ts'

export interface LogSenderSettings {
  readonly kind: 'log'
  readonly name: string
}

export type SenderSettings = (SmppSettings | WebSettings | LogSenderSettings) & {
  /** Codes and passwords cross a network that is not private in clear. */
  readonly inClear: boolean
}

export interface DeliverySettings {
  /** In the order in which they are asked. */
  readonly senders: readonly SenderSettings[]
  /** Absent: no notice is sent by e-mail. */
  readonly mail?: MailSettings
}

export interface Delivery {
  readonly messages: MessageSender
  /** Absent where no SMTP server is configured: then no notice is written either. */
  readonly mailer?: Mailer
  /** Whether notices are written at all; without an SMTP server they would pile up. */
  readonly tellsByMail: boolean
  /** How a telephone can be reached by these senders. */
  readonly channels: readonly ('sms' | 'voice')[]
  readonly counters: DeliveryCounters
  /** Unbinds and closes connections. Messages in flight are not waited for. */
  close(): Promise<void>
}

/**
 * Builds the senders and connects those that keep a connection. With no sender configured, development writes messages to
 * the log; production has none, and every message is `undeliverable`.
 */
export function createDelivery(
  settings: DeliverySettings,
  parts: { log: Logger; clock: () => Date; development: boolean; registry?: Registry },
): Delivery {
  const { log, clock, development } = parts
  const counters = createDeliveryCounters(parts.registry)
  const configured: readonly SenderSettings[] =
    settings.senders.length === 0 && development ? [{ kind: 'log', name: 'log', inClear: false }] : settings.senders
  const senders = configured.map((one) => createSender(one, { log, development, counters }))
  for (const { name, inClear } of configured)
    if (inClear) log.warn({ sender: name }, 'codes go to this sender in clear over a network that is not private')
  const mailer = settings.mail === undefined ? undefined : createMailer(settings.mail)
  if (mailer === undefined) log.warn('no SMTP server is configured: notices of changed sign-in methods are not sent')
  return Object.freeze({
    messages: createMessageSender({ senders, clock, log, counters }),
    ...(mailer === undefined ? {} : { mailer }),
    tellsByMail: mailer !== undefined,
    channels: (['sms', 'voice'] as const).filter((channel) => senders.some((sender) => sender.channels.includes(channel))),
    counters,
    async close() {
      await Promise.all([...senders.map((sender) => sender.close()), mailer?.close()])
    },
  })
}

/** For a process that writes notices and leaves sending to the service: it connects to nobody, and no message goes out. */
export const outboxOnly = (settings: DeliverySettings): Pick<Delivery, 'messages' | 'tellsByMail' | 'channels'> =>
  Object.freeze({
    messages: Object.freeze({ send: async () => Object.freeze({ outcome: 'undeliverable', because: 'no_sender' } as const) }),
    tellsByMail: settings.mail !== undefined,
    channels: [],
  })

function createSender(
  settings: SenderSettings,
  parts: { log: Logger; development: boolean; counters: DeliveryCounters },
): Sender {
  if (settings.kind === 'smpp') return createSmppSender(settings, { ...parts, random: randomBytes })
  if (settings.kind === 'log') return createDevelopmentSender({ name: settings.name, ...parts })
  return createWebSender(webProviderOf(settings))
}
