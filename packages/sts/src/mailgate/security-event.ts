import type { Revocation, RevocationKind } from '@postern/storage'
import type { SecurityEvent } from '../protocol/security-event-tokens.ts'

const sessionRevoked = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
const credentialChange = 'https://schemas.openid.net/secevent/caep/event-type/credential-change'

/** `by`: who alone can do such a thing; of the others nobody knows here. */
interface Wire {
  readonly type: string
  readonly by?: 'admin'
  /** What a credential change has to say (CAEP 1.0 section 3.3). */
  readonly credential?: Readonly<{ credential_type: string; change_type: 'update' | 'revoke' }>
}

const wire = {
  'account-disabled': { type: sessionRevoked, by: 'admin' },
  'account-removed': { type: sessionRevoked, by: 'admin' },
  'signed-out': { type: sessionRevoked },
  'password-changed': { type: credentialChange, credential: { credential_type: 'password', change_type: 'update' } },
  'refresh-family': { type: sessionRevoked },
  session: { type: sessionRevoked },
  'client-disabled': { type: sessionRevoked, by: 'admin' },
  'mail-app': { type: sessionRevoked },
  'app-password': { type: credentialChange, credential: { credential_type: 'app-password', change_type: 'revoke' } },
  // Tokens from before say a name that may be somebody else's by now. New ones are had without a sign-in.
  'account-renamed': { type: sessionRevoked, by: 'admin' },
} as const satisfies Record<RevocationKind, Wire>

/**
 * Pure: a revocation as the mail servers of its realm read it (CAEP 1.0). The subject is the account by issuer and `sub` where
 * there is one, or else the client by its id (RFC 9493 sections 3.2.3 and 3.2.4). What narrows it down (session, family, client, app)
 * and its `kind` are members of the event.
 */
export function renderSecurityEvent(
  revocation: Revocation,
  to: { issuer: string; realmId: string; audience: string },
): SecurityEvent {
  const { number, at, kind, accountId, clientId, familyId, sessionId, mailAppId } = revocation
  const { type, by, credential }: Wire = wire[kind]
  return Object.freeze({
    id: `${to.realmId}:${number}`,
    audience: to.audience,
    subject:
      accountId === undefined
        ? { format: 'opaque', id: clientId ?? `${to.realmId}:${number}` }
        : { format: 'iss_sub', iss: to.issuer, sub: accountId },
    type,
    payload: {
      event_timestamp: Math.floor(at.getTime() / 1000),
      ...(by === undefined ? {} : { initiating_entity: by }),
      reason_admin: { en: kind },
      ...credential,
      kind,
      ...(sessionId === undefined ? {} : { session_id: sessionId }),
      ...(familyId === undefined ? {} : { family_id: familyId }),
      ...(clientId === undefined ? {} : { client_id: clientId }),
      ...(mailAppId === undefined ? {} : { app_id: mailAppId }),
    },
  })
}
