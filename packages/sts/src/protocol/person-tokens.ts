import type { Account, AccountId } from '@postern/storage'
import { countsAfter } from './find-account.ts'
import { type Inspecting, inspect, isLiving } from './inspected-token.ts'
import { requestState } from './request-state.ts'

/** What features may ask about a token that somebody shows instead of a password. */
export interface PersonTokens {
  /**
   * An access token of a person, for one of `audiences`, that still counts: signature, type, times, withdrawal, client,
   * account, grant and delegation are looked at, as introspection does. `undefined`: anything else, tokens of programs and
   * tokens bound to a key (RFC 9449) included. Does NOT look at scopes, nor whose mailbox is asked for.
   */
  find(token: string, audiences: readonly string[]): Promise<PersonToken | undefined>
}

export type PersonToken = Readonly<{
  account: Account
  clientId: string
  audience: string
  scopes: readonly string[]
  /** Values of `amr` shown at sign-in. */
  evidence: readonly string[]
  expiresAt: Date
}>

/** The tokens of the realm whose request is in hand. */
export function createPersonTokens(options: Inspecting): PersonTokens {
  return Object.freeze({
    async find(token, audiences) {
      const inspected = inspect(token, options)
      if (inspected?.presented.kind !== 'AccessToken' || !(await isLiving(inspected))) return undefined
      const { sub, aud, scope, amr, exp, iat, auth_time: provedAt = iat, client_id: clientId } = inspected.claims
      if (typeof aud !== 'string' || !audiences.includes(aud)) return undefined
      const account = await requestState().runtime.store.accounts.find(String(sub) as AccountId) // inspect() read a token of ours
      if (account?.status !== 'active' || !countsAfter(account.signedOutAt, Number(provedAt))) return undefined
      return Object.freeze({
        account,
        clientId: String(clientId),
        audience: aud,
        scopes: typeof scope === 'string' && scope !== '' ? scope.split(' ') : [],
        evidence: Array.isArray(amr) ? amr.filter((one): one is string => typeof one === 'string') : [],
        expiresAt: new Date(Number(exp) * 1000),
      })
    },
  } satisfies PersonTokens)
}
