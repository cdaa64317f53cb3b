/**
 * app-passwords knows the secrets that people make for mail apps that know nothing but a password.
 *
 * It owns how one is made, found again, checked and taken back, and that it is shown once. It does not own who may make one
 * (the caller has seen a second factor and asked policy), which app is which, the audit trail, or what a mail server is
 * answered. There is no way here to sign in to a page or to get a token with one.
 * @module
 */
import type { AccountId, AppPassword, RealmId, RealmStore } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { asText, type Digest } from '../digest.ts'
import type { AttemptGate } from '../gate.ts'
import type { SecretMemory } from '../secret-memory/secret-memory.ts'
import { createSharedWork } from '../secret-memory/shared-work.ts'
import { drawAppSecret, inFours, parseAppPassword } from './app-secret.ts'

export { parseAppPassword } from './app-secret.ts'

/** What one account has at most; expired ones are not counted. */
export const mostAppPasswords = 20

const purpose = 'app password'
/** Of base64url: 72 bits, so that no two of a realm are mistaken for each other; the hash decides all the same. */
const lookupDigits = 12
/** Two secrets share a look-up once in 2^72 draws; more than one such draw in a row is a broken generator. */
const mostDraws = 3

/** What is told of an app password: all but what the secret is compared with. */
export type KnownAppPassword = Readonly<Omit<AppPassword, 'hash' | 'lookup'>>

export type NewAppPassword = Readonly<{
  accountId: AccountId
  label: string
  /** Mail protocols that it opens; at least one. */
  protocols: readonly string[]
  /** Networks (CIDR) that it works from; empty: all. The caller has read them. */
  networks: readonly string[]
  bindsToFirstApp: boolean
  expiresAt?: Date
  /** `owner`, or an administrator as the audit trail names them. */
  createdBy: string
}>

/** What a try hangs on. */
export type TriedAppPassword = Readonly<
  Pick<AppPassword, 'id' | 'accountId' | 'hash' | 'protocols' | 'networks' | 'mailAppId' | 'expiresAt'>
>

/** One try with an app password. */
export type AppPasswordTry = Readonly<{
  /** The one that {@link AppPasswords.lookupOf} found, of the account that was named. */
  password: TriedAppPassword
  /** As {@link parseAppPassword} read it. */
  secret: string
  protocol: string
  /** Network address of the app. Without one, a password that is bound to networks opens nothing. */
  source?: string
  /** Id of the mail app, where it is known already. Without one, a password that belongs to an app opens nothing. */
  app?: string
}>

export type AppPasswordOutcome =
  /** `isRemembered`: nothing was hashed for it, so no time has passed since `password` was read. */
  | Readonly<{ outcome: 'right'; isRemembered: boolean }>
  | Readonly<{ outcome: 'wrong' }>
  /** The secret was right, and its time is over. */
  | Readonly<{ outcome: 'expired' }>
  /** The secret was right, and is not for this protocol, this network or this app. */
  | Readonly<{ outcome: 'scope'; because: 'protocol' | 'network' | 'app' }>

export interface AppPasswords {
  /**
   * Makes one. `secret` is shown once, in groups of four, and kept by nobody. Does NOT check that its owner has shown a second
   * factor, nor that policy allows it.
   * @throws {TypeError} without a label or a protocol, or where it would be over at once
   * @throws what `hashing` throws when too many wait
   */
  create(
    realm: RealmStore,
    wanted: NewAppPassword,
  ): Promise<Readonly<{ outcome: 'created'; id: string; secret: string }> | Readonly<{ outcome: 'full' }>>
  /**
   * By what a secret is found. Hangs on the realm and the secret alone, so that it can be asked for before the name is known to
   * be anybody's. `secret` is as {@link parseAppPassword} reads it.
   */
  lookupOf(realm: RealmId, secret: string): string
  /**
   * Checks one. A right answer is remembered for some minutes, so an app that sends it at every request costs one HMAC; it is
   * forgotten with the row. Expiry and scope are judged anew each time, and told only to who showed the right secret.
   *
   * Goes through the gate as what nobody can guess: never counted, never locked. Does NOT look whether the account is disabled,
   * nor at policy; writes nothing, neither the last use nor the app that it now belongs to.
   * @throws what `hashing` throws when too many wait
   */
  verify(realm: RealmStore, tried: AppPasswordTry): Promise<AppPasswordOutcome>
  /** Newest first, expired ones included. */
  list(realm: RealmStore, accountId: AccountId): Promise<readonly KnownAppPassword[]>
  /** `false`: not this account's. Those of an app go with the app (`mailApps.remove`). */
  revoke(realm: RealmStore, accountId: AccountId, id: string): Promise<boolean>
  /** Returns how many went. */
  revokeAll(realm: RealmStore, accountId: AccountId): Promise<number>
}

/** How secrets are kept; the same way as passwords of accounts. */
export interface SecretHashing {
  hash(secret: string): Promise<string>
  /** Whatever is not `wrong` is right. */
  verify(stored: string, secret: string): Promise<'right' | 'rehash' | 'wrong'>
}

export interface AppPasswordParts {
  readonly gate: AttemptGate
  readonly hashing: SecretHashing
  readonly memory: SecretMemory
  /** Under a key of its own: with it, whoever has the database could tell look-ups of guesses. */
  readonly digest: Digest
  readonly clock: Clock
  /** n bytes of a cryptographically strong generator. */
  readonly random: (bytes: number) => Uint8Array
  readonly newId: () => string
  /** Whether an address lies in one of the networks (CIDR); `false` for one that is not known. */
  readonly isInNetworks: (networks: readonly string[], source: string | undefined) => boolean
}

export function createAppPasswords(parts: AppPasswordParts): AppPasswords {
  const { gate, hashing, memory, digest, clock, random, newId, isInNetworks } = parts
  const checks = createSharedWork<boolean>()

  const lookupOf = (realm: RealmId, secret: string): string =>
    asText(digest('app-password-lookup', realm, secret)).slice(0, lookupDigits)

  async function check(
    realm: RealmStore,
    { id, accountId, hash }: TriedAppPassword,
    secret: string,
  ): Promise<'remembered' | 'right' | 'wrong'> {
    // No place: nobody guesses at 98 bits, so the answer may hold wherever the app is.
    const tried = { purpose, subject: `${realm.realmId} ${id}`, version: hash, secret }
    if (memory.find(tried)?.answer === 'right') return 'remembered'
    const counter = { attempts: realm.attempts, subject: `account:${accountId}`, method: 'app-password' }
    const verify = async () => (await hashing.verify(hash, secret)) !== 'wrong'
    const { done } = checks.share(JSON.stringify(tried), async () => {
      const { outcome } = await gate.check({ ...counter, rules: 'unguessable' }, verify)
      if (outcome === 'proved') memory.remember(tried, 'right')
      return outcome === 'proved'
    })
    return (await done) ? 'right' : 'wrong'
  }

  return Object.freeze({
    lookupOf,

    async create(realm, wanted) {
      const createdAt = clock()
      requireSense(wanted, createdAt)
      for (let draw = 0; draw < mostDraws; draw += 1) {
        const secret = drawAppSecret(random)
        const password = {
          ...wanted,
          id: newId(),
          lookup: lookupOf(realm.realmId, secret),
          hash: await hashing.hash(secret),
          protocols: Object.freeze([...new Set(wanted.protocols)]),
          networks: Object.freeze([...new Set(wanted.networks)]),
          createdAt,
        }
        const added = await realm.appPasswords.add(Object.freeze(password), { most: mostAppPasswords })
        if (added === 'full') return Object.freeze({ outcome: 'full' })
        if (added === 'added') return Object.freeze({ outcome: 'created', id: password.id, secret: inFours(secret) })
      }
      throw new TypeError('Secrets that were just drawn are taken: the generator repeats itself.')
    },

    async verify(realm, { password, secret, protocol, source, app }) {
      if (parseAppPassword(secret) !== secret) throw new TypeError('parseAppPassword reads what was typed before it is checked.')
      const answer = await check(realm, password, secret)
      if (answer === 'wrong') return wrong
      if (password.expiresAt !== undefined && password.expiresAt <= clock()) return expired
      if (!password.protocols.includes(protocol)) return outOfScope('protocol')
      if (password.networks.length > 0 && !isInNetworks(password.networks, source)) return outOfScope('network')
      if (password.mailAppId !== undefined && password.mailAppId !== app) return outOfScope('app')
      return answer === 'remembered' ? remembered : right
    },

    async list(realm, accountId) {
      const kept = await realm.appPasswords.list(accountId)
      return Object.freeze(kept.map(({ hash: _hash, lookup: _lookup, ...known }) => Object.freeze(known)))
    },
    revoke: (realm, accountId, id) => realm.appPasswords.remove(accountId, id),
    revokeAll: (realm, accountId) => realm.appPasswords.removeAll(accountId),
  } satisfies AppPasswords)
}

const right = Object.freeze({ outcome: 'right', isRemembered: false } as const)
const remembered = Object.freeze({ outcome: 'right', isRemembered: true } as const)
const wrong = Object.freeze({ outcome: 'wrong' } as const)
const expired = Object.freeze({ outcome: 'expired' } as const)
const outOfScope = (because: 'protocol' | 'network' | 'app') => Object.freeze({ outcome: 'scope', because } as const)

function requireSense({ label, protocols, expiresAt }: NewAppPassword, now: Date): void {
  if (label.trim() === '') throw new TypeError('An app password has a label, so that its owner knows it again.')
  if (protocols.length === 0) throw new TypeError('An app password opens at least one protocol.')
  if (expiresAt !== undefined && expiresAt <= now) throw new TypeError('An app password is not over when it is made.')
}
