import type { AccountId, ClientId, FamilyId, NewArtifact, Realm, RealmStore } from '@postern/storage'
import { type Adapter, errors, Provider } from 'oidc-provider'
import type { Clock } from '../clock.ts'
import { findActiveClient, toClientMetadata } from './clients.ts'
import { endGrant } from './ended-grants.ts'
import { markEnded, sidOf } from './ended-sessions.ts'
import { openAnswer } from './kept-answer.ts'
import { PORTAL_CLIENT_ID, portalClient } from './portal-client.ts'
import { grantInHand, isNewIdOf, type StoredPayload } from './provider-internals.ts'
import { findRequestState } from './request-state.ts'

/** Kinds whose row is locked while a token request runs, so that they are used once (R21, R39). */
const LOCKED = new Set(['AuthorizationCode', 'DeviceCode', 'PushedAuthorizationRequest'])
/** Kinds that a grant must be saved for: until one of them exists, nothing refers to it. */
const NEEDS_GRANT = new Set(['AuthorizationCode', 'DeviceCode'])

export interface AdapterParts {
  readonly realm: Realm
  readonly issuer: string
  readonly store: RealmStore
  readonly clock: Clock
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
/** Every model of ours has a life; one without would stay for ever. */
function after(now: Date, ttl: number | undefined): Date {
  if (ttl === undefined) throw new TypeError('oidc-provider wants to keep something without an end')
  return new Date(now.getTime() + ttl * 1000)
}
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Joins oidc-provider's storage interface to ours. One adapter a model; clients and refresh tokens have their own. */
export function createAdapterFactory(parts: AdapterParts): (model: string) => Adapter {
  return (model) => {
    if (model === 'Client') return clientAdapter(parts)
    if (model === 'RefreshToken') return refreshTokenAdapter(parts)
    return artifactAdapter(parts, model)
  }
}

const unsupported = async (): Promise<never> => {
  throw new TypeError('oidc-provider asked storage for something that no enabled feature needs')
}

function clientAdapter({ issuer, store, clock }: AdapterParts): Adapter {
  return {
    async find(id) {
      if (id === PORTAL_CLIENT_ID) return toClientMetadata(portalClient(issuer), [], clock())
      const ahead = findRequestState()?.readAhead
      const found = ahead?.clientId === id ? ahead.found : await findActiveClient(store, id)
      return found && toClientMetadata(found.client, found.credentials, clock())
    },
    upsert: unsupported,
    findByUid: unsupported,
    findByUserCode: unsupported,
    consume: unsupported,
    destroy: unsupported,
    revokeByGrantId: unsupported,
  }
}

function artifactAdapter({ realm, store, clock }: AdapterParts, kind: string): Adapter {
  const unpack = (found: Awaited<ReturnType<RealmStore['artifacts']['find']>>): StoredPayload | undefined =>
    found && { ...found.payload, ...(found.consumedAt ? { consumed: seconds(found.consumedAt) } : {}) }
  return {
    async upsert(id, payload: StoredPayload, ttl) {
      const state = findRequestState()
      const grant = NEEDS_GRANT.has(kind) && payload.grantId !== undefined ? await takeGrantInHand() : undefined
      const keys = {
        // A sign-in in the making is not the grant's: who signs in as somebody else ends the old grants on the way.
        // A grant is its own, so that it is found together with what was given for it.
        grantId: kind === 'Interaction' ? undefined : kind === 'Grant' ? id : text(payload.grantId),
        uid: kind === 'Session' ? text(payload.uid) : undefined,
        userCode: text(payload.userCode),
        accountId: text(payload.accountId),
        clientId: text(payload.clientId),
      }
      const known = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined))
      const artifact = { kind, id, payload, expiresAt: after(clock(), ttl), keys: known }
      if (kind === 'Grant' && state?.grantOfCode !== undefined) state.grantOfCode.grant = artifact
      else if (kind === 'Interaction' && state?.keeping !== undefined)
        state.keeping.done = await store.artifacts.replace(artifact)
      else if (kind === 'Session' && keys.uid !== undefined) await saveSession({ ...artifact, keys: { ...known, uid: keys.uid } })
      else if (grant !== undefined) await store.artifacts.upsertBoth(grant, artifact)
      else await store.artifacts.upsert(artifact)
    },
    async find(id) {
      const state = findRequestState()
      // A structured token is not stored; whoever asks about one has verified it first.
      if (state?.presented?.kind === kind && state.presented.handle === id && state.presented.stored) {
        const withdrawn = await store.artifacts.find('WithdrawnToken', id)
        return withdrawn ? undefined : { ...state.presented.stored }
      }
      const found = unpack(await store.artifacts.find(kind, id, { lock: state?.locking === true && LOCKED.has(kind) }))
      return kind === 'Session' && found && (await isEnded(found)) ? undefined : found
    },
    async findByUid(uid) {
      const known = kind === 'Session' ? findRequestState()?.sessionsFound : undefined
      if (known?.has(uid)) return known.get(uid)
      const found = unpack(await store.artifacts.findByUid(kind, uid, kind === 'Session' ? { unless: 'EndedSession' } : {}))
      known?.set(uid, found)
      return found
    },
    findByUserCode: async (userCode) => unpack(await store.artifacts.findByUserCode(kind, userCode)),
    async consume(id) {
      // The row is locked by find, so losing here means that somebody used it outside of a token request.
      if (!(await store.artifacts.consume(kind, id, clock()))) throw new errors.InvalidGrant('already used')
    },
    async destroy(id) {
      const state = findRequestState()
      const presented = state?.presented
      if (presented?.kind === kind && presented.handle === id && presented.stored) {
        const exp = Number(presented.stored.exp)
        if (state) state.ended ??= {}
        await store.artifacts.upsert({ kind: 'WithdrawnToken', id, payload: {}, expiresAt: new Date(exp * 1000), keys: {} })
      } else if (kind === 'Grant') await endGrant(store, id, clock(), 'revoked')
      else if (kind === 'Session') await endSession(id)
      else await store.artifacts.destroy(kind, id)
    },
    async revokeByGrantId(grantId) {
      await store.artifacts.removeByGrant(grantId)
    },
  }

  /** See {@link markEnded}. */
  async function isEnded({ uid }: StoredPayload): Promise<boolean> {
    return typeof uid === 'string' && (await store.artifacts.find('EndedSession', uid)) !== undefined
  }

  /** One that was ended meanwhile is not brought back; what it was kept under before goes all the same. */
  async function saveSession(session: Parameters<typeof store.artifacts.upsertUnless>[0]): Promise<void> {
    const state = findRequestState()
    const left = state?.sessionLeft
    if (state) delete state.sessionLeft
    await store.artifacts.upsertUnless(session, { unless: 'EndedSession', ...(left !== undefined && { instead: left }) })
  }

  /** Signing out ends the session; a new id for a living session only ends the old id, together with keeping the new one. */
  async function endSession(id: string): Promise<void> {
    const ctx = Provider.ctx
    const session =
      ctx?.oidc.route === 'end_session_confirm' && ctx.oidc.params?.logout !== undefined ? ctx.oidc.session : undefined
    if (session?.uid !== undefined) {
      const accountId = session.accountId as AccountId | undefined // given by finish() of interactions-of-provider.ts
      const payload = { authorizations: session.authorizations }
      const tells = findRequestState()?.untoldApps ?? new Set<string>()
      await markEnded(store, { uid: session.uid, accountId, payload, now: clock(), realm, tells })
    }
    const state = findRequestState()
    if (state && ctx && isNewIdOf(ctx, id)) state.sessionLeft = id
    else await store.artifacts.destroy('Session', id)
  }
}

/**
 * The grant of the authorization in hand, as it is to be kept together with what refers to it; until then it is in memory only.
 * `undefined`: it was kept before, or is kept now where there is no request to remember it.
 */
async function takeGrantInHand(): Promise<NewArtifact | undefined> {
  const ctx = Provider.ctx
  const grant = ctx && grantInHand(ctx)
  if (grant?.exp !== undefined || !grant) return undefined
  const state = findRequestState()
  const taken: { grant?: NewArtifact } = {}
  if (state) state.grantOfCode = taken
  try {
    await grant.save()
  } finally {
    if (state) delete state.grantOfCode
  }
  return taken.grant
}

function refreshTokenAdapter({ realm, store, clock }: AdapterParts): Adapter {
  return {
    async upsert(handle, payload: StoredPayload, ttl) {
      const state = findRequestState()
      if (state?.replayed) return // the successor exists already; this one is thrown away with its answer
      const issuedAt = clock()
      const token = { handle, payload, issuedAt, expiresAt: after(issuedAt, ttl) }
      if (state?.usedRefreshToken) {
        state.successor = token // finishTokenRequest writes it
        return
      }
      const grantId = text(payload.grantId)
      const clientId = text(payload.clientId)
      if (!grantId || !clientId) throw new TypeError('a refresh token belongs to a grant of a client')
      const familyEndsAt = after(issuedAt, realm.settings.refreshAbsoluteSeconds)
      const accountId = text(payload.accountId)
      const sessionUid = text(payload.sessionUid)
      await store.refreshTokens.start({
        ...token,
        familyId: grantId as FamilyId,
        clientId: clientId as ClientId,
        familyEndsAt,
        ...(accountId ? { accountId: accountId as AccountId } : {}),
        ...(sessionUid ? { sessionId: sidOf(sessionUid) } : {}),
      })
      await keepGrantUntil(familyEndsAt)
    },

    async find(handle) {
      const state = findRequestState()
      const found = await store.refreshTokens.find(handle, { lock: state?.locking === true })
      if (!found) return undefined
      if (!found.usedAt) return { ...found.payload }
      // Asked about, or being revoked, not used again.
      if (state?.presented) return { ...found.payload, consumed: seconds(found.usedAt) }
      const now = clock()
      const { answer } = found
      const forgiven = state?.locking && answer && answer.until > now && !found.successorUsedAt
      if (forgiven && answer.request === state.form) {
        state.replayed = { answer: openAnswer(handle, answer.sealed), familyId: found.familyId }
        return { ...found.payload }
      }
      // Still within the window, but another request: it gets nothing, and the honest holder keeps the family.
      if (forgiven) throw new errors.InvalidGrant('refresh token already used')
      if (state) state.reuseSuspected = true
      return { ...found.payload, consumed: seconds(found.usedAt) }
    },

    async consume(handle) {
      const state = findRequestState()
      if (state?.replayed) return
      // Found unused and held since then; it is marked when its successor is written.
      if (state?.locking !== true) throw new TypeError('a refresh token is used in a token request alone')
      state.usedRefreshToken = handle
    },

    // Ending one token of a family ends the family: revocation is never partial (RFC 7009 section 2.1).
    async destroy(handle) {
      const found = await store.refreshTokens.find(handle)
      if (found) await endGrant(store, found.familyId, clock(), revocationReason())
    },
    async revokeByGrantId(grantId) {
      const state = findRequestState()
      if (state?.reuseSuspected) state.reusedFamily = grantId
      await store.refreshTokens.revoke(grantId as FamilyId, { at: clock(), because: revocationReason() })
    },
    findByUid: unsupported,
    findByUserCode: unsupported,
  }

  function revocationReason(): string {
    return findRequestState()?.reuseSuspected ? 'reuse' : 'revoked'
  }

  /** The grant lives as long as its family may, or refreshing would fail one day although nothing was revoked. */
  async function keepGrantUntil(end: Date): Promise<void> {
    const ctx = Provider.ctx
    const grant = ctx && grantInHand(ctx)
    if (!grant) return
    grant.exp = seconds(end)
    await grant.save()
  }
}
