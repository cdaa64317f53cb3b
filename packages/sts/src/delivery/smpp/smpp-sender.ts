import type { OutgoingMessage } from '@postern/mfa'
import type { Logger } from 'pino'
import type { DeliveryCounters } from '../counters.ts'
import { type Patience, wait, within } from '../patience.ts'
import type { Handover, Sender } from '../sender.ts'
import { loggableId, parseReceipt } from './receipt.ts'
import { encodeShortMessage, type ShortMessage, type ShortMessagePart } from './short-message.ts'
import { type Session, smpp, statusName } from './smpp-library.ts'
import { createSmppLink, type SmppLinkOptions } from './smpp-link.ts'

/** A centre and how to speak to it. */
export interface SmppSettings extends Omit<SmppLinkOptions, 'log' | 'received'> {
  readonly kind: 'smpp'
  /** Who the message comes from: letters (11 at most), a short code, or a number with its plus. */
  readonly source: string
  /** Type of number and numbering plan of `source` where the centre wants others than its form says (section 5.2.5, 5.2.6). */
  readonly sourceTon?: number
  readonly sourceNpi?: number
  /** Messages that may wait for the centre's answer at a time. */
  readonly window: number
  /** How a long text goes: as parts with a header each, or whole in `message_payload`. */
  readonly longText: 'parts' | 'payload'
  readonly receipts: boolean
  /** The centre gives a message up after this; 0 leaves it to the centre. */
  readonly validitySeconds: number
}

/** What the centre said to one part. */
type Part =
  | { readonly said: 'accepted'; readonly id: string | undefined }
  | { readonly said: 'silence' }
  | { readonly said: 'not_sent' }
  | Refusal
type Refusal = { readonly said: 'refused' | 'busy'; readonly status: string }

const busyStatuses = new Set([smpp.errors.ESME_RTHROTTLED, smpp.errors.ESME_RMSGQFUL])
/** Waits between tries of a part that a busy centre turned away. */
const backOff = [150, 300] as const

/**
 * Sends over one bound link. A message counts as not taken when no `submit_sm` of it was written, or when the centre
 * answered the first with an error status; the lack of an answer is `unknown`, and so is a message of which only some
 * parts were taken. Does NOT know whether the phone has it: that is the receipt's, which is counted and logged.
 */
export function createSmppSender(
  settings: SmppSettings,
  parts: { log: Logger; counters?: DeliveryCounters; random: (bytes: number) => Uint8Array },
): Sender {
  const { log, counters } = parts
  const { name } = settings
  let reference = parts.random(1)[0] ?? 0
  const link = createSmppLink({
    ...settings,
    log,
    received: (pdu) => {
      const receipt = parseReceipt(pdu)
      // A person answered the message. Nothing is done with it, and it is nobody's business what it says.
      if (receipt === undefined) return
      counters?.receipt({ sender: name, state: receipt.state })
      log.info({ sender: name, reference: receipt.messageId, state: receipt.state }, 'a delivery receipt came')
    },
  })
  const window = createWindow(settings.window)

  async function send(message: OutgoingMessage, patience: Patience): Promise<Handover> {
    const bound = await link.bound(patience.takeLeft())
    // A refused bind is no verdict on the message: this sender is as good as down.
    if (!('session' in bound)) return { outcome: 'not_taken', because: 'unreachable', code: bound.code }
    if (!(await window.enter(patience.takeLeft()))) return { outcome: 'not_taken', because: 'busy', code: 'window_full' }
    try {
      if (patience.takeLeft() === 0) return { outcome: 'not_taken', because: 'busy', code: 'no_time_left' }
      reference = (reference + 1) & 0xff
      const text = encodeShortMessage(message.text, { long: settings.longText, reference })
      const handover = await submitAll(bound.session, { text, to: message.to }, patience)
      if (handover.outcome === 'unknown') link.check()
      return handover
    } finally {
      window.leave()
    }
  }

  async function submitAll(session: Session, of: { text: ShortMessage; to: string }, patience: Patience): Promise<Handover> {
    let first: string | undefined
    for (const [index, part] of of.text.parts.entries()) {
      const result = await submitPatiently(session, { ...of, part, isFirst: index === 0 }, patience)
      if (result.said === 'accepted') {
        first ??= result.id
        continue
      }
      if (index > 0) return { outcome: 'unknown', code: `part_${result.said}` }
      if (result.said === 'silence') return { outcome: 'unknown', code: 'no_answer' }
      if (result.said === 'not_sent') return { outcome: 'not_taken', because: 'unreachable', code: 'connection_closed' }
      return { outcome: 'not_taken', because: result.said, code: result.status }
    }
    return first === undefined ? { outcome: 'accepted' } : { outcome: 'accepted', reference: first }
  }

  async function submitPatiently(
    session: Session,
    of: { text: ShortMessage; to: string; part: ShortMessagePart; isFirst: boolean },
    patience: Patience,
  ): Promise<Part> {
    const left = of.isFirst ? patience.takeLeft : patience.answerLeft
    for (const pause of [...backOff, undefined]) {
      const result = await submit(session, of, patience.answerLeft())
      if (result.said !== 'busy' || pause === undefined || left() <= pause) return result
      await wait(pause)
    }
    throw new TypeError('unreachable: the last turn returns')
  }

  function submit(
    session: Session,
    of: { text: ShortMessage; to: string; part: ShortMessagePart },
    milliseconds: number,
  ): Promise<Part> {
    let onClose: () => void = () => undefined
    const answered = new Promise<Part>((resolve) => {
      onClose = () => resolve({ said: 'silence' })
      session.once('close', onClose)
      const isWritten = session.submit_sm(fieldsOf(settings, of), ({ command_status: status, message_id: id }) =>
        resolve(
          status === 0
            ? { said: 'accepted', id: loggableId(id) }
            : { said: busyStatuses.has(status) ? 'busy' : 'refused', status: statusName(status) },
        ),
      )
      if (!isWritten) resolve({ said: 'not_sent' })
    })
    return within(answered, milliseconds, { said: 'silence' } as const).finally(() => session.off('close', onClose))
  }

  return Object.freeze({
    name,
    channels: Object.freeze(['sms'] as const),
    send,
    onRecovered: link.onBound,
    close: link.close,
  })
}

function fieldsOf(settings: SmppSettings, of: { text: ShortMessage; to: string; part: ShortMessagePart }) {
  const source = addressOf(settings)
  return {
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.address,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: of.to.replace(/^\+/, ''),
    esm_class: of.part.esmClass,
    registered_delivery: settings.receipts ? 1 : 0,
    validity_period: settings.validitySeconds === 0 ? '' : relativeTime(settings.validitySeconds),
    data_coding: of.text.dataCoding,
    short_message: of.part.octets,
    ...(of.part.payload === undefined ? {} : { message_payload: of.part.payload }),
  }
}

/** Type of number and plan by the form of the source: international 1/1, short code 3/1, letters 5/0 (section 5.2.5). */
export function addressOf(settings: Pick<SmppSettings, 'source' | 'sourceTon' | 'sourceNpi'>) {
  const { source } = settings
  const byForm = source.startsWith('+')
    ? { ton: 1, npi: 1 }
    : /^\d{3,8}$/.test(source)
      ? { ton: 3, npi: 1 }
      : /^\d+$/.test(source)
        ? { ton: 1, npi: 1 }
        : { ton: 5, npi: 0 }
  return {
    ton: settings.sourceTon ?? byForm.ton,
    npi: settings.sourceNpi ?? byForm.npi,
    address: source.replace(/^\+/, ''),
  }
}

/** `YYMMDDhhmmss000R`, from now on (section 7.1.1.2). Days are the largest unit used: months differ in length. */
function relativeTime(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `0000${two(seconds / 86_400)}${two((seconds / 3600) % 24)}${two((seconds / 60) % 60)}${two(seconds % 60)}000R`
}

/** Lets `size` in at a time; the others queue, as long as each of them likes. */
function createWindow(size: number) {
  let inside = 0
  const queue: ((entered: true) => void)[] = []
  return {
    async enter(milliseconds: number): Promise<boolean> {
      if (inside < size) {
        inside += 1
        return true
      }
      let mine: (entered: true) => void = () => undefined
      const turn = new Promise<true>((resolve) => {
        mine = resolve
        queue.push(resolve)
      })
      const entered = await within(turn, milliseconds, false)
      if (entered) return true
      const place = queue.indexOf(mine)
      // The turn may have come between the end of the wait and this line; then it is handed on.
      if (place >= 0) queue.splice(place, 1)
      else this.leave()
      return false
    },
    leave(): void {
      const next = queue.shift()
      if (next === undefined) inside -= 1
      else next(true)
    },
  }
}
