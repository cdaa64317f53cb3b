import type { RealmSettings } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { type KeyRing, readJwt, signJwt } from './issued-jwt.ts'
import type { StoredPayload } from './provider-internals.ts'
import { findRequestState } from './request-state.ts'

/** JOSE `typ` of refresh tokens: no access token, ID token or assertion is ever taken for one (RFC 8725 section 3.11). */
export const REFRESH_TYPE = 'rt+jwt'

/** What a refresh token says of itself. */
export interface ReadRefreshToken {
  readonly handle: string
  readonly familyId: unknown
  readonly clientId: unknown
}

/**
 * Refresh tokens as RS256 JWTs around oidc-provider's handle. A forged, foreign or expired one is refused by its
 * signature, `typ`, `aud` and `exp` before the database is asked. What the handle may still do is the database's to say.
 */
export function createRefreshTokenCodec(options: { ring: KeyRing; issuer: string; clock: Clock }) {
  const { ring, issuer, clock } = options

  function read(presented: string): ReadRefreshToken | undefined {
    const claims = readJwt(ring, presented, { types: [REFRESH_TYPE], issuer })
    const now = Math.floor(clock().getTime() / 1000)
    if (claims?.aud !== issuer || typeof claims.exp !== 'number' || claims.exp <= now) return undefined
    const { jti: handle, fam: familyId, client_id: clientId } = claims
    return typeof handle === 'string' ? { handle, familyId, clientId } : undefined
  }

  return {
    /** What a presented one says of itself, or `undefined` for whatever is none of ours, or too old. */
    read,

    wrap: (payload: StoredPayload): Promise<string> =>
      signJwt(ring, REFRESH_TYPE, {
        iss: issuer,
        aud: issuer,
        sub: payload.accountId ?? payload.clientId,
        client_id: payload.clientId,
        iat: payload.iat,
        nbf: payload.iat,
        exp: payload.exp,
        jti: payload.jti,
        fam: payload.grantId,
      }),

    unwrap(presented: string): string | undefined {
      // The fronts of introspection and revocation have verified the token already and ask by its handle.
      const verified = findRequestState()?.presented
      if (verified?.kind === 'RefreshToken' && verified.handle === presented) return presented
      return read(presented)?.handle
    },
  }
}

/** Seconds. A refresh token lives until it has been idle too long or its family ends, whichever is first (R40, R41). */
export function refreshSeconds(firstIssuedAt: number | undefined, settings: RealmSettings, now: Date): number {
  const second = Math.floor(now.getTime() / 1000)
  const familyLeft = (firstIssuedAt ?? second) + settings.refreshAbsoluteSeconds - second
  return Math.max(1, Math.min(settings.refreshIdleSeconds, familyLeft))
}
