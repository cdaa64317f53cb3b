/**
 * realms knows which realm an address means, and how a realm is born.
 *
 * It owns the look-up by GUID or verified domain and the cache in front of it. It does not know oidc-provider
 * (`protocol/` keeps the providers) and changes nothing (`admin/` does).
 * @module
 */
import type { Realm, RealmDirectory, RealmId } from '@postern/storage'
import { LRUCache } from 'lru-cache'

export interface RealmRegistry {
  /**
   * By GUID or verified domain, without regard to case. `undefined`: unknown, ill-formed or disabled. Never older than
   * the database at the time of the call: each asks for the version, one indexed read that calls at the same time share, and
   * reads the realm anew when it has changed.
   */
  find(name: string): Promise<Realm | undefined>
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const domain = /^(?=.{3,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Whether a realm may be called so: dotted host-name labels of RFC 1123, in lower case (`xn--` for others). */
export const isDomainName = (name: string): boolean => domain.test(name)

/** `maximum`: how many realms are remembered; more are read from the database each time. */
export function createRealmRegistry(directory: RealmDirectory, options: { maximum?: number } = {}): RealmRegistry {
  const maximum = options.maximum ?? 500
  const realms = new LRUCache<RealmId, Realm>({ max: maximum })
  const idsByDomain = new LRUCache<string, RealmId>({ max: maximum })
  const versionOf = shareReads((id: RealmId) => directory.version(id))

  async function findById(id: RealmId): Promise<Realm | undefined> {
    const version = await versionOf(id)
    const remembered = realms.get(id)
    if (version !== undefined && remembered?.version === version) return remembered
    const realm = version === undefined ? undefined : await directory.find(id)
    if (realm === undefined) realms.delete(id)
    else realms.set(id, realm)
    return realm
  }

  async function findByDomain(name: string): Promise<Realm | undefined> {
    const id = idsByDomain.get(name)
    const remembered = id === undefined ? undefined : await findById(id)
    // A domain may have moved to another realm since; then the remembered one does not list it any more.
    if (remembered?.domains.includes(name)) return remembered
    const realm = await directory.findByDomain(name)
    if (realm === undefined) {
      idsByDomain.delete(name)
      return undefined
    }
    idsByDomain.set(name, realm.id)
    realms.set(realm.id, realm)
    return realm
  }

  return Object.freeze({
    async find(name: string) {
      const lower = name.toLowerCase()
      // Anything else never reaches the database.
      const realm = guid.test(lower)
        ? await findById(lower as RealmId)
        : domain.test(lower)
          ? await findByDomain(lower)
          : undefined
      return realm?.status === 'active' ? realm : undefined
    },
  })
}

/**
 * Who asks in the same turn of the event loop shares one read, and so does everybody who asks while another is under way: it begins
 * after they asked, so it is as new as a read of their own, and a busy service reads no oftener than the database answers.
 */
export function shareReads<Key, Value>(read: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  /** Asked for, and not begun. */
  const coming = new Map<Key, Promise<Value>>()
  const underWay = new Map<Key, Promise<Value>>()

  function begin(key: Key): Promise<Value> {
    coming.delete(key)
    const begun = read(key)
    underWay.set(key, begun)
    const end = () => {
      if (underWay.get(key) === begun) underWay.delete(key)
    }
    begun.then(end, end)
    return begun
  }

  return (key) => {
    const known = coming.get(key)
    if (known !== undefined) return known
    const beginNow = () => begin(key)
    // Whether the read before it failed is nothing to those who wait for this one.
    const next = (underWay.get(key) ?? endOfTurn()).then(beginNow, beginNow)
    coming.set(key, next)
    return next
  }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
