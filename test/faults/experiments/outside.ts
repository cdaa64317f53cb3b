/** Faults of what the service stands on: databases, clocks, disks, senders, receivers, networks. */
import type { Experiment } from '../lab/experiment.ts'
import postgresqlCrashesUnderRefreshes from './f03-postgresql-crashes-under-refreshes.ts'
import aStandbyTakesOver from './f04-a-standby-takes-over.ts'
import theDatabaseIsSlowOrSilent from './f05-the-database-is-slow-or-silent.ts'
import fiveHundredClientsWantTenSessions from './f06-five-hundred-clients-want-ten-sessions.ts'
import aClockIsWrong from './f09-a-clock-is-wrong.ts'
import aDiskIsFull from './f10-a-disk-is-full.ts'
import keysRotateUnderRefreshes from './f11-keys-rotate-under-refreshes.ts'
import aKeyIsWithdrawn from './f12-a-key-is-withdrawn.ts'
import theSmsGatewayFails from './f13-the-sms-gateway-fails.ts'
import theMailHostIsDown from './f14-the-mail-host-is-down.ts'
import aReceiverOfSignOutsIsDown from './f17-a-receiver-of-sign-outs-is-down.ts'
import mailServersRestartWithoutTheService from './f20-mail-servers-restart-without-the-service.ts'
import strangersHoldOn from './f21-strangers-hold-on.ts'

export const outsideFaults: readonly Experiment[] = Object.freeze([
  postgresqlCrashesUnderRefreshes,
  aStandbyTakesOver,
  theDatabaseIsSlowOrSilent,
  fiveHundredClientsWantTenSessions,
  aClockIsWrong,
  aDiskIsFull,
  keysRotateUnderRefreshes,
  aKeyIsWithdrawn,
  theSmsGatewayFails,
  theMailHostIsDown,
  aReceiverOfSignOutsIsDown,
  mailServersRestartWithoutTheService,
  strangersHoldOn,
])
