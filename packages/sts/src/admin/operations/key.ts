import type { Client, SigningKey } from '@postern/storage'
import { z } from 'zod'
import { decideKeyUse, planRotation, stageOf, toCertificatePem } from '../../protocol/signing-keys.ts'
import { planDovecotKeys, writeDovecotKeys } from '../dovecot-keys.ts'
import { OperationRefused } from '../errors.ts'
import { seconds, when } from '../fields.ts'
import { operation, type RealmPorts } from '../operation.ts'
import { certificateNameOf } from './resource.ts'

const keyView = z.object({
  kid: z.string(),
  algorithm: z.enum(['RS256', 'ES256']),
  stage: z.enum(['announced', 'signing', 'standby', 'retired', 'removed']),
  announcedAt: when,
  signsFrom: when,
  retiresAt: when.optional(),
  removedAt: when.optional(),
})

const columns = ['kid', 'algorithm', 'stage', 'signsFrom', 'retiresAt', 'removedAt']
const algorithm = z.enum(['RS256', 'ES256']).default('RS256')
const some = z.object({
  kid: z
    .string()
    .regex(/^[\w-]{1,128}$/, 'must be a key id as `key list` shows it')
    .describe('Id of the key'),
})

async function listViews(at: RealmPorts): Promise<z.input<typeof keyView>[]> {
  const now = at.clock()
  const keys = await at.kept.signingKeys.list(now)
  return keys.map((key) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    stage: stageOf(key, keys, now),
    announcedAt: key.announcedAt.toISOString(),
    signsFrom: key.signsFrom.toISOString(),
    ...(key.retiresAt === undefined ? {} : { retiresAt: key.retiresAt.toISOString() }),
    ...(key.removedAt === undefined ? {} : { removedAt: key.removedAt.toISOString() }),
  }))
}

async function requireKey(at: RealmPorts, kid: string): Promise<SigningKey> {
  const key = (await at.kept.signingKeys.list(at.clock())).find((one) => one.kid === kid)
  if (key === undefined) throw new OperationRefused('missing', `There is no key ${kid} in this realm. See: postern key list`)
  return key
}

/** Makes the next key and ends the present one as the plan says. */
async function rotate(
  at: RealmPorts,
  wanted: { algorithm: SigningKey['algorithm']; announceSeconds: number },
): Promise<SigningKey> {
  const now = at.clock()
  const plan = planRotation(await at.kept.signingKeys.list(now), now, {
    ...wanted,
    refreshSeconds: at.realm.settings.refreshAbsoluteSeconds,
  })
  if (plan.outcome === 'announced-already') {
    throw new OperationRefused(
      'conflict',
      `A rotation is under way: ${plan.kid} signs from ${plan.signsFrom.toISOString()}. See: postern key list`,
    )
  }
  const next = await at.newSigningKey({
    algorithm: wanted.algorithm,
    commonName: certificateNameOf(at.realm),
    now,
    signsFrom: plan.signsFrom,
  })
  await at.kept.signingKeys.add(next)
  for (const { kid, ...times } of plan.retire) await at.kept.signingKeys.retire(kid, times)
  return next
}

export const keyOperations = [
  operation({
    name: 'key.list',
    summary: 'List signing keys and where each is in its life',
    scope: 'realm',
    input: z.object({}),
    output: z.array(keyView),
    columns,
    errors: [],
    run: async ({ at }) => listViews(at),
  }),
  operation({
    name: 'key.rotate',
    summary: 'Announce the next signing key; the present one retires when it begins to sign',
    scope: 'realm',
    input: z.object({
      algorithm: algorithm.describe('Which of the signing keys'),
      announceSeconds: seconds('How long the next key is published before it signs; longer than others keep the key set', {
        least: 0,
        most: 30 * 86_400,
      }).default(86_400),
    }),
    output: z.array(keyView),
    columns,
    errors: ['conflict'],
    changed: ({ input }) => ({ subject: input.algorithm }),
    run: async ({ input, at }) => {
      await rotate(at, input)
      return listViews(at)
    },
  }),
  operation({
    name: 'key.add',
    summary: 'Make the first key of an algorithm; it signs at once',
    scope: 'realm',
    input: z.object({ algorithm: algorithm.describe('RS256: RSA of 2048 bits; ES256: P-256') }),
    output: z.array(keyView),
    columns,
    errors: ['conflict'],
    changed: ({ input }) => ({ subject: input.algorithm }),
    run: async ({ input, at }) => {
      const now = at.clock()
      const present = decideKeyUse(await at.kept.signingKeys.list(now), now).signing[input.algorithm]
      if (present !== undefined)
        throw new OperationRefused(
          'conflict',
          `${present.kid} signs ${input.algorithm} already. For a new one: postern key rotate --algorithm ${input.algorithm}`,
        )
      await rotate(at, { algorithm: input.algorithm, announceSeconds: 0 })
      return listViews(at)
    },
  }),
  operation({
    name: 'key.withdraw',
    summary:
      'Emergency: take a key away at once. Every token that it signed is dead, refresh tokens included; where it was the one that signs, a new one takes over',
    scope: 'realm',
    positional: ['kid'],
    input: some,
    output: z.array(keyView),
    columns,
    errors: ['missing', 'conflict'],
    changed: ({ input }) => ({ subject: input.kid }),
    run: async ({ input, at }) => {
      const key = await requireKey(at, input.kid)
      const now = at.clock()
      await at.kept.signingKeys.retire(key.kid, { retiresAt: now, removedAt: now })
      const others = (await at.kept.signingKeys.list(now)).filter(({ kid }) => kid !== key.kid)
      // A key that was announced for later would leave a gap, so a new one signs from now.
      if (decideKeyUse(others, now).signing[key.algorithm] === undefined) {
        await at.kept.signingKeys.add(
          await at.newSigningKey({ algorithm: key.algorithm, commonName: certificateNameOf(at.realm), now }),
        )
      }
      return (await listViews(at)).filter(({ kid }) => kid !== key.kid)
    },
  }),
  operation({
    name: 'key.export',
    summary:
      'Print the certificate of a key as PEM, for servers that trust it by hand; or write the public keys to a folder, as Dovecot reads them',
    scope: 'realm',
    positional: ['kid'],
    // It writes files where it runs.
    localOnly: true,
    input: some.partial().extend({
      dovecot: z
        .string()
        .min(1)
        .optional()
        .describe('Folder that Dovecot reads keys from: it is made to hold those that are valid now, and no others'),
    }),
    output: z.union([
      z.object({ kid: z.string(), certificate: z.string() }),
      z.object({
        folder: z.string(),
        written: z.int(),
        kept: z.int(),
        removed: z.int(),
      }),
    ]),
    present: (output) =>
      'certificate' in output
        ? { text: output.certificate.trimEnd() }
        : {
            text: `${output.folder}: ${output.written} written, ${output.kept} as they were, ${output.removed} removed`,
            ...noteOf(
              output.written + output.kept === 0 &&
                'No client may ask for tokens that Dovecot can check by itself, so there are no keys for it. First: postern client grant CLIENT RESOURCE, then this again',
              output.removed > 0 && 'Dovecot remembers keys that it has read. To make it forget: doveadm reload',
            ),
          },
    errors: ['invalid', 'missing', 'conflict'],
    run: async ({ input: { kid, dovecot }, at }) => {
      if (kid !== undefined && dovecot === undefined) return { kid, certificate: toCertificatePem(await requireKey(at, kid)) }
      if (kid !== undefined || dovecot === undefined)
        throw new OperationRefused('invalid', 'Name either a key, or a folder with --dovecot')
      return exportToDovecot(at, dovecot)
    },
  }),
]

function noteOf(...lines: readonly (string | false)[]): { readonly note?: string } {
  const said = lines.filter((line) => line !== false)
  return said.length === 0 ? {} : { note: said.join('\n') }
}

async function exportToDovecot(at: RealmPorts, folder: string) {
  const resources = await at.kept.resources.list()
  if (!resources.some(({ tokenType, status }) => tokenType === 'JWT' && status === 'active'))
    throw new OperationRefused(
      'conflict',
      'No resource of this realm has tokens that Dovecot can check by itself. See: postern resource change RESOURCE --token-type JWT',
    )
  const now = at.clock()
  const plan = planDovecotKeys({ clients: await everyClient(at), resources, keys: await at.kept.signingKeys.list(now) }, now)
  return writeDovecotKeys(folder, at.realm.id, plan)
}

async function everyClient({ kept }: RealmPorts): Promise<readonly Client[]> {
  const limit = 1000
  const all: Client[] = []
  for (let after: string | undefined; ; after = all.at(-1)?.id) {
    const page = await kept.clients.list({ limit, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < limit) return all
  }
}
