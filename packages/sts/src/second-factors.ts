import { createHmac, createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import {
  type AccessPasses,
  type AppPasswords,
  type Approvals,
  type AttemptGate,
  createAccessPasses,
  createAppPasswords,
  createApprovals,
  createAttemptGate,
  createFactorLife,
  createFactors,
  createMethods,
  createPasskeys,
  createRecoveryCodes,
  createRememberedBrowsers,
  createSecretMemory,
  type FactorLife,
  type Factors,
  type MessageSent,
  type Passkeys,
  type RecoveryCodes,
  type RememberedBrowsers,
  type SecretHashing,
  type SecretMemory,
} from '@postern/mfa'
import type { AccountId, RealmStore } from '@postern/storage'
import { isLastAdministrator } from './admin/last-administrator.ts'
import type { Audit } from './audit/audit.ts'
import type { Clock } from './clock.ts'
import { deriveKey } from './config/master-key.ts'
import type { Delivery, Notices } from './delivery/delivery.ts'
import { createFailureWatch, type RealmNames } from './delivery/failure-watch.ts'
import { isTrustedNetwork } from './policy/trusted-network.ts'

/** Every part of mfa, joined to what the service has: the clock, keys of this installation, senders, notices and the trail. */
export interface SecondFactors {
  readonly gate: AttemptGate
  readonly factors: Factors
  readonly life: FactorLife
  readonly recoveryCodes: RecoveryCodes
  readonly passes: AccessPasses
  readonly approvals: Approvals
  readonly rememberedBrowsers: RememberedBrowsers
  readonly passkeys: Passkeys
  readonly appPasswords: AppPasswords
  /** Of secrets that apps show at the gate, those of accounts too. */
  readonly secretMemory: SecretMemory
}

/** The part of compose.ts that builds mfa. `reference` is the correlation id of the request in hand. */
export function createSecondFactors(parts: {
  baseUrl: string
  masterKey: Uint8Array
  clock: Clock
  audit: Audit
  notices: Notices
  namesOf: RealmNames
  messages: Delivery['messages']
  reference: () => string
  signedInElsewhere: (realm: RealmStore, accountId: AccountId, attempt: string) => Promise<boolean>
  /** That of the accounts, so that all hashes wait in one queue. */
  hashing: SecretHashing
}): SecondFactors {
  const { clock, audit, notices, namesOf, messages, reference, signedInElsewhere, hashing } = parts
  const random = randomBytes
  const digest = keyedDigest(deriveKey(parts.masterKey, 'digest of codes'))
  const { hostname, origin } = new URL(parts.baseUrl)
  const relyingParty = { id: hostname, origins: [origin] }

  const gate = createAttemptGate({
    clock,
    watch: createFailureWatch({
      notices,
      namesOf,
      recordStale: ({ realm, accountId, from: { source, app } }) =>
        audit.record(realm, { event: 'signin.stale_password', reference: reference(), accountId, source, detail: { app } }),
    }),
  })
  const messageSent = ({ occasion, channel, delivery }: MessageSent) =>
    audit.record(occasion.realm, {
      event: 'factor.code_sent',
      reference: reference(),
      accountId: occasion.accountId,
      source: occasion.source,
      detail: {
        method: 'sms',
        channel,
        outcome: delivery.outcome,
        ...('sender' in delivery ? { sender: delivery.sender } : {}),
      },
    })
  const methods = createMethods({ clock, random, digest, messages, relyingParty, signedInElsewhere, messageSent })
  const isIrreplaceable = async (realm: RealmStore, accountId: AccountId) => {
    const account = await realm.accounts.find(accountId)
    return account !== undefined && (await isLastAdministrator(realm, account, clock()))
  }
  // Of this process alone: nothing that is remembered can be told from a dump of the database and the master key.
  const secretMemory = createSecretMemory({ clock, key: random(32) })
  return Object.freeze({
    gate,
    factors: createFactors({ clock, random, gate, methods, isIrreplaceable }),
    life: createFactorLife({ gate, methods }),
    recoveryCodes: createRecoveryCodes({ clock, random, digest }),
    passes: createAccessPasses({ clock, random, digest, newId: randomUUID }),
    approvals: createApprovals({ clock, gate }),
    rememberedBrowsers: createRememberedBrowsers({ clock, random, digest, newId: randomUUID }),
    passkeys: createPasskeys({ clock, random, relyingParty }),
    appPasswords: createAppPasswords({
      ...{ gate, hashing, clock, random },
      memory: secretMemory,
      digest: keyedDigest(deriveKey(parts.masterKey, 'look-up of app passwords')),
      newId: randomUUID,
      isInNetworks: isTrustedNetwork,
    }),
    secretMemory,
  })
}

/** A keyed digest of what is only compared; `what` separates its uses. */
function keyedDigest(secret: Uint8Array): (what: string, ...values: readonly string[]) => Uint8Array {
  // Bytes would be made a key of again for each digest, which takes longer than the digest.
  const key = createSecretKey(secret)
  return (what, ...values) =>
    new Uint8Array(
      createHmac('sha256', key)
        .update(JSON.stringify([what, ...values]))
        .digest(),
    )
}
