/**
 * contract holds the promises of the ports as tests that every backend runs.
 *
 * It owns the suites, the backends and the PostgreSQL that tests start. It is for tests alone: nothing in the product
 * imports it.
 * @module
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { accountsContract } from './accounts-contract.ts'
import { appPasswordsContract } from './app-passwords-contract.ts'
import { approvalsContract, rememberedBrowsersContract } from './approvals-contract.ts'
import { artifactsContract } from './artifacts-contract.ts'
import { authenticationPoliciesContract, mailServersContract } from './authentication-policies-contract.ts'
import type { Backend, OpenBackend } from './backend.ts'
import { clientRegistrationsContract } from './client-registrations-contract.ts'
import { attemptsContract, auditContract, replayContract } from './counters-contract.ts'
import { delegationsContract, hybridsContract } from './delegations-contract.ts'
import { enforcementContract } from './enforcement-contract.ts'
import { gateViewContract } from './gate-view-contract.ts'
import { isolationContract } from './isolation-contract.ts'
import { mailAppsContract } from './mail-apps-contract.ts'
import { outboxContract } from './outbox-contract.ts'
import { partnersContract } from './partners-contract.ts'
import { redemptionsContract } from './redemptions-contract.ts'
import { refreshTokensContract } from './refresh-tokens-contract.ts'
import {
  clientsContract,
  policiesContract,
  realmsContract,
  resourcesContract,
  signingKeysContract,
} from './registrations-contract.ts'
import { revocationsContract } from './revocations-contract.ts'
import { authenticatorsContract, passwordsContract } from './secrets-contract.ts'
import { accessPassesContract, recoveryCodesContract } from './spare-proofs-contract.ts'
import { closedContract, storeContract } from './store-contract.ts'

export { type Backend, backends, type OpenBackend, pglite, postgres } from './backend.ts'
export { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
export { type PostgresServer, startPostgres } from './postgres-server.ts'
export * from './samples.ts'
export {
  accessPassesContract,
  accountsContract,
  appPasswordsContract,
  approvalsContract,
  artifactsContract,
  attemptsContract,
  auditContract,
  authenticationPoliciesContract,
  authenticatorsContract,
  clientRegistrationsContract,
  clientsContract,
  closedContract,
  delegationsContract,
  enforcementContract,
  gateViewContract,
  hybridsContract,
  isolationContract,
  mailAppsContract,
  mailServersContract,
  outboxContract,
  partnersContract,
  passwordsContract,
  policiesContract,
  realmsContract,
  recoveryCodesContract,
  redemptionsContract,
  refreshTokensContract,
  rememberedBrowsersContract,
  replayContract,
  resourcesContract,
  revocationsContract,
  signingKeysContract,
  storeContract,
}

const suites = [
  realmsContract,
  accountsContract,
  passwordsContract,
  authenticatorsContract,
  recoveryCodesContract,
  accessPassesContract,
  approvalsContract,
  rememberedBrowsersContract,
  enforcementContract,
  clientsContract,
  clientRegistrationsContract,
  resourcesContract,
  partnersContract,
  delegationsContract,
  hybridsContract,
  signingKeysContract,
  policiesContract,
  artifactsContract,
  redemptionsContract,
  refreshTokensContract,
  attemptsContract,
  replayContract,
  auditContract,
  outboxContract,
  mailAppsContract,
  gateViewContract,
  appPasswordsContract,
  authenticationPoliciesContract,
  mailServersContract,
  revocationsContract,
  storeContract,
  isolationContract,
]

/** Every suite on one backend, in one database. */
export function everyContract(backend: Backend): void {
  describe(backend.name, () => {
    let open: OpenBackend | undefined
    beforeAll(async () => {
      open = await backend.open()
    }, 60_000)
    afterAll(() => open?.close())
    const opened = (): OpenBackend => {
      if (open === undefined) throw new TypeError('The backend is open inside of tests only')
      return open
    }
    for (const suite of suites) suite(opened)
    closedContract(backend.open)
  })
}
