/** The grants by which servers obtain tokens for each other and for people, and what goes with them. */
import type { Client, RealmStore } from '@postern/storage'

/** For an actor token, as Exchange asks for it (F§1.5). */
export const actorTokenGrant = 'http://oauth.net/grant_type/jwt/1.0/bearer'
/** RFC 7523: for an actor token as well, and with `requested_token_use=on_behalf_of` for a token for a person (F§3.3). */
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** RFC 8693. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

export const serverGrants = Object.freeze([actorTokenGrant, jwtBearerGrant, tokenExchangeGrant] as const)
/** What an Exchange-like server needs: all of them, and refreshing what it got on behalf of a person. */
export const mailServerGrants: readonly string[] = Object.freeze([...serverGrants, 'refresh_token'])

/** Whether the client takes part in server-to-server authentication. Pure. */
export const isServer = ({ grantTypes }: Pick<Client, 'grantTypes'>): boolean =>
  serverGrants.some((grant) => grantTypes.includes(grant))

/**
 * Withdraws the actor tokens that the client holds. To be called in the transaction of what makes them wrong, so that no
 * moment lies between the two. Does nothing for a client that cannot hold one: a row of a partner would make it look like one.
 */
export async function withdrawActorTokens(kept: RealmStore, client: Pick<Client, 'id' | 'grantTypes'>, now: Date): Promise<void> {
  if (isServer(client) || (await kept.partners.find(client.id)) !== undefined) await kept.partners.withdrawTokens(client.id, now)
}
