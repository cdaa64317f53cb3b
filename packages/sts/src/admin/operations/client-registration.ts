import { createHash } from 'node:crypto'
import { z } from 'zod'
import { OperationRefused } from '../errors.ts'
import { pageLimit, shownText, when } from '../fields.ts'
import { operation } from '../operation.ts'
import { eachRegistered, type RegisteredClient } from '../registered-clients.ts'

const day = 86_400_000

const registeredView = z.object({
  id: z.string(),
  displayName: z.string(),
  invitation: z.string().optional(),
  registeredAt: when,
  usedAt: when.optional(),
})

const toView = ({ client, registration }: RegisteredClient): z.input<typeof registeredView> => ({
  id: client.id,
  displayName: client.displayName,
  ...(registration.invitationId === undefined ? {} : { invitation: registration.invitationId }),
  registeredAt: registration.registeredAt.toISOString(),
  ...(registration.usedAt === undefined ? {} : { usedAt: registration.usedAt.toISOString() }),
})

export const clientRegistrationOperations = [
  operation({
    name: 'client.registration-token',
    summary: 'Make a token with which apps register themselves as clients, shown once; it is good for nothing else',
    scope: 'realm',
    input: z.object({
      label: shownText('What it is for').default('registration'),
      clients: z.number().int().min(1).max(10_000).default(1).describe('How many clients it registers'),
      hours: z
        .number()
        .int()
        .min(1)
        .max(24 * 365)
        .default(24)
        .describe('How many hours it works'),
    }),
    output: z.object({ id: z.string(), token: z.string().describe('Shown once'), clients: z.number(), expiresAt: when }),
    errors: [],
    changed: ({ output }) => ({ subject: output.id }),
    run: async ({ input: { label, clients, hours }, at, running }) => {
      // 256 random bits, so a plain digest is enough at rest: nobody can try them all.
      const token = Buffer.from(at.random(32)).toString('base64url')
      const createdAt = at.clock()
      const expiresAt = new Date(createdAt.getTime() + hours * 3_600_000)
      const id = at.newId()
      const digest = new Uint8Array(createHash('sha256').update(token).digest())
      const counted = { clients, clientsLeft: clients }
      const invitation = { id, digest, label, ...counted, createdAt, createdBy: running.actor, expiresAt }
      await at.kept.clientRegistrations.invite(invitation)
      return { id, token, clients, expiresAt: expiresAt.toISOString() }
    },
    next: () => 'It works while apps may register themselves: postern realm change <realm> --client-registration token',
  }),
  operation({
    name: 'client.list-registration-tokens',
    summary: 'List the tokens with which apps register themselves, for a month after their end (never the token itself)',
    scope: 'realm',
    input: z.object({}),
    output: z.array(
      z.object({
        id: z.string(),
        label: z.string(),
        clients: z.number(),
        clientsLeft: z.number(),
        createdAt: when,
        createdBy: z.string(),
        expiresAt: when,
      }),
    ),
    columns: ['id', 'label', 'clients', 'clientsLeft', 'expiresAt'],
    errors: [],
    run: async ({ at }) =>
      (await at.kept.clientRegistrations.invitations()).map(({ digest: _, createdAt, expiresAt, ...invitation }) => ({
        ...invitation,
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
      })),
  }),
  operation({
    name: 'client.remove-registration-token',
    summary: 'End a token with which apps register themselves; clients that came with it stay',
    scope: 'realm',
    positional: ['token'],
    input: z.object({ token: shownText('Id of the token; `client list-registration-tokens` lists them') }),
    output: z.object({ removed: z.string() }),
    errors: ['missing'],
    changed: ({ output }) => ({ subject: output.removed }),
    run: async ({ input: { token }, at }) => {
      if (!(await at.kept.clientRegistrations.removeInvitation(token)))
        throw new OperationRefused(
          'missing',
          `There is no registration token ${token} in this realm. See: postern client list-registration-tokens`,
        )
      return { removed: token }
    },
  }),
  operation({
    name: 'client.list-registered',
    summary: 'List the clients that registered themselves, and when somebody last signed in with each',
    scope: 'realm',
    input: z.object({ after: z.string().optional().describe('Begin behind this client identifier'), limit: pageLimit }),
    output: z.array(registeredView),
    errors: [],
    run: async ({ input: { after, limit }, at: { kept } }) => {
      const page = await kept.clientRegistrations.list({ limit, ...(after === undefined ? {} : { after }) })
      const found = await Promise.all(
        page.map(async (registration) => ({ registration, client: await kept.clients.find(registration.clientId) })),
      )
      return found.flatMap(({ registration, client }) => (client === undefined ? [] : [toView({ registration, client })]))
    },
  }),
  operation({
    name: 'client.remove-registered',
    summary:
      'Remove clients that registered themselves and that nobody signed in with for so many days; sign-ins that they hold end',
    scope: 'realm',
    input: z.object({
      days: z.number().int().min(0).max(3650).default(30).describe('For how many days nobody signed in; 0: all of them'),
    }),
    output: z.object({ removed: z.number() }),
    errors: [],
    changed: ({ input, output }) => ({ subject: `${output.removed} unused for ${input.days} days` }),
    run: async ({ input: { days }, at: { kept, clock } }) => {
      const now = clock()
      const before = now.getTime() - days * day
      const idle: RegisteredClient[] = []
      for await (const one of eachRegistered(kept))
        if ((one.registration.usedAt ?? one.registration.registeredAt).getTime() <= before) idle.push(one)
      for (const { client } of idle) {
        await kept.refreshTokens.revokeByClient(client.id, { at: now, because: 'client removed' })
        await kept.clients.remove(client.id)
      }
      return { removed: idle.length }
    },
  }),
]
