import type { ArtifactStore } from '@postern/storage'

/** Seconds between two questions of a device, and what is added each time it asks too soon (RFC 8628 section 3.5). */
export const DEVICE_INTERVAL = 5
/** Seconds that a question may come early: the device counts from our answer, and networks are not even. */
const GRACE = 1
const KIND = 'DevicePoll'

/**
 * Whether a device that still waits has asked too soon. Remembers this question, and that the next must keep more distance
 * if so. Call it for codes that exist only: each gets a row that lives until `expiresAt`.
 */
export async function asksTooSoon(
  artifacts: Pick<ArtifactStore, 'find' | 'upsert'>,
  question: { readonly deviceCode: string; readonly now: Date; readonly expiresAt: Date },
): Promise<boolean> {
  const { deviceCode, now, expiresAt } = question
  const at = Math.floor(now.getTime() / 1000)
  const before = await artifacts.find(KIND, deviceCode, { lock: true })
  const interval = Number(before?.payload.interval ?? DEVICE_INTERVAL)
  const tooSoon = before !== undefined && at - Number(before.payload.at) < interval - GRACE
  const payload = { at, interval: tooSoon ? interval + DEVICE_INTERVAL : interval }
  await artifacts.upsert({ kind: KIND, id: deviceCode, payload, expiresAt, keys: {} })
  return tooSoon
}
