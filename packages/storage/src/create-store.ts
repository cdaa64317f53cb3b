import { sql } from 'kysely'
import type { Clock } from './clock.ts'
import type { Connection } from './connect.ts'
import { StorageUnavailable } from './errors.ts'
import { createAccessPassStore } from './postgres/access-passes.ts'
import { createAccountStore } from './postgres/accounts.ts'
import { createAppPasswordStore } from './postgres/app-passwords.ts'
import { createApprovalStore } from './postgres/approvals.ts'
import { createArtifactStore } from './postgres/artifacts.ts'
import { createAttemptStore } from './postgres/attempts.ts'
import { createAuditAppender, createAuditStore } from './postgres/audit.ts'
import { createAppAccessRuleStore, createAuthenticationPolicyStore } from './postgres/authentication-policies.ts'
import { createAuthenticatorStore } from './postgres/authenticators.ts'
import { createClientRegistrationStore } from './postgres/client-registrations.ts'
import { createClientReader, createClientStore } from './postgres/clients.ts'
import { createCodeReader, createRedeemer } from './postgres/code-redemption.ts'
import { createDelegationStore } from './postgres/delegations.ts'
import { createEnforcementStore } from './postgres/enforcement.ts'
import { removeExpired } from './postgres/expiry.ts'
import { createGateReader } from './postgres/gate-view.ts'
import { createHybridStore } from './postgres/hybrids.ts'
import { createMailAppStore } from './postgres/mail-apps.ts'
import { createMailServerStore } from './postgres/mail-servers.ts'
import { createOutboxStore } from './postgres/outbox.ts'
import { createPartnerStore } from './postgres/partners.ts'
import { createPasswordStore } from './postgres/passwords.ts'
import { createPolicyStore } from './postgres/policies.ts'
import { createRealmDirectory } from './postgres/realms.ts'
import { createRecoveryCodeStore } from './postgres/recovery-codes.ts'
import { createRedemptionStore } from './postgres/redemptions.ts'
import { createRotator, createUnusedReader } from './postgres/refresh-rotation.ts'
import { createRefreshTokenStore } from './postgres/refresh-tokens.ts'
import { createRememberedBrowserStore } from './postgres/remembered-browsers.ts'
import { createReplayClaims, createReplayGuard } from './postgres/replay.ts'
import { createResourceStore } from './postgres/resources.ts'
import { createRevocationStore } from './postgres/revocations.ts'
import { isUuid, type RealmPart } from './postgres/row.ts'
import { createSigningKeyStore } from './postgres/signing-keys.ts'
import { createSealer } from './sealing.ts'
import type { RealmStore, Store } from './store.ts'
import { createDatabase } from './transaction.ts'

function createRealmStore(part: RealmPart): RealmStore {
  return Object.freeze({
    realmId: part.realmId,
    accounts: createAccountStore(part),
    passwords: createPasswordStore(part),
    authenticators: createAuthenticatorStore(part),
    recoveryCodes: createRecoveryCodeStore(part),
    accessPasses: createAccessPassStore(part),
    approvals: createApprovalStore(part),
    rememberedBrowsers: createRememberedBrowserStore(part),
    enforcement: createEnforcementStore(part),
    clients: createClientStore(part),
    clientRegistrations: createClientRegistrationStore(part),
    partners: createPartnerStore(part),
    delegations: createDelegationStore(part),
    hybrids: createHybridStore(part),
    resources: createResourceStore(part),
    signingKeys: createSigningKeyStore(part),
    artifacts: createArtifactStore(part),
    redemptions: createRedemptionStore(part),
    refreshTokens: createRefreshTokenStore(part),
    attempts: createAttemptStore(part),
    replay: createReplayGuard(part),
    policies: createPolicyStore(part),
    mailApps: createMailAppStore(part),
    appPasswords: createAppPasswordStore(part),
    authenticationPolicies: createAuthenticationPolicyStore(part),
    appAccessRules: createAppAccessRuleStore(part),
    mailServers: createMailServerStore(part),
    revocations: createRevocationStore(part),
    audit: createAuditStore(part),
    outbox: createOutboxStore(part),
  })
}

/**
 * The store over an open database that {@link migrate} has brought up to date (not checked here).
 *
 * `masterKey` is 32 bytes; everything sealed opens with the same one alone. `clock` is asked where a promise speaks of
 * now: replay claims that are over, families that still live.
 *
 * PGlite has one session. `outsideTransaction` inside a transaction runs there in that transaction, and its statements
 * are run again when it rolls back: what it wrote stays, but it sees what is not committed yet.
 */
export function createStore(options: { connection: Connection; masterKey: Uint8Array; clock: Clock }): Store {
  const { connection, clock } = options
  const sealer = createSealer(options.masterKey)
  const database = createDatabase(connection)
  const shared = {
    database,
    sealer,
    clock,
    appendAuditRow: createAuditAppender(database),
    claimReplay: createReplayClaims(database, clock),
    readClient: createClientReader(database),
    lookAtGate: createGateReader(database),
    readUnused: createUnusedReader(database),
    rotate: createRotator(database),
    readCode: createCodeReader(database),
    redeem: createRedeemer(database),
  }
  return Object.freeze({
    realms: createRealmDirectory(database),
    realm(id) {
      if (!isUuid(id)) throw new TypeError('The id of a realm is a UUID')
      // Lower case, as the database gives it back: look-up hashes and seals are bound to this very text.
      return createRealmStore({ ...shared, realmId: id.toLowerCase() as typeof id })
    },
    transaction: (work, options) => database.transaction(work, options),
    outsideTransaction: (work) => database.outside(work),
    async ping() {
      const { rows } = await database.outside(() =>
        database.run((db) => sql<{ now: Date }>`select clock_timestamp() as now`.execute(db)),
      )
      const now = rows[0]?.now
      if (now === undefined) throw new StorageUnavailable('unreachable')
      return now
    },
    removeExpired: (now, limit) => removeExpired(database, now, limit),
    close: () => connection.close(),
  } satisfies Store)
}
