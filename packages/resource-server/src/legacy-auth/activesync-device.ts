/**
 * activesync-device finds the device in the query of an ActiveSync request, plain or base64 ([MS-ASHTTP] section 2.2.1.1.1).
 *
 * Pure. It reads no further than the device type. A query that it cannot read goes to the gate as it is: the gate decides about that too.
 * @module
 */

export type ActiveSyncDevice = Readonly<{ deviceId: string; deviceType: string }>

const longestQuery = 2048
const wordLike = /^[A-Za-z0-9]{1,32}$/
const visible = /^[\x21-\x7e]{1,128}$/

function inPairs(query: string): ActiveSyncDevice | undefined {
  // Some servers take these for an end as well.
  if (/[;#]|[^\x21-\x7e]/.test(query)) return undefined
  const pairs = query.split('&').filter((pair) => pair !== '')
  const names = pairs.map((pair) => (pair.split('=', 1)[0] ?? '').toLowerCase())
  // As they came, since another reader may take away a blank, a bracket or a NUL. Of two, the server behind could take the other one.
  if (!names.every((name) => /^[a-z]+$/.test(name)) || new Set(names).size < names.length) return undefined
  const values = new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value]))
  const deviceId = values.get('deviceid')
  const deviceType = values.get('devicetype')
  if (deviceId === undefined || deviceType === undefined) return undefined
  return wordLike.test(deviceId) && visible.test(deviceType) ? Object.freeze({ deviceId, deviceType }) : undefined
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // a broken sequence
  }
}

/** Version, command, two bytes of locale; then length and bytes of device id, policy key and device type. */
function inBytes(query: string): ActiveSyncDevice | undefined {
  const text = decodePercent(query)
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  // What is no base64 is passed over when it is read, so it is missing when it is written again.
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return undefined
  let at = 4
  const field = (): Buffer => {
    const length = bytes[at] ?? 0
    at += 1 + length
    return bytes.subarray(at - length, at)
  }
  const device = field()
  const policyKey = field()
  const deviceType = field().toString('latin1')
  if (at > bytes.length || device.length === 0 || device.length > 32 || !visible.test(deviceType)) return undefined
  if (policyKey.length !== 0 && policyKey.length !== 4) return undefined
  const id = device.toString('latin1')
  return Object.freeze({ deviceId: wordLike.test(id) ? id : device.toString('hex'), deviceType })
}

/** The device that `query`, the text behind `?`, names. Undefined if it cannot be read or names several. */
export function findActiveSyncDevice(query: string): ActiveSyncDevice | undefined {
  if (query.length > longestQuery) return undefined
  // A `=` inside means pairs; base64 has it at its end only.
  return /=[^=]/.test(query) ? inPairs(query) : inBytes(query)
}
