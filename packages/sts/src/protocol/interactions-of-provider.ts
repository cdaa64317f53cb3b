import { createHmac } from 'node:crypto'
import type { Account, AccountId, ClientId } from '@postern/storage'
import type { Context } from 'koa'
import { errors, type Interaction, type Provider } from 'oidc-provider'
import { acrOf } from '../policy/policy.ts'
import type { ClientRegistration } from './clients.ts'
import { countsAfter } from './find-account.ts'
import type { Interactions, LostInteraction, PendingInteraction } from './interactions.ts'
import { type RequestState, requestState } from './request-state.ts'

const PROMPTS = new Set(['login', 'assurance', 'consent'])

/** The interactions of the realm whose request is in hand. */
export function createInteractions(options: { csrfKey: Uint8Array }): Interactions {
  const { csrfKey } = options

  /** The step and what it relies on, read once: whoever goes on from here takes them along instead of asking again. */
  async function load(ctx: Context, uid: string): Promise<Loaded | LostInteraction> {
    const state = requestState()
    const { provider } = state.runtime
    found.delete(state)
    try {
      // oidc-provider looks for the session of the step, and so does findGround.
      state.sessionsFound = new Map()
      const interaction = await provider.interactionDetails(ctx.req, ctx.res)
      // The cookie is bound to the page's path, so another uid means a hand-made address.
      if (interaction.uid === uid) {
        const ground = await findGround(interaction)
        if (ground !== undefined) {
          const loaded = { interaction, ...ground }
          found.set(state, loaded)
          return loaded
        }
      }
    } catch (cause) {
      if (!(cause instanceof errors.SessionNotFound)) throw cause
    } finally {
      delete state.sessionsFound
    }
    return decideLost(provider, uid)
  }

  /** What this very request has found, or what there is now. */
  function recall(ctx: Context, uid: string): Promise<Loaded | LostInteraction> | Loaded {
    const loaded = found.get(requestState())
    return loaded?.interaction.uid === uid ? loaded : load(ctx, uid)
  }

  async function step(ctx: Context, uid: string, result: Record<string, unknown>): Promise<string> {
    const loaded = await recall(ctx, uid)
    return 'lost' in loaded ? whereLost(loaded, uid) : keep(loaded.interaction, result)
  }

  return {
    async current(ctx, uid) {
      const loaded = await load(ctx, uid)
      if ('lost' in loaded) return loaded
      const { interaction, account } = loaded
      return describe(interaction, { csrf: csrfOf(csrfKey, interaction.uid), account })
    },

    async finish(ctx, uid, proved) {
      const loaded = await recall(ctx, uid)
      if ('lost' in loaded) return whereLost(loaded, uid)
      // Whoever signs in starts from nothing: an older session's second factor does not count for a new password.
      const { interaction, signedInAt } = loaded
      const isSignIn = interaction.prompt.name === 'login'
      if (!isSignIn && interaction.session?.accountId !== proved.accountId)
        throw new TypeError('a second factor was shown for an account other than the one that signed in')
      const before = isSignIn ? [] : (interaction.session?.amr ?? [])
      const amr = combine(before, proved.evidence.amr)
      return keep(interaction, {
        login: {
          accountId: proved.accountId,
          amr,
          acr: acrOf(amr),
          remember: true,
          // A second factor does not make the password younger: the session ends, and max_age counts, from the password.
          ts: (isSignIn ? undefined : signedInAt) ?? (await signInTime(proved)),
        },
      })
    },

    postpone: (ctx, uid) => step(ctx, uid, { postponed: true }),
    consent: (ctx, uid) => step(ctx, uid, { consent: {} }),

    refuse: (ctx, uid, refusal) => step(ctx, uid, { error: refusal.error, error_description: refusal.description }),
  }
}

/** By request: what its steps rely on. */
const found = new WeakMap<RequestState, Loaded>()

interface Loaded {
  readonly interaction: Interaction
  /** Of a step after the first: whose session it relies on. */
  readonly account?: Account
  /** When the session that a step after the first relies on was signed in to, in seconds. */
  readonly signedInAt?: number
}

/** Keeps what came of a step, unless the step is over meanwhile. Returns where the request goes on. */
async function keep(interaction: Interaction, result: Record<string, unknown>): Promise<string> {
  const state = requestState()
  interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result }
  const keeping: { done?: boolean } = {}
  state.keeping = keeping
  try {
    await interaction.persist()
  } finally {
    delete state.keeping
  }
  if (keeping.done === true) return interaction.returnTo
  return whereLost(await decideLost(state.runtime.provider, interaction.uid), interaction.uid)
}

/**
 * A step after the first relies on the session: it must still be there, and its account must not be signed out since.
 * `undefined`: it is not.
 */
async function findGround({ prompt, session: begun }: Interaction): Promise<Omit<Loaded, 'interaction'> | undefined> {
  if (prompt.name === 'login') return {}
  const { provider, store } = requestState().runtime
  const session = begun?.uid === undefined ? undefined : await provider.Session.findByUid(begun.uid)
  if (session?.accountId === undefined) return undefined
  const account = await store.accounts.find(session.accountId as AccountId) // given by finish(), so an id of ours
  if (account?.status !== 'active' || !countsAfter(account.signedOutAt, session.loginTs)) return undefined
  return { account, ...(session.loginTs !== undefined && { signedInAt: session.loginTs }) }
}

/**
 * The time of a sign-in in whole seconds, as sessions and tokens carry it (`auth_time`). Sessions proved up to the moment
 * of a sign-out count no more, so whoever proves something later in that very second is put into the next one.
 */
async function signInTime({ accountId, evidence, account: read }: Parameters<Interactions['finish']>[2]): Promise<number> {
  const account = read ?? (await requestState().runtime.store.accounts.find(accountId))
  const proved = Math.floor(evidence.at.getTime() / 1000)
  const signedOutAt = account?.signedOutAt
  if (signedOutAt === undefined || evidence.at <= signedOutAt) return proved
  return Math.max(proved, Math.floor(signedOutAt.getTime() / 1000) + 1)
}

/** The page of the interaction says itself that it is over, or that the browser keeps no cookies. */
const whereLost = (lost: LostInteraction, uid: string): string =>
  lost.lost === 'restart' ? lost.location : `${requestState().runtime.issuer}/signin/${encodeURIComponent(uid)}`

/** Signals beside what a person shows: they are kept, and make nothing stronger. */
const SIGNALS: ReadonlySet<string> = new Set(['rba', 'mfa'])

/**
 * `amr` after more was shown. `mfa` stands there once two different things were shown, or one that says so itself: a key
 * that checked its owner (RFC 8176 section 2).
 */
export function combine(shown: readonly string[], next: readonly string[]): string[] {
  const all = new Set([...shown, ...next])
  const things = [...all].filter((one) => !SIGNALS.has(one))
  all.delete('mfa')
  const isMany = things.length > 1 || shown.includes('mfa') || next.includes('mfa')
  return isMany ? [...all, 'mfa'] : [...all]
}

/** Bound to the interaction, whose id only this browser's signed cookie proves. */
const csrfOf = (key: Uint8Array, uid: string): string => createHmac('sha256', key).update(uid).digest('base64url')

/**
 * The cookie is gone or belongs to something else. Where the request itself is still known, beginning it again is as
 * safe as following a link to /authorize, and it is what the person wants. Once only: without cookies it would go on.
 */
export async function decideLost(provider: Provider, uid: string): Promise<LostInteraction> {
  const known = await provider.Interaction.find(uid)
  if (!known?.params) return { lost: 'expired' }
  if (known.deviceCode) return { lost: 'restart', location: `${provider.issuer}/device` }
  if (known.params.postern_again !== undefined) return { lost: 'cookies' }
  const location = new URL(`${provider.issuer}/oauth2/v2.0/authorize`)
  for (const [name, value] of Object.entries(known.params)) {
    if (value === undefined || name === 'request_uri') continue
    for (const one of Array.isArray(value) ? value : [value]) location.searchParams.append(name, String(one))
  }
  location.searchParams.set('postern_again', '1')
  return { lost: 'restart', location: location.href }
}

async function describe(
  interaction: Interaction,
  { csrf, account }: { csrf: string; account: Account | undefined },
): Promise<PendingInteraction> {
  const { provider } = requestState().runtime
  const { params, prompt, session } = interaction
  const clientId = String(params.client_id)
  const client = await provider.Client.find(clientId)
  const registration = client?.postern as ClientRegistration | undefined // set by clients.ts
  if (!PROMPTS.has(prompt.name)) throw new TypeError(`no step answers the prompt ${prompt.name}`)
  const text = (name: string): string | undefined => {
    const value = params[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const { missing } = prompt.details as { missing?: unknown } // of `assurance`: what interaction-policy.ts said
  return Object.freeze({
    uid: interaction.uid,
    prompt: prompt.name as PendingInteraction['prompt'], // one of PROMPTS, checked above
    reasons: Object.freeze([...prompt.reasons]),
    details: Object.freeze({ ...prompt.details }),
    client: Object.freeze({
      id: clientId as ClientId,
      displayName: registration?.displayName ?? clientId,
      isUnverified: registration?.selfRegistered === true,
    }),
    ...(text('login_hint') ? { loginHint: text('login_hint') ?? '' } : {}),
    locales: Object.freeze((text('ui_locales') ?? '').split(' ').filter((tag) => tag !== '')),
    ...(session?.accountId ? { accountId: session.accountId as AccountId } : {}), // given by finish(), so an id of ours
    ...(account && { account }),
    missing: Object.freeze(Array.isArray(missing) ? missing.filter((one) => typeof one === 'string') : []),
    evidence: Object.freeze([...(session?.amr ?? [])]),
    flow: interaction.deviceCode === undefined ? 'authorization' : 'device',
    scopes: Object.freeze((text('scope') ?? '').split(' ').filter((scope) => scope !== '')),
    csrf,
  })
}
