/**
 * mail-server-authentication knows which mail server asks. It owns the credentials of these calls and how often they may be wrong.
 *
 * The gate is an oracle for passwords, so nobody asks it but clients that an administrator has made mail servers. What they
 * may ask is decided elsewhere.
 * @module
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { type AttemptGate, sourceRules } from '@postern/mfa'
import type { ClientCredential, ClientId, RealmStore } from '@postern/storage'
import { LRUCache } from 'lru-cache'
import { MailgateError } from './errors.ts'

export interface ServerAuthentication {
  /**
   * The client whose id and secret stand in `authorization` (HTTP Basic, RFC 6749 section 2.3.1). Active clients with a living
   * secret only. Wrong ones are counted by the caller's address, so that nobody tries secrets here; a caller who was right
   * before is heard whatever others do behind the same address. A right answer holds for ten seconds without a look.
   * @throws {MailgateError} `unknown_mail_server`
   */
  authenticate(realm: RealmStore, asked: { authorization: string; source: string | undefined }): Promise<ClientId>
}

/** How long a withdrawn secret or a disabled client may still ask. */
const trustedSeconds = 10
const most = 1000
const method = 'mail-server'
/** Compared with where there is nothing to compare with, so that an unknown id costs what a wrong secret costs. */
const nothing = new Uint8Array(32)

export function createServerAuthentication(parts: {
  readonly gate: Pick<AttemptGate, 'check'>
  readonly clock: () => Date
  /** Random, of this process alone. */
  readonly key: Uint8Array
  readonly sourceOf: (address: string) => string
}): ServerAuthentication {
  const { gate, clock, sourceOf } = parts
  // In front of what is hashed: the digest is looked up here and told to nobody, so it needs no more than that.
  const key = Buffer.from(parts.key).toString('hex')
  /** Whom a header was found to be right for, and when the last time. */
  const proved = new LRUCache<string, { readonly id: ClientId; readonly at: number }>({ max: most })

  return Object.freeze({
    async authenticate(realm: RealmStore, { authorization, source }: { authorization: string; source: string | undefined }) {
      // A realm's id has no space in it.
      const remembered = hash('sha256', `${key} ${realm.realmId} ${authorization}`, 'base64url')
      const now = clock().getTime()
      const before = proved.get(remembered)
      if (before !== undefined && before.at <= now && now < before.at + trustedSeconds * 1000) return before.id
      const shown = readBasic(authorization)
      if (shown === undefined)
        throw new MailgateError('unknown_mail_server', 'A mail server shows its client id and secret as Basic.')
      const verify = () => isRight(realm, shown, clock())
      // It was this very server before, so nothing is guessed: others behind its address cannot shut it out.
      const isKnown = before !== undefined || source === undefined
      const counter = { attempts: realm.attempts, subject: `source:${sourceOf(source ?? '')}`, method, rules: sourceRules }
      const result = isKnown ? await verify().then(outcomeOf) : await gate.check(counter, verify)
      if (result.outcome === 'proved') {
        proved.set(remembered, { id: shown.id, at: now })
        return shown.id
      }
      proved.delete(remembered)
      const until = result.outcome === 'throttled' ? Math.max(1, Math.ceil((result.until.getTime() - now) / 1000)) : undefined
      throw new MailgateError('unknown_mail_server', 'No mail server has this client id and secret.', {
        ...(until !== undefined && { retryAfterSeconds: until }),
      })
    },
  } satisfies ServerAuthentication)
}

const outcomeOf = (isProved: boolean) => ({ outcome: isProved ? ('proved' as const) : ('wrong' as const) })

interface Credentials {
  readonly id: ClientId
  readonly secret: string
}

async function isRight(realm: RealmStore, { id, secret }: Credentials, now: Date): Promise<boolean> {
  const found = await realm.clients.findWithCredentials(id)
  const digest = createHash('sha256').update(secret, 'utf8').digest()
  const living = (found?.credentials ?? []).filter((one) => one.expiresAt === undefined || one.expiresAt > now)
  const kept = living.flatMap((one: ClientCredential) => (one.kind === 'secret' ? [one.digest] : []))
  let isSame = false
  for (const one of kept.length === 0 ? [nothing] : kept)
    if (one.length === digest.length && timingSafeEqual(one, digest)) isSame = true
  return isSame && kept.length > 0 && found?.client.status === 'active'
}

/** `undefined`: nothing that could be a client id and its secret. Both may be percent-encoded, as RFC 6749 has it. */
function readBasic(authorization: string): Credentials | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.slice(0, 2048)) ?? []
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const id = decode(text.slice(0, Math.max(0, colon)))
  const secret = decode(text.slice(colon + 1))
  if (id === undefined || secret === undefined || !/^[\x21-\x7e]{1,128}$/.test(id) || secret === '') return undefined
  return { id: id as ClientId, secret } // a brand has no runtime part
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
