import { createAssertionValidator } from '@postern/resource-server'
import type { Realm, SigningKey, Store } from '@postern/storage'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { mailRulesOf } from '../policy/mail/mail-rules.ts'
import { createPolicy } from '../policy/policy.ts'
import { createKeyRing } from './issued-jwt.ts'
import { createPrincipalDirectory, realmSpellings, serviceAudiences } from './principals.ts'
import { createProvider, type ProviderParts } from './provider.ts'
import type { RealmParts, RealmRuntime } from './realm-parts.ts'
import { decideKeyUse } from './signing-keys.ts'

/**
 * One runtime a realm, made on first use, kept in a bounded cache, rebuilt when the realm's version has changed or one
 * of its keys has come to its next stage. The version is read by the caller for each request, so every process notices a
 * change at its next request, without a restart.
 */
export function createRealmRuntimes(options: {
  store: Store
  baseUrl: string
  clock: Clock
  parts: ProviderParts
  maximum?: number
}) {
  const { store, baseUrl, clock, parts } = options
  interface Kept {
    readonly version: number
    readonly until: Date | undefined
    readonly runtime: Promise<RealmRuntime>
  }
  const kept = new LRUCache<string, Kept>({ max: options.maximum ?? 100 })

  async function build(realm: Realm, keys: readonly SigningKey[], now: Date): Promise<RealmRuntime> {
    const realmStore = store.realm(realm.id)
    const [resources, policies] = [await realmStore.resources.list(), await realmStore.policies.list()]
    const [principals, delegations] = [
      createPrincipalDirectory(await realmStore.partners.principals()),
      await realmStore.delegations.list(),
    ]
    const mailRules = mailRulesOf(
      await realmStore.authenticationPolicies.list(),
      await realmStore.appAccessRules.list(),
      realm.settings,
    )
    const mailServers = await realmStore.mailServers.list()
    const spellings = realmSpellings(realm)
    const use = decideKeyUse(keys, now)
    const realmParts: RealmParts = {
      realm,
      issuer: `${baseUrl}/${realm.id}`,
      store: realmStore,
      resources,
      policies: policies.map((one) => createPolicy(one)),
      mail: { rules: mailRules, servers: new Map(mailServers.map((one) => [one.clientId, one])) },
      principals,
      delegations,
      realmSpellings: spellings,
      assertions: createAssertionValidator({
        audiences: serviceAudiences(realm, baseUrl),
        realms: spellings,
        clock,
        findCertificate: (x5t) => {
          const found = principals.findCertificate(x5t)
          return (
            found && {
              x5t,
              clientId: found.principal.client.id,
              key: found.key,
              ...(found.notAfter === undefined ? {} : { notAfter: found.notAfter }),
            }
          )
        },
      }),
      keys: use,
      ring: createKeyRing(use),
    }
    return Object.freeze({ ...realmParts, provider: createProvider(realmParts, parts) })
  }

  return {
    /** The runtime of `realm` as it is now. */
    async of(realm: Realm): Promise<RealmRuntime> {
      const now = clock()
      const found = kept.get(realm.id)
      if (found && found.version === realm.version && !(found.until && found.until <= now)) return found.runtime
      const keys = await store.realm(realm.id).signingKeys.list(now)
      const runtime = build(realm, keys, now)
      kept.set(realm.id, { version: realm.version, until: nextStage(keys, now), runtime })
      // A build that failed is not kept: the next request tries again.
      runtime.catch(() => kept.delete(realm.id))
      return runtime
    },
  }
}

/** When the first key changes its part next: begins to sign, retires, leaves the key set, or goes. */
function nextStage(keys: readonly SigningKey[], now: Date): Date | undefined {
  const day = 86_400_000
  const times = keys.flatMap((key) => [
    key.signsFrom,
    ...(key.retiresAt ? [key.retiresAt, new Date(key.retiresAt.getTime() + day)] : []),
    ...(key.removedAt ? [key.removedAt] : []),
  ])
  const [next] = times.filter((time) => time > now).toSorted((a, b) => a.getTime() - b.getTime())
  return next
}
