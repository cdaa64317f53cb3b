/**
 * Keeps a mailbox open: shows the token, renews it when it has ended, and signs in anew where nothing else helps.
 *
 * It owns when which of these is done, and that none is done for ever. How a person signs in is not its business. Sources: RFC 6750
 * section 3.1, RFC 6749 section 6, RFC 9470 section 4, and the claims challenge of Exchange-like servers. Tokens go to the one
 * server that they are for: no redirect is followed, and who issues them was settled at the first sign-in.
 */
import { type Challenge, parseChallenges } from '@postern/resource-server'
import { AuthorizationError, type Client, fetchEndpoints, requestTokens, type Tokens } from './authorization-code.ts'

/** What a mail server may ask a new sign-in for, as parameters of the authorization request. */
export type Demand = Readonly<{ acr_values?: string; max_age?: string; claims?: string }>

export type MailSessionOptions = Readonly<{
  issuer: string
  client: Client
  resource: string
  tokens: Tokens
  signIn: (demand: Demand) => Promise<Tokens>
  fetch: typeof fetch
}>

export type MailSession = Readonly<{
  /** Asks with the token. Gives back the last refusal when neither a new token nor a new sign-in opens the door. */
  ask: (url: string | URL, init?: RequestInit) => Promise<Response>
  tokens: () => Tokens
}>

function bearerOf(response: Response): Challenge | undefined {
  const line = response.headers.get('www-authenticate')
  return line === null ? undefined : parseChallenges([line]).find(({ scheme }) => scheme === 'bearer')
}

/** What the refusal asks a sign-in for. Undefined: only a newer token. */
export function readDemand(response: Response): Demand | undefined {
  const parameters = bearerOf(response)?.parameters
  const [error, acr, maxAge, claims] = ['error', 'acr_values', 'max_age', 'claims'].map((name) => parameters?.get(name))
  if (error === 'insufficient_user_authentication')
    return { ...(acr !== undefined && { acr_values: acr }), ...(maxAge !== undefined && { max_age: maxAge }) }
  if (error !== 'insufficient_claims' || claims === undefined) return undefined
  return { claims: Buffer.from(claims, 'base64').toString('utf8') }
}

/** Where the refresh tokens of this session go is read anew each time: endpoints may move, the issuer may not. */
async function renew({ issuer, client, resource, fetch }: MailSessionOptions, refreshToken: string): Promise<Tokens | undefined> {
  const endpoints = await fetchEndpoints(issuer, fetch)
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, resource })
  try {
    return await requestTokens({ endpoints, client, form, fetch })
  } catch (error) {
    if (error instanceof AuthorizationError && error.error === 'invalid_grant') return undefined
    throw error
  }
}

export function createMailSession(options: MailSessionOptions): MailSession {
  let { tokens } = options

  const better = async (response: Response, isFirst: boolean): Promise<Tokens> => {
    const demand = readDemand(response)
    if (demand !== undefined) return options.signIn(demand)
    const { refreshToken } = tokens
    const renewed = isFirst && refreshToken !== undefined ? await renew(options, refreshToken) : undefined
    // An issuer that does not rotate leaves the old one good.
    if (renewed !== undefined) return { ...(refreshToken !== undefined && { refreshToken }), ...renewed }
    return options.signIn({})
  }

  return Object.freeze({
    tokens: () => tokens,
    ask: async (url: string | URL, init: RequestInit = {}) => {
      const once = () => {
        const headers = new Headers(init.headers)
        headers.set('authorization', `Bearer ${tokens.accessToken}`)
        return options.fetch(url, { ...init, headers, redirect: 'manual' })
      }
      let response = await once()
      for (const isFirst of [true, false]) {
        if (response.status !== 401) break
        await response.body?.cancel()
        tokens = await better(response, isFirst)
        response = await once()
      }
      return response
    },
  })
}
