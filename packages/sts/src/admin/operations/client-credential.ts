import { createHash } from 'node:crypto'
import type { Client, RealmStore } from '@postern/storage'
import { z } from 'zod'
import { isFromMetadata } from '../../partners/partners.ts'
import { OperationRefused } from '../errors.ts'
import { clientId, shownText, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { type ReadKey, readPublicKey } from '../public-key.ts'
import { withdrawActorTokens } from '../server-grants.ts'
import { requireClient } from './client.ts'

const day = 86_400
const some = z.object({ client: clientId })

/**
 * The refusal for a certificate that somebody has: one certificate for one principal (R72, CVE-2025-53786). Says whose it is
 * within the realm only.
 */
export async function refuseSharedCertificate(kept: RealmStore, client: Client['id'], key: ReadKey): Promise<OperationRefused> {
  const principals = await kept.partners.principals()
  const holder = principals.find(({ certificates }) => certificates.some(({ x5t }) => x5t === key.x5t))?.client.id
  const certificate = `The certificate${key.x5t === undefined ? '' : ` ${key.x5t}`}`
  const remedy = `Make a key and a certificate for ${client} alone, and hand that in; whoever holds a shared one could speak for both.`
  if (holder === client)
    return new OperationRefused(
      'conflict',
      `${certificate} is registered for ${client} already. See: postern client show ${client}`,
    )
  return new OperationRefused(
    'conflict',
    holder === undefined
      ? `${certificate} is in use elsewhere in this installation. ${remedy}`
      : `${certificate} belongs to the client ${holder}. ${remedy}`,
  )
}

/**
 * The next reading of the metadata would bring such a certificate back, and whoever took it away would not know.
 * @throws {OperationRefused} `in_use`
 */
async function refuseFollowedCertificate(kept: RealmStore, client: Client['id'], credential: string): Promise<void> {
  if (!isFromMetadata({ id: credential })) return
  // Held, so that its address does not come or go meanwhile.
  const partner = await kept.partners.find(client, { lock: true })
  const isThere = (await kept.clients.credentials(client)).some(({ id }) => id === credential)
  if (partner?.metadataUrl === undefined || !isThere) return
  throw new OperationRefused(
    'in_use',
    `${credential} is followed from ${partner.metadataUrl}, and the next reading would bring it back. To follow that document no more: postern partner forget-metadata ${client}. To stop the server: postern client disable ${client}`,
  )
}

export const clientCredentialOperations = [
  operation({
    name: 'client.add-secret',
    summary: 'Give a client a random secret, shown once; the earlier ones keep working until removed',
    scope: 'realm',
    positional: ['client'],
    input: some.extend({ days: z.number().int().min(1).max(1095).default(365).describe('How many days it works') }),
    output: z.object({ client: z.string(), credential: z.string(), secret: z.string().describe('Shown once'), expiresAt: when }),
    errors: ['missing', 'invalid', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.client} ${output.credential}` }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      if (!client.authenticationMethod.startsWith('client_secret')) {
        throw new OperationRefused(
          'invalid',
          `${client.id} proves itself by ${client.authenticationMethod}, not by a secret. See: postern client change ${client.id} --authentication-method client_secret_basic`,
        )
      }
      // 256 random bits, so a plain digest is enough at rest: nobody can try them all.
      const secret = Buffer.from(at.random(32)).toString('base64url')
      const now = at.clock()
      const expiresAt = new Date(now.getTime() + input.days * day * 1000)
      const id = at.newId()
      const digest = new Uint8Array(createHash('sha256').update(secret).digest())
      const outcome = await at.kept.clients.addCredential({
        id,
        clientId: client.id,
        kind: 'secret',
        digest,
        createdAt: now,
        expiresAt,
      })
      if (outcome === 'conflict') throw new OperationRefused('conflict', 'This credential exists already')
      return { client: client.id, credential: id, secret, expiresAt: expiresAt.toISOString() }
    },
  }),
  operation({
    name: 'client.add-key',
    summary: 'Let a client prove itself by a key (private_key_jwt)',
    scope: 'realm',
    positional: ['client', 'key'],
    input: some.extend({
      key: z.string().max(20_000).meta({ description: 'A PEM certificate, a PEM public key or a public JWK', file: 'text' }),
    }),
    output: z.object({ client: z.string(), credential: z.string(), x5t: z.string().optional(), expiresAt: when.optional() }),
    errors: ['missing', 'invalid', 'key_refused', 'conflict'],
    changed: ({ output }) => ({ subject: `${output.client} ${output.credential}` }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      if (client.authenticationMethod !== 'private_key_jwt') {
        throw new OperationRefused(
          'invalid',
          `${client.id} proves itself by ${client.authenticationMethod}, not by a key. See: postern client change ${client.id} --authentication-method private_key_jwt`,
        )
      }
      const key = readPublicKey(input.key)
      const id = at.newId()
      const outcome = await at.kept.clients.addCredential({ id, clientId: client.id, kind: 'key', createdAt: at.clock(), ...key })
      if (outcome === 'conflict') throw await refuseSharedCertificate(at.kept, client.id, key)
      return {
        client: client.id,
        credential: id,
        ...(key.x5t === undefined ? {} : { x5t: key.x5t }),
        ...(key.expiresAt === undefined ? {} : { expiresAt: key.expiresAt.toISOString() }),
      }
    },
  }),
  operation({
    name: 'client.remove-credential',
    summary:
      'Take a secret or key away from a client; the actor tokens that it holds end. Not one that is followed from metadata',
    scope: 'realm',
    positional: ['client', 'credential'],
    input: some.extend({ credential: shownText('Id of the credential; `client show` lists them') }),
    output: z.object({ client: z.string(), removed: z.string() }),
    errors: ['missing', 'in_use'],
    changed: ({ output }) => ({ subject: `${output.client} ${output.removed}` }),
    run: async ({ input, at }) => {
      const client = await requireClient(at.kept, input.client)
      await refuseFollowedCertificate(at.kept, client.id, input.credential)
      if (!(await at.kept.clients.removeCredential(client.id, input.credential))) {
        throw new OperationRefused(
          'missing',
          `${client.id} has no credential ${input.credential}. See: postern client show ${client.id}`,
        )
      }
      await withdrawActorTokens(at.kept, client, at.clock())
      return { client: client.id, removed: input.credential }
    },
  }),
]
