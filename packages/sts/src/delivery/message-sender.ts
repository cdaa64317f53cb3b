import type { Delivery, MessageSender, OutgoingMessage } from '@postern/mfa'
import type { Logger } from 'pino'
import { type Breaker, breakerAfter, breakerDuring, closedBreaker, isOpen } from './circuit-breaker.ts'
import type { DeliveryCounters } from './counters.ts'
import { startPatience } from './patience.ts'
import type { Handover, Sender } from './sender.ts'

/** Below the three seconds that `MessageSender` promises, by what a slow machine needs to wake up. */
const budget = 2_700
/** With less than this left a sender could only be asked and not heard. */
const least = 150
/** Messages whose fate is remembered, newest. */
const remembered = 10_000

/**
 * Hands a message to the first sender that takes it, in the given order.
 *
 * The next sender is asked only when it is certain that the one before did not take the message. The time is split among
 * those that are left; a sender that failed a moment ago is asked last. The same `id` again gets the same answer unless it
 * was undeliverable: what may be on its way is not sent twice by this process. Other processes do not know of it.
 * Never logs a number or a text. Does NOT count budgets: that is for mfa, before it comes here.
 */
export function createMessageSender(options: {
  senders: readonly Sender[]
  clock: () => Date
  log: Logger
  counters?: DeliveryCounters
  budgetMilliseconds?: number
}): MessageSender {
  const { senders, clock, log, counters, budgetMilliseconds = budget } = options
  const names = new Set(senders.map((sender) => sender.name))
  if (names.size !== senders.length) throw new TypeError('Each sender needs a name of its own')
  const breakers = new Map<string, Breaker>()
  const fates = new Map<string, Promise<Delivery>>()
  const breakerOf = (sender: Sender) => breakers.get(sender.name) ?? closedBreaker

  for (const sender of senders) {
    sender.onRecovered?.(() => breakers.set(sender.name, closedBreaker))
  }

  async function handOver(sender: Sender, message: OutgoingMessage, patience: Parameters<Sender['send']>[1]): Promise<Handover> {
    breakers.set(sender.name, breakerDuring(breakerOf(sender), clock()))
    let handover: Handover
    try {
      handover = await sender.send(message, patience)
    } catch (fault) {
      // Only its kind: the fault of a sender may quote what it was to send.
      handover = { outcome: 'unknown', code: fault instanceof Error ? fault.name : 'fault' }
    }
    breakers.set(sender.name, breakerAfter(breakerOf(sender), handover, clock()))
    counters?.message({ sender: sender.name, channel: message.channel, outcome: handover.outcome })
    const seen = { sender: sender.name, channel: message.channel, messageId: message.id }
    if (handover.outcome === 'accepted') log.info({ ...seen, reference: handover.reference }, 'a message was handed over')
    else log.warn({ ...seen, ...handover }, 'a sender did not confirm a message')
    return handover
  }

  async function deliver(message: OutgoingMessage): Promise<Delivery> {
    const able = senders.filter((sender) => sender.channels.includes(message.channel))
    if (able.length === 0) return Object.freeze({ outcome: 'undeliverable', because: 'no_sender' })
    const now = clock()
    // A sender that is thought to be down still comes last: it may be back, and there is nothing to lose but the wait.
    const order = able.toSorted((a, b) => Number(isOpen(breakerOf(a), now)) - Number(isOpen(breakerOf(b), now)))
    const whole = startPatience({ takeMilliseconds: budgetMilliseconds, answerMilliseconds: budgetMilliseconds })
    let refusals = 0
    for (const [index, sender] of order.entries()) {
      const left = whole.answerLeft()
      if (left < least) break
      const patience = startPatience({
        takeMilliseconds: Math.floor(left / (order.length - index)),
        answerMilliseconds: left,
      })
      const handover = await handOver(sender, message, patience)
      if (handover.outcome === 'accepted') return Object.freeze({ outcome: 'accepted', sender: sender.name })
      if (handover.outcome === 'unknown') return Object.freeze({ outcome: 'unknown', sender: sender.name })
      if (handover.because === 'refused') refusals += 1
    }
    return Object.freeze({ outcome: 'undeliverable', because: refusals === order.length ? 'refused' : 'unreachable' })
  }

  return Object.freeze({
    send(message: OutgoingMessage): Promise<Delivery> {
      const known = fates.get(message.id)
      if (known !== undefined) return known
      const fate = deliver(message).then((delivery) => {
        if (delivery.outcome === 'undeliverable') fates.delete(message.id)
        return delivery
      })
      fates.set(message.id, fate)
      for (const oldest of fates.keys()) {
        if (fates.size <= remembered) break
        fates.delete(oldest)
      }
      return fate
    },
  })
}
