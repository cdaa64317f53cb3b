import { createHmac } from 'node:crypto'
import type { Account, AccountId } from '@postern/storage'
import type { Context } from 'koa'
import { acrOf } from '../policy/policy.ts'
import { assess, findEnforcement } from './assurance.ts'
import { endGrant } from './ended-grants.ts'
import { grantsOf, isEnded, markEnded, sidOf } from './ended-sessions.ts'
import { countsAfter } from './find-account.ts'
import { PORTAL_CLIENT_ID, portalRequest } from './portal-client.ts'
import { ROUTES } from './provider.ts'
import { requestState } from './request-state.ts'
import type { ListedSession, Sessions, SignedIn } from './sessions.ts'

/** What of a stored session is read here. */
interface SessionPayload {
  readonly uid?: unknown
  readonly accountId?: unknown
  readonly loginTs?: unknown
  readonly amr?: unknown
}

/** The sessions of the realm whose request is in hand. */
export function createSessions(options: { csrfKey: Uint8Array; clock: () => Date }): Sessions {
  const { csrfKey, clock } = options

  async function find(ctx: Context): Promise<{ account: Account; signedIn: SignedIn } | undefined> {
    const { provider, store } = requestState().runtime
    const session = await provider.Session.get(ctx as never) // its types are of another koa
    const read = readSession(session as unknown as SessionPayload)
    if (read === undefined) return undefined
    const account = await store.accounts.find(read.accountId)
    if (account?.status !== 'active' || !countsAfter(account.signedOutAt, read.signedInAt.getTime() / 1000)) return undefined
    const csrf = createHmac('sha256', csrfKey).update(`session ${read.attempt}`).digest('base64url')
    return { account, signedIn: Object.freeze({ ...read, csrf }) }
  }

  return Object.freeze({
    current: async (ctx) => (await find(ctx))?.signedIn,
    async entitled(ctx) {
      const found = await find(ctx)
      if (found === undefined) return undefined
      const { account, signedIn } = found
      const { runtime, source } = requestState()
      const enforced = await findEnforcement(runtime.store, account, clock())
      // The same question as the dispatcher's at a sign-in for the portal, or a browser would be sent in circles.
      const occasion = {
        account,
        clientId: PORTAL_CLIENT_ID,
        resources: [],
        source,
        flow: 'authorization' as const,
        evidence: signedIn.evidence,
      }
      const demanded = { acrValues: [], acr: acrOf(signedIn.evidence), secondFactor: enforced.demand === 'second-factor' }
      return assess(runtime.policies, occasion, demanded).outcome === 'sufficient' ? signedIn : undefined
    },
    signInAddress(_ctx, wanted) {
      if (!wanted.returnTo.startsWith('/portal')) throw new TypeError('a sign-in for the portal leads back to the portal')
      return portalRequest(requestState().runtime.issuer, wanted, ROUTES.authorization)
    },
    signOutAddress: () => `${requestState().runtime.issuer}${ROUTES.end_session}`,
    async list(accountId, only): Promise<readonly ListedSession[]> {
      const { store } = requestState().runtime
      const kept = await store.artifacts.listByAccount('Session', accountId, clock())
      const listed = kept.flatMap(({ payload }) => {
        const read = readSession(payload)
        return read === undefined || (only !== undefined && !read.evidence.includes(only.showing)) ? [] : [read]
      })
      if (listed.length === 0) return Object.freeze([])
      // Read after the sessions: a sign-out in between counts.
      const account = await store.accounts.find(accountId)
      const living = listed.flatMap(({ attempt, evidence, signedInAt }) =>
        countsAfter(account?.signedOutAt, signedInAt.getTime() / 1000) ? [Object.freeze({ attempt, evidence, signedInAt })] : [],
      )
      const ended = await Promise.all(living.map(({ attempt }) => isEnded(store, attempt)))
      const left = living.filter((_, at) => ended[at] !== true)
      return Object.freeze(left.toSorted((one, other) => other.signedInAt.getTime() - one.signedInAt.getTime()))
    },
    async end(accountId, attempt) {
      const { store, realm } = requestState().runtime
      const now = clock()
      const kept = await store.artifacts.listByAccount('Session', accountId, now)
      const session = kept.find(({ payload }) => payload.uid === attempt)
      if (session === undefined || (await isEnded(store, attempt))) return false
      await markEnded(store, { uid: attempt, accountId, payload: session.payload, now, realm, tells: 'clients' })
      const families = await store.refreshTokens.families(accountId)
      const begun = families.flatMap(({ id, sessionId }) => (sessionId === sidOf(attempt) ? [id] : []))
      for (const grant of new Set([...begun, ...grantsOf(session.payload)])) await endGrant(store, grant, now, 'session ended')
      return true
    },
  } satisfies Sessions)
}

function readSession({ uid, accountId, loginTs, amr }: SessionPayload): Omit<SignedIn, 'csrf'> | undefined {
  if (typeof uid !== 'string' || typeof accountId !== 'string' || typeof loginTs !== 'number') return undefined
  const evidence = Array.isArray(amr) ? amr.filter((one): one is string => typeof one === 'string') : []
  return Object.freeze({
    accountId: accountId as AccountId, // given by finish() of interactions-of-provider.ts, so an id of ours
    attempt: uid,
    evidence: Object.freeze(evidence),
    signedInAt: new Date(loginTs * 1000),
  })
}
