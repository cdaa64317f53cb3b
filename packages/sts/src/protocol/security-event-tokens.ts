import { signJwt } from './issued-jwt.ts'
import type { RealmParts } from './realm-parts.ts'

/** What a security event token says, beside who says it to whom and when. */
export interface SecurityEvent {
  /** Unique among the tokens of this issuer; the same for the same event. */
  readonly id: string
  /** Client id of the one reader. */
  readonly audience: string
  /** Whom or what it is about: `format` and the members of that format (RFC 9493). */
  readonly subject: Readonly<Record<string, unknown>>
  /** One event: its type (a URI) and what belongs to it. Times in seconds. */
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * Signs one as a compact JWT with the key that signs the realm's tokens (RFC 8417; `typ` of section 2.3). It has no `exp`: what
 * happened stays true. It is no token of access anywhere: its `typ` is accepted by nobody who reads those.
 */
export const signSecurityEvent = (realm: Pick<RealmParts, 'ring' | 'issuer'>, event: SecurityEvent, now: Date): Promise<string> =>
  signJwt(realm.ring, 'secevent+jwt', {
    iss: realm.issuer,
    aud: event.audience,
    iat: Math.floor(now.getTime() / 1000),
    jti: event.id,
    sub_id: event.subject,
    events: { [event.type]: event.payload },
  })
