/** Faults of what the service stands on: databases, clocks, disks, senders, receivers, networks. */
import type { Experiment } from '../lab/experiment.ts'
import postgresqlCrashesUnderRefreshes from './f03-postgresql-crashes-under-refreshes.ts'
import aStandbyTakesOver from './f04-a-standby-takes-over.ts'
import theDatabaseIsSlowOrSilent from './f05-the-database-is-slow-or-silent.ts'
import fiveHundredClientsWantTenSessions from './f06-five-hundred-clients-want-ten-sessions.ts'
import keysRotateUnderRefreshes from './f11-keys-rotate-under-refreshes.ts'
import aKeyIsWithdrawn from './f12-a-key-is-withdrawn.ts'
import mailServersRestartWithoutTheService from './f20-mail-servers-restart-without-the-service.ts'

export const outsideFaults: readonly Experiment[] = Object.freeze([
  postgresqlCrashesUnderRefreshes,
  aStandbyTakesOver,
  theDatabaseIsSlowOrSilent,
  fiveHundredClientsWantTenSessions,
  keysRotateUnderRefreshes,
  aKeyIsWithdrawn,
  mailServersRestartWithoutTheService,
])
