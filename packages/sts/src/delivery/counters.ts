import type { OutgoingMessage } from '@postern/mfa'
import { Counter, type Registry } from 'prom-client'
import type { Handover } from './sender.ts'
import type { ReceiptState } from './smpp/receipt.ts'

/** What delivery counts. No label holds a number, a name or an address. */
export interface DeliveryCounters {
  message(of: { sender: string; channel: OutgoingMessage['channel']; outcome: Handover['outcome'] }): void
  receipt(of: { sender: string; state: ReceiptState }): void
  mail(outcome: 'sent' | 'postponed' | 'refused' | 'given_up'): void
}

/** Counters of `registry`, or of none: they count then and nobody reads them. */
export function createDeliveryCounters(registry?: Registry): DeliveryCounters {
  const registers = registry === undefined ? [] : [registry]
  const messages = new Counter({
    name: 'postern_messages_total',
    help: 'Messages given to a sender, by what it said',
    labelNames: ['sender', 'channel', 'outcome'],
    registers,
  })
  const receipts = new Counter({
    name: 'postern_delivery_receipts_total',
    help: 'Delivery receipts of SMPP centres, by state',
    labelNames: ['sender', 'state'],
    registers,
  })
  const mails = new Counter({
    name: 'postern_notice_mails_total',
    help: 'Tries to send a notice by e-mail',
    labelNames: ['outcome'],
    registers,
  })
  const counters: DeliveryCounters = {
    message: (of) => messages.inc({ ...of }),
    receipt: (of) => receipts.inc({ ...of }),
    mail: (outcome) => mails.inc({ outcome }),
  }
  return Object.freeze(counters)
}
