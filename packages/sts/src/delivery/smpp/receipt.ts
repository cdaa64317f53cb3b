import type { DeliverSm } from './smpp-library.ts'

/** What became of a message (SMPP 3.4 section 5.2.28), in words. */
export const receiptStates = [
  'enroute',
  'delivered',
  'expired',
  'deleted',
  'undeliverable',
  'accepted',
  'unknown',
  'rejected',
] as const
export type ReceiptState = (typeof receiptStates)[number]

export interface Receipt {
  /** The centre's name for the message, where it has a form that may be logged. */
  readonly messageId?: string
  readonly state: ReceiptState
}

/** The words of the customary text of a receipt (appendix B). */
const words: Readonly<Record<string, ReceiptState>> = {
  ENROUTE: 'enroute',
  DELIVRD: 'delivered',
  EXPIRED: 'expired',
  DELETED: 'deleted',
  UNDELIV: 'undeliverable',
  ACCEPTD: 'accepted',
  UNKNOWN: 'unknown',
  REJECTD: 'rejected',
}

/** esm_class bits 5 to 2: 0001 is a delivery receipt (section 5.2.12). */
const KIND = 0x3c
const RECEIPT = 0x04

/**
 * Pure: the receipt in a `deliver_sm`, by its TLVs or its customary text; `undefined` when it is a message of a person.
 * Whatever else the centre writes into it is ignored: the text of a receipt often quotes the message.
 */
export function parseReceipt(pdu: DeliverSm): Receipt | undefined {
  if (((pdu.esm_class ?? 0) & KIND) !== RECEIPT) return undefined
  const text = textOf(pdu.short_message)
  const word = /\bstat:([A-Z]{7})\b/.exec(text)?.[1]
  const byNumber = pdu.message_state === undefined ? undefined : receiptStates[pdu.message_state - 1]
  const messageId = loggableId(pdu.receipted_message_id ?? /\bid:(\S{1,65})/.exec(text)?.[1])
  return Object.freeze({
    state: byNumber ?? (word === undefined ? undefined : words[word]) ?? 'unknown',
    ...(messageId === undefined ? {} : { messageId }),
  })
}

/** A message id as it may be logged: a centre could put anything there. */
export const loggableId = (raw: unknown): string | undefined =>
  typeof raw === 'string' && /^[\w.:-]{1,65}$/.test(raw) ? raw : undefined

function textOf(short: DeliverSm['short_message']): string {
  const message = short?.message
  return typeof message === 'string' ? message : Buffer.isBuffer(message) ? message.toString('latin1') : ''
}
