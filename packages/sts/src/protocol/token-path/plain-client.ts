import type { Client } from '@postern/storage'
import type { Clock } from '../../clock.ts'
import { type ClientRegistration, findActiveClient, provesItself, toRegistration } from '../clients.ts'
import { PORTAL_CLIENT_ID } from '../portal-client.ts'
import { findParameter } from '../request-rewriting.ts'
import { LongWay, type ShortRequest } from './short-way.ts'
import { findShownSecret } from './shown-secret.ts'

/** The client that asks. It is active, may use the grant, and has shown its secret if it has one. */
export interface PlainClient {
  readonly client: Client
  readonly registration: ClientRegistration
}

/** Who asks for tokens of a person: a public client by its name, another by its secret. @throws {LongWay} for everybody else */
export async function findPlainClient(
  { ctx, state: { runtime, parameters = [] } }: ShortRequest,
  { grantType, clock }: { readonly grantType: Client['grantTypes'][number]; readonly clock: Clock },
): Promise<PlainClient> {
  const shown = findShownSecret(ctx, parameters)
  const isSilent = ctx.req.headers.authorization === undefined && findParameter(parameters, 'client_secret') === undefined
  const clientId = shown?.clientId ?? (isSilent ? findParameter(parameters, 'client_id') : undefined)
  if (clientId === undefined || clientId === PORTAL_CLIENT_ID) throw new LongWay()
  const found = await findActiveClient(runtime.store, clientId)
  if (!found?.client.grantTypes.includes(grantType) || found.client.dpopBoundAccessTokens) throw new LongWay()
  const registration = toRegistration(found.client, found.credentials, clock())
  const isProved = shown === undefined ? registration.authenticationMethod === 'none' : provesItself(registration, shown)
  if (!isProved) throw new LongWay()
  return { client: found.client, registration }
}
