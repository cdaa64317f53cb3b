import type { Realm, RealmId, SigningKey, Store } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { firstPolicy } from '../policy/policy.ts'
import { defaultSettings } from './default-settings.ts'

/** Makes a signing key; `protocol/signing-keys.ts` has the one. It is handed in because rooms import downwards only. */
export type NewSigningKey = (wanted: { algorithm: 'RS256'; commonName: string; now: Date }) => Promise<SigningKey>

export interface RealmBirth {
  readonly store: Pick<Store, 'realms' | 'realm' | 'transaction'>
  readonly clock: Clock
  /** A new UUID. */
  readonly newId: () => string
  readonly newSigningKey: NewSigningKey
}

export type RealmCreation = { readonly outcome: 'created'; readonly realm: Realm } | { readonly outcome: 'conflict' }

/**
 * Makes a realm that can issue tokens at once: realm, domain, settings, an RS256 key that signs from now, and the first
 * policy, all or nothing. `conflict`: another realm has the domain. The domain's form is checked by the caller.
 */
export async function createRealm(birth: RealmBirth, wanted: { displayName: string; domain: string }): Promise<RealmCreation> {
  const now = birth.clock()
  const id = birth.newId() as RealmId // made here, so it names no other kind of thing
  const domain = wanted.domain.toLowerCase()
  // Before the transaction: making a key takes tens of milliseconds.
  const key = await birth.newSigningKey({ algorithm: 'RS256', commonName: domain.length <= 64 ? domain : id, now })
  return birth.store.transaction(async () => {
    const draft = {
      id,
      displayName: wanted.displayName,
      domains: [domain],
      status: 'active',
      settings: defaultSettings,
      createdAt: now,
    } as const
    if ((await birth.store.realms.add(draft)) === 'conflict') return { outcome: 'conflict' }
    const realmStore = birth.store.realm(id)
    await realmStore.signingKeys.add(key)
    const { name, mode, definition } = firstPolicy()
    await realmStore.policies.put({
      id: birth.newId(),
      name,
      mode,
      definition: { ...definition },
      createdAt: now,
      updatedAt: now,
    })
    const realm = await birth.store.realms.find(id)
    if (realm === undefined) throw new TypeError('A realm that was just added cannot be found')
    return Object.freeze({ outcome: 'created', realm })
  })
}
