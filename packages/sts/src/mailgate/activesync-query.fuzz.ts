/** Coverage-guided fuzzing of the gate's reader of ActiveSync addresses, plain and base64. Run by `pnpm fuzz`. */
import { parseActiveSyncQuery } from './activesync-query.ts'
import { MailgateError } from './errors.ts'

export function fuzz(data: Buffer): void {
  for (const query of [data.toString('latin1'), data.toString('base64')]) {
    try {
      const { deviceId, deviceType, command } = parseActiveSyncQuery(query)
      if (!/^[A-Za-z0-9]{1,64}$/.test(deviceId)) throw new TypeError('a device id that could name two devices')
      if (deviceType.length > 128 || command === '') throw new TypeError('a member out of its bounds')
    } catch (error) {
      if (!(error instanceof MailgateError)) throw error
    }
  }
}
