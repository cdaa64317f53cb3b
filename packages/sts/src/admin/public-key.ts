import { PublicKeyRefused } from '../partners/errors.ts'
import { type ReadKey, readPublicKey as read } from '../partners/public-key.ts'
import { OperationRefused } from './errors.ts'

export type { ReadKey } from '../partners/public-key.ts'

/**
 * What an administrator hands in, as {@link read} takes it.
 * @throws {OperationRefused} `key_refused`
 */
export function readPublicKey(text: string): ReadKey {
  try {
    return read(text)
  } catch (error) {
    if (error instanceof PublicKeyRefused) throw new OperationRefused('key_refused', error.message, { cause: error })
    throw error
  }
}
