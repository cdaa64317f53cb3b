/**
 * answer reads what a browser's authenticator says, as JSON of Web Authentication Level 3 section 5.1.
 *
 * It owns the form alone: which members there are, their alphabet and their size. Nothing here is verified, and nothing that
 * is not named here gets any further. Whether it is true is asked in assertion.ts and registration.ts.
 * @module
 */

/** What an authenticator signs with, of which the rest is told by the challenge. Every text is canonical base64url. */
export type AssertionAnswer = Readonly<{
  id: string
  clientDataJSON: string
  authenticatorData: string
  signature: string
  userHandle?: string
}>

export type RegistrationAnswer = Readonly<{
  id: string
  clientDataJSON: string
  attestationObject: string
  /** Those that we know, without the others. */
  transports: readonly string[]
}>

/** What the browser wrote down about the ceremony (section 5.8.1). */
export type ClientData = Readonly<{ type: string; challenge: string; origin: string; isEmbedded: boolean }>

/** Characters of the JSON text. A form of ours holds 16 KiB, quotes and braces three bytes each. */
export const answerLimit = 12_000

/** Most characters of a text in base64url. A credential id may be too long here, so that its refusal has a name. */
const limits = {
  id: 2_048,
  clientDataJSON: 4_096,
  authenticatorData: 2_048,
  signature: 1_024,
  userHandle: 88, // 64 bytes, section 4 "user handle"
  attestationObject: 8_192,
} as const

const transportsKnown: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
const attachments: readonly unknown[] = [undefined, null, 'platform', 'cross-platform']

type Members = Readonly<Record<string, unknown>>

/** `undefined`: not the JSON of an answer to `navigator.credentials.get`. */
export function readAssertion(text: string): AssertionAnswer | undefined {
  const outer = readCredential(text)
  const inner = outer && membersOf(outer.response, ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])
  if (outer === undefined || inner === undefined) return undefined
  const { userHandle } = inner
  const { id } = outer
  const { clientDataJSON, authenticatorData, signature } = inner
  if (!isBytes(clientDataJSON, limits.clientDataJSON) || !isBytes(authenticatorData, limits.authenticatorData)) return undefined
  if (!isBytes(signature, limits.signature)) return undefined
  const answer = { id, clientDataJSON, authenticatorData, signature }
  if (userHandle === undefined || userHandle === null) return Object.freeze(answer)
  return isBytes(userHandle, limits.userHandle) ? Object.freeze({ ...answer, userHandle }) : undefined
}

/** `undefined`: not the JSON of an answer to `navigator.credentials.create`. */
export function readRegistration(text: string): RegistrationAnswer | undefined {
  const outer = readCredential(text)
  const inner = outer && membersOf(outer.response, ['clientDataJSON', 'attestationObject', 'transports'])
  if (outer === undefined || inner === undefined) return undefined
  const { clientDataJSON, attestationObject, transports = [] } = inner
  if (!isBytes(clientDataJSON, limits.clientDataJSON) || !isBytes(attestationObject, limits.attestationObject)) return undefined
  if (!Array.isArray(transports) || transports.length > 16) return undefined
  const known = transportsKnown.filter((one) => transports.includes(one))
  return Object.freeze({ id: outer.id, clientDataJSON, attestationObject, transports: Object.freeze(known) })
}

function readCredential(text: string): (Members & { readonly id: string }) | undefined {
  if (text.length > answerLimit) return undefined
  const outer = membersOf(parse(text), ['id', 'rawId', 'type', 'response', 'clientExtensionResults', 'authenticatorAttachment'])
  if (outer === undefined || outer.type !== 'public-key' || !attachments.includes(outer.authenticatorAttachment)) return undefined
  const { id, rawId = id } = outer
  if (!isBytes(id, limits.id) || rawId !== id) return undefined
  return { ...outer, id }
}

/** `undefined`: not client data. Members that we do not know may be there (section 5.8.1 says that more may come). */
export function readClientData(clientDataJson: string): ClientData | undefined {
  const data = parse(utf8Of(clientDataJson))
  if (!isMembers(data)) return undefined
  const { type, challenge, origin, crossOrigin, topOrigin } = data
  if (typeof type !== 'string' || typeof challenge !== 'string' || typeof origin !== 'string') return undefined
  if (crossOrigin !== undefined && typeof crossOrigin !== 'boolean') return undefined
  return Object.freeze({ type, challenge, origin, isEmbedded: crossOrigin === true || topOrigin !== undefined })
}

/** The challenge that client data names. `undefined`: none that could be ours. */
export function readChallenge(clientDataJson: string): string | undefined {
  const challenge = readClientData(clientDataJson)?.challenge
  return challenge !== undefined && /^[\w-]{43}$/.test(challenge) ? challenge : undefined
}

/** An object with no members but these. */
function membersOf(value: unknown, names: readonly string[]): Members | undefined {
  return isMembers(value) && Object.keys(value).every((name) => names.includes(name)) ? value : undefined
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined // whatever it is, it is no answer
  }
}

function utf8Of(base64url: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64url, 'base64url'))
  } catch {
    return undefined
  }
}

/** Canonical base64url of at least one byte: decoding and encoding gives the same text. */
const isBytes = (value: unknown, limit: number): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= limit &&
  Buffer.from(value, 'base64url').toString('base64url') === value
