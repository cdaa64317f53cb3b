/**
 * Reads the query of an ActiveSync request, in both of its forms: plain text and base64 over a byte layout.
 *
 * Pure and strict: what does not follow the grammar is refused as a whole, so that no later part has to wonder.
 * It knows nothing of WBXML bodies or of who is asking. Source: [MS-ASHTTP] section 2.2.1.1.1.
 */

/** `version` is missing in the plain form, where the header `MS-ASProtocolVersion` carries it. */
export type ActiveSyncQuery = Readonly<{
  command: string
  deviceId: string
  deviceType: string
  user?: string
  version?: string
  locale?: number
  policyKey?: number
  /** Further parameters by name: `CollectionId`, `ItemId`, `AttachmentName`, ... */
  parameters: ReadonlyMap<string, string>
}>

/** The query does not follow the grammar. `detail` says where, for a log. */
export class ActiveSyncQueryError extends Error {
  readonly code = 'query_malformed'
  readonly detail: string

  constructor(detail: string) {
    super('The query of this ActiveSync request is malformed.')
    this.name = 'ActiveSyncQueryError'
    this.detail = detail
  }
}

/** Code and name of each command; a name that is missing here is malformed, not merely unsupported. */
export const COMMANDS: ReadonlyMap<number, string> = new Map([
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

const PARAMETERS: ReadonlyMap<number, string> = new Map([
  [0, 'AttachmentName'],
  [1, 'CollectionId'],
  [3, 'ItemId'],
  [4, 'LongId'],
  [6, 'Occurrence'],
  [7, 'Options'],
  [8, 'User'],
])

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [121, '12.1'],
  [140, '14.0'],
  [141, '14.1'],
  [160, '16.0'],
  [161, '16.1'],
])

const LONGEST_QUERY = 2048

/**
 * @param query the text after `?`, not decoded.
 * @throws {ActiveSyncQueryError} for anything outside the grammar.
 */
export function parseActiveSyncQuery(query: string): ActiveSyncQuery {
  if (query === '' || query.length > LONGEST_QUERY) throw new ActiveSyncQueryError('empty or too long')
  // A `=` inside means name=value pairs; base64 has it at the end only.
  return /=./.test(query.replace(/=+$/, '')) ? parsePlain(query) : parseEncoded(query)
}

function parsePlain(query: string): ActiveSyncQuery {
  const named = new Map<string, string>()
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    if (at < 1) throw new ActiveSyncQueryError('a parameter without a name or value')
    const name = decode(pair.slice(0, at))
    if (named.has(name.toLowerCase())) throw new ActiveSyncQueryError(`${name} is given twice`)
    named.set(name.toLowerCase(), decode(pair.slice(at + 1)))
  }
  const [command, deviceId, deviceType, user] = ['cmd', 'deviceid', 'devicetype', 'user'].map((name) => named.get(name))
  const known = [...COMMANDS.values()].find((name) => name === command)
  if (command === undefined || !/^[A-Za-z]{1,32}$/.test(command)) throw new ActiveSyncQueryError('Cmd is missing or not a word')
  if (deviceId === undefined || !/^[A-Za-z0-9]{1,32}$/.test(deviceId))
    throw new ActiveSyncQueryError('DeviceId is missing or not 1 to 32 letters and digits')
  if (deviceType === undefined || !isVisible(deviceType))
    throw new ActiveSyncQueryError('DeviceType is missing or holds other than visible characters')
  if (user !== undefined && !isVisible(user)) throw new ActiveSyncQueryError('User holds other than visible characters')
  const parameters = new Map(
    [...PARAMETERS.values()].flatMap((name) => {
      const value = named.get(name.toLowerCase())
      return value === undefined || name === 'User' ? [] : [[name, value] as const]
    }),
  )
  return Object.freeze({ command: known ?? command, deviceId, deviceType, ...(user === undefined ? {} : { user }), parameters })
}

function parseEncoded(query: string): ActiveSyncQuery {
  const text = query.includes('%') ? decode(query) : query
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new ActiveSyncQueryError('neither name=value pairs nor base64')
  const bytes = Buffer.from(text, 'base64')
  // Buffer reads past what it does not like; writing it back shows whether it did.
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, ''))
    throw new ActiveSyncQueryError('base64 is not canonical')

  let at = 0
  const take = (length: number, what: string): Buffer => {
    if (at + length > bytes.length) throw new ActiveSyncQueryError(`ends inside ${what}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const takeByte = (what: string): number => take(1, what).readUInt8()
  const takeField = (what: string): Buffer => take(takeByte(`the length of ${what}`), what)

  const versionCode = takeByte('the version')
  const version = VERSIONS.get(versionCode)
  if (version === undefined) throw new ActiveSyncQueryError(`version ${versionCode} is unknown`)
  const code = takeByte('the command')
  const command = COMMANDS.get(code)
  if (command === undefined) throw new ActiveSyncQueryError(`command ${code} is unknown`)
  const locale = take(2, 'the locale').readUInt16LE()
  const device = takeField('the device id')
  if (device.length === 0 || device.length > 32) throw new ActiveSyncQueryError('the device id must have 1 to 32 bytes')
  const policy = takeField('the policy key')
  if (policy.length !== 0 && policy.length !== 4) throw new ActiveSyncQueryError('the policy key must have 0 or 4 bytes')
  const deviceType = ascii(takeField('the device type'), 'the device type')
  if (deviceType === '') throw new ActiveSyncQueryError('the device type is empty')

  const parameters = new Map<string, string>()
  while (at < bytes.length) {
    const tag = takeByte('a parameter tag')
    const name = PARAMETERS.get(tag)
    if (name === undefined) throw new ActiveSyncQueryError(`parameter tag ${tag} is unknown`)
    if (parameters.has(name)) throw new ActiveSyncQueryError(`${name} is given twice`)
    const value = takeField(name)
    parameters.set(name, name === 'Options' ? value.toString('hex') : ascii(value, name))
  }
  const user = parameters.get('User')
  parameters.delete('User')
  const id = device.toString('latin1')
  return Object.freeze({
    command,
    version,
    locale,
    deviceId: /^[A-Za-z0-9]+$/.test(id) ? id : device.toString('hex'),
    deviceType,
    ...(policy.length === 4 ? { policyKey: policy.readUInt32LE() } : {}),
    ...(user === undefined ? {} : { user }),
    parameters,
  })
}

const isVisible = (text: string): boolean => /^[\x21-\x7e]{1,256}$/.test(text)

function ascii(bytes: Buffer, what: string): string {
  const text = bytes.toString('latin1')
  if (!/^[\x20-\x7e]*$/.test(text)) throw new ActiveSyncQueryError(`${what} holds other than visible characters`)
  return text
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    if (cause instanceof URIError) throw new ActiveSyncQueryError('a percent sequence is broken')
    throw cause
  }
}
