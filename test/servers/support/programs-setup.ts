/**
 * Fails the whole layer, with what to install, where a mail server of the system is missing. So nothing is skipped.
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { describeMissing, missingPrograms } from '../../../scripts/server-programs.ts'

export default function setup(): void {
  const missing = missingPrograms({
    exists: existsSync,
    architectures: existsSync('/usr/lib') ? readdirSync('/usr/lib') : [],
  })
  if (missing.length > 0) throw new TypeError(describeMissing(missing))
}
