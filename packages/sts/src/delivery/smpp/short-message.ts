/** How a text is written for SMPP 3.4: `dataCoding` 0 is the GSM 7-bit default alphabet (one septet an octet), 8 is UCS-2. */
export interface ShortMessage {
  readonly dataCoding: 0 | 8
  /** In the order in which they are sent. */
  readonly parts: readonly ShortMessagePart[]
}

export interface ShortMessagePart {
  readonly esmClass: number
  /** For `short_message`: 254 octets at most (section 5.2.22). Empty when `payload` is there. */
  readonly octets: Buffer
  /** For the TLV `message_payload` (section 5.3.2.32). */
  readonly payload?: Buffer
}

/** 3GPP TS 23.038 section 6.2.1. The place in the text is the septet; 0x1B is the escape and stands for itself nowhere. */
const alphabet =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
/** Section 6.2.1.1: after an escape, so that each takes two septets. */
const extension = new Map([
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
])
const escapeSeptet = 0x1b
const septets = new Map([...alphabet].map((character, septet) => [character, septet] as const))
septets.delete('\u001b')

/** esm_class bit 6: a user data header stands before the text (section 5.2.12). */
const UDH = 0x40

/** Octets of user data in one message, alone and with the six octets of a concatenation header (TS 23.040 section 9.2.3.24.1). */
const room = { 0: { alone: 160, joined: 153 }, 8: { alone: 140, joined: 134 } } as const
const mostParts = 255

/**
 * Pure. Chooses the alphabet by the text, and splits what does not fit into one message so that no character is cut.
 * `reference` (0 to 255) joins the parts of one message and should differ from the one sent before.
 * @throws {TypeError} when the text is empty or needs more than 255 parts
 */
export function encodeShortMessage(text: string, options: { long: 'parts' | 'payload'; reference: number }): ShortMessage {
  if (text === '') throw new TypeError('A message needs a text')
  const inGsm = [...text].map(gsmOctets)
  const isGsm = inGsm.every((octets) => octets !== undefined)
  const dataCoding = isGsm ? 0 : 8
  const characters = isGsm ? inGsm.filter((octets) => octets !== undefined) : [...text].map(ucsOctets)
  const whole = Buffer.concat(characters)
  if (whole.length <= room[dataCoding].alone) return frozen(dataCoding, [{ esmClass: 0, octets: whole }])
  if (options.long === 'payload') return frozen(dataCoding, [{ esmClass: 0, octets: Buffer.alloc(0), payload: whole }])

  const pieces = split(characters, room[dataCoding].joined)
  if (pieces.length > mostParts) throw new TypeError('A message has at most 255 parts')
  return frozen(
    dataCoding,
    pieces.map((piece, index) => {
      const header = Buffer.from([5, 0, 3, options.reference & 0xff, pieces.length, index + 1])
      return { esmClass: UDH, octets: Buffer.concat([header, piece]) }
    }),
  )
}

/** Whether the GSM alphabet has every character of the text. */
export const isGsmText = (text: string): boolean => [...text].every((character) => gsmOctets(character) !== undefined)

function gsmOctets(character: string): Buffer | undefined {
  const septet = septets.get(character)
  if (septet !== undefined) return Buffer.from([septet])
  const escaped = extension.get(character)
  return escaped === undefined ? undefined : Buffer.from([escapeSeptet, escaped])
}

/** UTF-16, big end first: centres and phones read UCS-2 so, and it carries what lies beyond the first plane. */
const ucsOctets = (character: string): Buffer => Buffer.from(character, 'utf16le').swap16()

function split(characters: readonly Buffer[], most: number): readonly Buffer[] {
  const pieces: Buffer[][] = [[]]
  let used = 0
  for (const character of characters) {
    if (used + character.length > most) {
      pieces.push([])
      used = 0
    }
    pieces.at(-1)?.push(character)
    used += character.length
  }
  return pieces.map((piece) => Buffer.concat(piece))
}

const frozen = (dataCoding: 0 | 8, parts: readonly ShortMessagePart[]): ShortMessage =>
  Object.freeze({ dataCoding, parts: Object.freeze(parts.map((part) => Object.freeze(part))) })
