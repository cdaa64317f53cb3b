/**
 * registration lets apps register themselves as clients (RFC 7591), and look at and take back what they registered (RFC 7592).
 *
 * It owns the endpoint `{issuer}/oauth2/v2.0/register` and who may use it: nobody, whoever has an initial access token, or
 * anybody as a native public client, as the realm is set. What an app may say of itself is client-metadata.ts. Such clients are
 * public to nobody else: people are always asked (interaction-policy.ts), and pages say that nobody vouches for the name. How many
 * requests one network sends is bounded before this (form-limit.ts). An app does not change its registration: it makes a new one.
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client, ClientCredential, ClientId, ClientInvitation, Store } from '@postern/storage'
import type { Context, Middleware } from 'koa'
import type { Audit } from '../../audit/audit.ts'
import type { Clock } from '../../clock.ts'
import { readBodyText } from '../../http/form.ts'
import { RequestProblem } from '../../http/problems.ts'
import { ROUTES } from '../provider.ts'
import { requestState } from '../request-state.ts'
import { type AskedClient, openAccess, parseClientMetadata } from './client-metadata.ts'
import { RegistrationRefused, registrationRefusals } from './errors.ts'
import { renderRegisteredClient } from './registered-client.ts'

/** Bytes. Ten keys and twenty addresses fit. */
const LIMIT = 32 * 1024
/** How many apps that came uninvited a realm keeps while nobody has signed in with them. */
const UNUSED_AT_MOST = 1000
/** An app registers a moment before its person signs in. After this, another may have its place. */
const WAIT_SECONDS = 3600
/** What an administrator may give at most (`client add-secret`). */
const SECRET_SECONDS = 1095 * 86_400

export interface RegistrationOptions {
  readonly store: Pick<Store, 'transaction'>
  readonly audit: Audit
  readonly clock: Clock
  readonly newId: () => string
}

/** The stage of protocol that answers below {@link ROUTES.registration}. */
export function createRegistration(options: RegistrationOptions): Middleware {
  const { audit } = options
  return async (ctx, next) => {
    const isManaging = ctx.path.startsWith(`${ROUTES.registration}/`)
    if (ctx.path !== ROUTES.registration && !isManaging) return next()
    ctx.set('Cache-Control', 'no-store')
    try {
      await (isManaging ? manage(ctx, options) : register(ctx, options))
    } catch (error) {
      if (error instanceof RequestProblem) return answerUnread(ctx, error)
      if (!(error instanceof RegistrationRefused)) throw error
      const { runtime, reference, source } = requestState()
      await audit.record(runtime.store, {
        event: 'client.refused',
        reference,
        ...(source === undefined ? {} : { source }),
        detail: { endpoint: 'registration', error: error.code, reason: error.detail },
      })
      refuse(ctx, error)
    }
  }
}

async function register(ctx: Context, options: RegistrationOptions): Promise<void> {
  const { runtime, reference, source } = requestState()
  const { store: kept, realm, resources } = runtime
  const mode = realm.settings.clientRegistration
  if (mode === undefined) throw new RequestProblem('not_found', { detail: 'clients do not register themselves in this realm' })
  requireMethod(ctx, ['POST'])
  const now = options.clock()
  const invitation = await findInvitation(ctx, mode, now)
  const asked = parseClientMetadata(await readBodyText(ctx.req, { type: 'application/json', limit: LIMIT }), {
    isInvited: invitation !== undefined,
    resources,
  })
  const client: Client = Object.freeze({
    ...asked.client,
    id: options.newId() as ClientId, // a brand has no runtime part
    status: 'active',
    pkce: 'required',
    consent: 'explicit',
    selfRegistered: true,
    createdAt: now,
    updatedAt: now,
  })
  const token = newSecret()
  const { credentials, secret } = makeCredentials(client, asked, { now, newId: options.newId })
  await options.store.transaction(async () => {
    if (invitation !== undefined && !(await kept.clientRegistrations.spend(invitation.id, now))) throw notInvited()
    const registration = {
      tokenDigest: digestOf(token),
      registeredAt: now,
      ...(invitation === undefined ? {} : { invitationId: invitation.id }),
    }
    const room = { atMost: UNUSED_AT_MOST, replaceableBefore: new Date(now.getTime() - WAIT_SECONDS * 1000) }
    if ((await kept.clientRegistrations.add(client, registration, room)) === 'full')
      throw new RegistrationRefused('temporarily_unavailable', 'too many apps have registered themselves; try again in an hour')
    await requireStillOpen(client)
    for (const credential of credentials) await kept.clients.addCredential(credential)
    await options.audit.record(kept, {
      event: 'client.registered',
      reference,
      clientId: client.id,
      ...(source === undefined ? {} : { source }),
      detail: {
        name: client.displayName,
        method: client.authenticationMethod,
        addresses: client.redirectUris.join(' '),
        ...(invitation === undefined ? {} : { invitation: invitation.id }),
      },
    })
  })
  ctx.status = 201
  ctx.body = renderRegisteredClient(client, {
    credentials,
    resources,
    handed: { address: addressOf(client.id), token, ...(secret === undefined ? {} : { secret }) },
  })
}

async function manage(ctx: Context, options: RegistrationOptions): Promise<void> {
  requireMethod(ctx, ['GET', 'DELETE'])
  const { runtime, reference, source } = requestState()
  const { store: kept, resources } = runtime
  const token = findBearer(ctx) ?? ''
  const id = ctx.path.slice(ROUTES.registration.length + 1) as ClientId // whether one has it is what is asked
  const registration = await kept.clientRegistrations.find(id)
  const digest = registration?.tokenDigest ?? new Uint8Array(32)
  const found = timingSafeEqual(digest, digestOf(token)) ? await kept.clients.findWithCredentials(id) : undefined
  // RFC 7592 section 2: the same for a client that is not there, so that nobody learns which are.
  if (found === undefined) throw new RegistrationRefused('invalid_token', 'the registration access token is not of this client')
  if (ctx.method === 'GET') {
    ctx.body = renderRegisteredClient(found.client, {
      credentials: found.credentials,
      resources,
      handed: { address: addressOf(id), token },
    })
    return
  }
  await options.store.transaction(async () => {
    await kept.refreshTokens.revokeByClient(id, { at: options.clock(), because: 'client removed' })
    await kept.clients.remove(id)
    await options.audit.record(kept, {
      event: 'client.removed',
      reference,
      clientId: id,
      ...(source === undefined ? {} : { source }),
      detail: { name: found.client.displayName },
    })
  })
  ctx.status = 204
}

/** @throws {RegistrationRefused} `invalid_token`: one is needed, or what was shown is none */
async function findInvitation(ctx: Context, mode: 'token' | 'open', now: Date): Promise<ClientInvitation | undefined> {
  const token = findBearer(ctx)
  if (token === undefined) {
    if (mode === 'open' && ctx.get('Authorization') === '') return undefined
    throw new RegistrationRefused('invalid_token', 'an initial access token is needed', { detail: 'no initial access token' })
  }
  const invitation = await requestState().runtime.store.clientRegistrations.findInvitation(digestOf(token), now)
  if (invitation === undefined) throw notInvited()
  return invitation
}

const notInvited = (): RegistrationRefused =>
  new RegistrationRefused('invalid_token', 'the initial access token is unknown, used up or has ended')

/**
 * The resources of the runtime may be a moment older than the transaction: whoever closes one either finds the new client, or
 * is seen here.
 */
async function requireStillOpen({ access }: Client): Promise<void> {
  const open = openAccess(await requestState().runtime.store.resources.list())
  const isOpen = access.every(({ resourceId, scopes }) => {
    const now = open.find((one) => one.resourceId === resourceId)
    return now !== undefined && scopes.every((scope) => now.scopes.includes(scope))
  })
  if (!isOpen) throw new RegistrationRefused('invalid_client_metadata', 'scope holds a scope that was closed to apps just now')
}

function makeCredentials(
  { id: clientId, authenticationMethod: method }: Client,
  { keys }: AskedClient,
  { now, newId }: { readonly now: Date; readonly newId: () => string },
): { credentials: readonly ClientCredential[]; secret?: { value: string; expiresAt: Date } } {
  const credential = () => ({ id: newId(), clientId, createdAt: now })
  if (!method.startsWith('client_secret'))
    return { credentials: keys.map((jwk) => ({ ...credential(), kind: 'key' as const, jwk })) }
  const value = newSecret()
  const expiresAt = new Date(now.getTime() + SECRET_SECONDS * 1000)
  return { credentials: [{ ...credential(), kind: 'secret', digest: digestOf(value), expiresAt }], secret: { value, expiresAt } }
}

/** 256 random bits, so a plain digest is enough at rest: nobody can try them all. */
const newSecret = (): string => randomBytes(32).toString('base64url')
const digestOf = (secret: string): Uint8Array => new Uint8Array(createHash('sha256').update(secret).digest())
const addressOf = (id: string): string => `${requestState().runtime.issuer}${ROUTES.registration}/${id}`

/** Of the header alone: a token in an address or a form is none (RFC 9700 section 4.3.2). */
const findBearer = (ctx: Context): string | undefined => /^bearer +([\w.~+/-]{1,512}=*)$/i.exec(ctx.get('Authorization'))?.[1]

function requireMethod(ctx: Context, methods: readonly string[]): void {
  if (methods.includes(ctx.method)) return
  ctx.set('Allow', methods.join(', '))
  throw new RequestProblem('method_not_allowed')
}

/** A body that is no JSON text at all has a word in RFC 7591 as well; the rest is for the kit. */
function answerUnread(ctx: Context, thrown: RequestProblem): void {
  if (thrown.status === 404 || thrown.status === 405 || thrown.code === 'connection_closed') throw thrown
  ctx.status = thrown.status
  // What is left of a body that was too large is not worth reading.
  if (thrown.status === 413) ctx.set('Connection', 'close')
  ctx.body = {
    error: 'invalid_client_metadata',
    error_description: `the body must be JSON in UTF-8 of at most ${LIMIT} bytes, as application/json`,
  }
}

function refuse(ctx: Context, { code, message }: RegistrationRefused): void {
  ctx.status = registrationRefusals[code].status
  if (code === 'invalid_token')
    ctx.set('WWW-Authenticate', ctx.get('Authorization') === '' ? 'Bearer' : 'Bearer error="invalid_token"')
  if (code === 'temporarily_unavailable') ctx.set('Retry-After', String(WAIT_SECONDS))
  // Words of ours alone, but for an address that was put straight: no character that RFC 6749 section 5.2 does not know.
  ctx.body = { error: code, error_description: message.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 400) }
}
