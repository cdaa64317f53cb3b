import { parsePairs } from '../http/form.ts'
import { RequestProblem } from '../http/problems.ts'
import { MailgateError } from './errors.ts'

/** What an ActiveSync request tells about its device. Claims: whoever has the password may write them. */
export interface ActiveSyncQuery {
  /** Letters and digits as they came; bytes that are none as hex digits. Letter case says nothing. */
  readonly deviceId: string
  readonly deviceType: string
  /** E.g. `FolderSync`. */
  readonly command: string
  readonly user?: string
}

/** By command code ([MS-ASHTTP] section 2.2.1.1.1.2.3). */
const commands: ReadonlyMap<number, string> = new Map([
  [0, 'Sync'],
  [1, 'SendMail'],
  [2, 'SmartForward'],
  [3, 'SmartReply'],
  [4, 'GetAttachment'],
  [9, 'FolderSync'],
  [10, 'FolderCreate'],
  [11, 'FolderDelete'],
  [12, 'FolderUpdate'],
  [13, 'MoveItems'],
  [14, 'GetItemEstimate'],
  [15, 'MeetingResponse'],
  [16, 'Search'],
  [17, 'Settings'],
  [18, 'Ping'],
  [19, 'ItemOperations'],
  [20, 'Provision'],
  [21, 'ResolveRecipients'],
  [22, 'ValidateCert'],
  [23, 'Find'],
])
const versions: ReadonlySet<number> = new Set([121, 140, 141, 160, 161])
const USER_TAG = 8
const tags: ReadonlySet<number> = new Set([0, 1, 3, 4, 6, 7, USER_TAG])

/** Characters. The longest honest one holds an item's long id. */
const longest = 4096
const longestDeviceId = 32
const longestDeviceType = 128

/**
 * Reads the query of an ActiveSync address, plain (`Cmd=…&DeviceId=…`) or base64, without its question mark ([MS-ASHTTP]
 * sections 2.2.1.1.1.1 and 2.2.1.1.1.2).
 *
 * Strict, because the mail server behind us reads the same text and must not find another device in it: a name that comes
 * twice, in whatever letter case, one that is not of letters alone as it came, what some take for a separator, an unknown version, command or tag, and bytes that are left over are refused. Does NOT
 * check that the device is the one it says it is, which nothing in the protocol could show.
 * @throws {MailgateError} `activesync_query_malformed`
 */
export function parseActiveSyncQuery(query: string): ActiveSyncQuery {
  if (query.length > longest) throw malformed('is too long')
  const bytes = decodeBase64(query)
  return Object.freeze(bytes === undefined ? parsePlain(query) : parseBytes(bytes))
}

const malformed = (what: string, cause?: unknown): MailgateError =>
  new MailgateError('activesync_query_malformed', `The ActiveSync query ${what}.`, { cause })

function parsePlain(query: string): ActiveSyncQuery {
  // Some servers split at semicolons as well, and cut at a number sign, a blank or whatever is invisible.
  if (!/^[\x21-\x7e]*$/.test(query) || /[;#]/.test(query)) throw malformed('has a character that some read as an end')
  // As it came: escapes, blanks, brackets and NUL are what another reader may take away, and find a name that has come already.
  const pairs = query.split('&').filter((pair) => pair !== '')
  const names = pairs.map((pair) => pair.split('=', 1)[0] ?? '')
  if (!names.every((name) => /^[A-Za-z]+$/.test(name))) throw malformed('has a name that is none of ActiveSync')
  const fields = new Map<string, string>()
  for (const [name, value] of pairsOf(query)) {
    const known = name.toLowerCase()
    if (fields.has(known)) throw malformed('has a name twice')
    fields.set(known, value)
  }
  const deviceId = fields.get('deviceid') ?? ''
  const deviceType = fields.get('devicetype') ?? ''
  const command = fields.get('cmd') ?? ''
  const user = fields.get('user')
  if (!/^[A-Za-z]{1,32}$/.test(command)) throw malformed('has no command')
  if (deviceId.length > longestDeviceId || !/^[A-Za-z0-9]+$/.test(deviceId)) throw malformed('has no device id')
  requireDeviceType(deviceType)
  return { deviceId, deviceType, command, ...(user !== undefined && user !== '' && { user }) }
}

function pairsOf(query: string): ReturnType<typeof parsePairs> {
  try {
    return parsePairs(query)
  } catch (cause) {
    if (cause instanceof RequestProblem) throw malformed('cannot be read', cause)
    throw cause
  }
}

function requireDeviceType(text: string): void {
  if (text.length > longestDeviceType || !/^[\x20-\x7e]+$/.test(text)) throw malformed('has no device type')
}

/** `undefined`: this is no base64, so it must be the plain form. One spelling for each value; padding may be left out. */
function decodeBase64(query: string): Buffer | undefined {
  // A percent sign stands in no base64, but browsers' habits may have put some there.
  const text = /%(?:2b|2f|3d)/i.test(query) && !query.includes('&') ? unescape64(query) : query
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  const [bare] = text.split('=', 1)
  if (bytes.toString('base64').replace(/=+$/, '') !== bare) throw malformed('is broken base64')
  return bytes
}

const unescape64 = (text: string): string => text.replaceAll(/%2b/gi, '+').replaceAll(/%2f/gi, '/').replaceAll(/%3d/gi, '=')

function parseBytes(bytes: Buffer): ActiveSyncQuery {
  let at = 0
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw malformed('ends too early')
    at += count
    return bytes.subarray(at - count, at)
  }
  const takeByte = (): number => take(1)[0] ?? 0

  if (!versions.has(takeByte())) throw malformed('has an unknown protocol version')
  const command = commands.get(takeByte())
  if (command === undefined) throw malformed('has an unknown command')
  take(2) // the locale, which says nothing about the device
  const deviceIdLength = takeByte()
  if (deviceIdLength === 0 || deviceIdLength > longestDeviceId) throw malformed('has no device id')
  const deviceId = renderDeviceId(take(deviceIdLength))
  const policyKeyLength = takeByte()
  if (policyKeyLength !== 0 && policyKeyLength !== 4) throw malformed('has a broken policy key')
  take(policyKeyLength)
  const deviceType = take(takeByte()).toString('latin1')
  requireDeviceType(deviceType)

  const parameters = new Map<number, Buffer>()
  while (at < bytes.length) {
    const tag = takeByte()
    if (!tags.has(tag) || parameters.has(tag)) throw malformed('has an unknown parameter, or one twice')
    parameters.set(tag, take(takeByte()))
  }
  const user = parameters.get(USER_TAG)
  return { deviceId, deviceType, command, ...(user !== undefined && user.length > 0 && { user: decodeUser(user) }) }
}

/** The same device sends letters and digits in the plain form, and in this one either those or the bytes they are the hex of. */
function renderDeviceId(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  return /^[A-Za-z0-9]+$/.test(text) ? text : bytes.toString('hex')
}

function decodeUser(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed('has a user that is not UTF-8', cause)
  }
}
