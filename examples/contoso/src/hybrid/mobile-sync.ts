/**
 * The mobile flow of a hybrid (F 4.1): a phone talks to the cloud alone, and the cloud fetches the mailbox on premises for it.
 *
 * The phone's token (AT1) is for the cloud. The cloud exchanges it on behalf of the person into a token for the server on
 * premises (AT2) and one to renew it (RT2), and synchronises over ActiveSync. It owns that exchange, and where RT2 is kept:
 * in memory, for the person who brought AT1. It never stores AT1, and shows the phone neither AT2 nor RT2.
 */
import type { AccessTokenClaims } from '@postern/resource-server'
import { bringLetters } from '../activesync-walk.ts'
import { AuthorizationError, type Endpoints, fetchEndpoints, requestTokens, type Tokens } from '../authorization-code.ts'
import { decodeWbxml, encodeWbxml } from '../wbxml.ts'
import { clientAssertion } from './client-assertion.ts'
import type { ServerIdentity } from './neighbour.ts'
import { type Watcher, watchedFetch } from './trace.ts'

export type MobileSyncOptions = Readonly<{
  identity: ServerIdentity
  issuer: string
  /** The server on premises: its base URL, and the name that tokens for it are asked for by. */
  mailbox: Readonly<{ baseUrl: string; resource: string }>
  fetch?: typeof fetch
  clock?: () => Date
  newId?: () => string
}>

/** `by` says how the token came that opened the mailbox. */
export type Synchronised = Readonly<{ by: 'on-behalf-of' | 'refresh'; letters: readonly string[] }>

export type MobileSync = (
  phone: Readonly<{ claims: AccessTokenClaims; token: string; id: string; watch?: Watcher }>,
) => Promise<Synchronised>

/** The mailbox on premises stayed shut. */
export class MobileSyncError extends Error {
  readonly code = 'mailbox_shut'

  constructor(message: string) {
    super(message)
    this.name = 'MobileSyncError'
  }
}

const MOST_PEOPLE = 1000

export function createMobileSync(options: MobileSyncOptions): MobileSync {
  const { identity, issuer, mailbox } = options
  const clock = options.clock ?? (() => new Date())
  const newId = options.newId ?? (() => crypto.randomUUID())
  const refreshTokens = new Map<string, string>()

  function keep(key: string, tokens: Tokens): void {
    refreshTokens.delete(key)
    const [oldest] = refreshTokens.keys()
    if (refreshTokens.size >= MOST_PEOPLE && oldest !== undefined) refreshTokens.delete(oldest)
    if (tokens.refreshToken !== undefined) refreshTokens.set(key, tokens.refreshToken)
  }

  async function ask(endpoints: Endpoints, request: typeof fetch, form: Readonly<Record<string, string>>): Promise<Tokens> {
    const proof = await clientAssertion(identity, { issuer, now: clock(), id: newId() })
    const { clientId } = identity
    return requestTokens({ endpoints, client: { clientId }, form: new URLSearchParams({ ...form, ...proof }), fetch: request })
  }

  return async ({ claims, token, watch }) => {
    const endpoints = await fetchEndpoints(issuer, options.fetch)
    const request = watchedFetch(options.fetch ?? fetch, watch)
    // For this sign-in by this app alone: one that proved less must not profit from what another proved.
    const key = JSON.stringify([claims.iss, claims.sub, claims.client_id, claims.sid])
    const scope = `${mailbox.resource}EAS.AccessAsUser.All offline_access`
    const kept = refreshTokens.get(key)
    // A refresh token is used once; whoever comes at the same moment begins anew.
    refreshTokens.delete(key)
    const renewed = kept === undefined ? undefined : await renew(kept)
    const tokens =
      renewed ??
      (await ask(endpoints, request, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        assertion: token,
        scope,
      }))
    keep(key, tokens)
    const letters = await synchronise({ baseUrl: mailbox.baseUrl, accessToken: tokens.accessToken, request })
    return Object.freeze({ by: renewed === undefined ? 'on-behalf-of' : 'refresh', letters })

    async function renew(refreshToken: string): Promise<Tokens | undefined> {
      try {
        return await ask(endpoints, request, { grant_type: 'refresh_token', refresh_token: refreshToken })
      } catch (error) {
        // It was withdrawn or has ended; the person's own token says whether there may be another.
        if (error instanceof AuthorizationError && error.error === 'invalid_grant') return undefined
        throw error
      }
    }
  }
}

/** As a phone would do it, with the token for the server on premises. Returns the subjects. */
function synchronise(at: { baseUrl: string; accessToken: string; request: typeof fetch }): Promise<readonly string[]> {
  return bringLetters(async (name, body) => {
    const url = `${at.baseUrl}/Microsoft-Server-ActiveSync?Cmd=${name}&DeviceId=ContosoCloud&DeviceType=ContosoCloud`
    const response = await at.request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${at.accessToken}`,
        'content-type': 'application/vnd.ms-sync.wbxml',
        'ms-asprotocolversion': '16.1',
      },
      body: new Uint8Array(encodeWbxml(body)),
      redirect: 'error',
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (response.status !== 200 || bytes.length === 0)
      throw new MobileSyncError(
        `The server on premises answered ${name} with ${response.status} ${response.headers.get('x-ms-diagnostics') ?? ''}`.trim(),
      )
    return decodeWbxml(bytes)
  })
}
