import { formatPrincipal } from '@postern/resource-server'
import { z } from 'zod'
import { findEmptyGroups, warnOfEmptyGroups } from '../empty-groups.ts'
import { clientId, domainName, scopeName, shownText, when } from '../fields.ts'
import { describeRights } from '../hybrid/describe.ts'
import {
  defaultScopes,
  type HybridCure,
  type HybridReport,
  hybridCures,
  setUpHybrid,
  statusOfHybrid,
  undoHybrid,
} from '../hybrid/hybrid.ts'
import { removeMadeFiles } from '../hybrid/key-files.ts'
import { readRecord } from '../hybrid/made.ts'
import { type LearntSide, learnSides } from '../hybrid/sides.ts'
import { administratorsGroup } from '../last-administrator.ts'
import { operation, type Presented, type RealmPorts } from '../operation.ts'
import { noteUnfollowed } from '../partner-hosts.ts'

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1-63 lower-case letters, digits and hyphens')
  .default('hybrid')
  .describe('Name of this pair of servers; a realm may have several')
const dryRun = z.boolean().default(false).describe('Only say what would be done; nothing is changed and nothing is written')
const certificate = (whose: string) =>
  z
    .string()
    .max(20_000)
    .optional()
    .meta({ description: `Certificate of the server ${whose} (PEM), instead of reading it from its metadata`, file: 'text' })

const side = z.object({ client: z.string(), url: z.string() })
const rights = z
  .object({ scopes: z.array(z.string()), exceptGroups: z.array(z.string()) })
  .describe('What both servers are meant to do for people, and for whom never')
const report = z.object({
  name: z.string(),
  dryRun: z.boolean(),
  onPremises: side,
  cloud: side,
  changed: z.number().int(),
  parts: z.array(
    z.object({
      what: z.string(),
      state: z.enum(['done', 'present', 'would be done', 'taken back', 'would be taken back', 'gone before']),
    }),
  ),
})
const setUpReport = report.extend({
  wish: rights.optional(),
  files: z.array(z.object({ client: z.string(), privateKeyFile: z.string(), certificateFile: z.string(), made: z.boolean() })),
  notes: z.array(z.string()),
})

const toView = ({ wish: _wish, ...given }: HybridReport): z.input<typeof report> => ({
  ...given,
  parts: given.parts.map((one) => ({ ...one })),
})
const toWishView = (wish: HybridReport['wish']): { wish?: z.input<typeof rights> } =>
  wish === undefined ? {} : { wish: { scopes: [...wish.scopes], exceptGroups: [...wish.exceptGroups] } }

type Line = Readonly<{ what: string; state: string }>
const toLines = (parts: readonly Line[]): readonly string[] => {
  const width = Math.max('would be done'.length, ...parts.map(({ state }) => state.length))
  return parts.map(({ what, state }) => `  ${state.padEnd(width)}  ${what}`)
}

function presentReport(
  { parts, changed, dryRun: dry, onPremises, cloud, name: hybrid }: z.output<typeof report>,
  words: { nothing: string; done: string },
): string {
  const end = changed === 0 ? words.nothing : `${changed} of ${parts.length} ${dry ? 'would be' : 'were'} ${words.done}.`
  const changes = changed === 0 ? 'This was a dry run.' : 'This was a dry run: nothing was changed.'
  return [
    `Hybrid ${hybrid}`,
    `  on premises    ${onPremises.url}  ${onPremises.client}`,
    `  cloud          ${cloud.url}  ${cloud.client}`,
    '',
    ...toLines(parts),
    '',
    dry ? `${end} ${changes}` : end,
  ].join('\n')
}

function presentSetUp(output: z.output<typeof setUpReport>): Presented {
  const files = output.files.flatMap(({ client, privateKeyFile, certificateFile, made }) => [
    `  ${client}: private key ${privateKeyFile}${made ? ' (readable by you alone)' : ' (from before)'}, certificate ${certificateFile}`,
  ])
  return {
    text: [
      presentReport(output, { nothing: 'Everything was there already; nothing was changed.', done: 'done' }),
      ...(files.length === 0 ? [] : ['', 'Take each key to its server, and to no other:', ...files]),
      ...(output.notes.length === 0 ? [] : ['', ...output.notes]),
    ].join('\n'),
  }
}

const cures = {
  none: '',
  setup: 'To make it so: run postern hybrid setup again',
  'by hand': 'What helps stands with each problem.',
  'by hand, then setup': 'First do what stands with the problems, then run postern hybrid setup again',
} as const satisfies Record<HybridCure, string>

/** What the administrators of the two servers and of this service must know next. */
function notesOf({ realm, issuerOf, partnerHosts }: RealmPorts, sides: readonly LearntSide[]): string[] {
  const issuer = issuerOf(realm.id)
  const read = sides.flatMap(({ side: { metadata } }) => metadata?.url ?? [])
  return [
    ...sides.map(({ side: { client, url } }) => {
      const audience = formatPrincipal({ clientId: client, host: new URL(url).hostname, realm: realm.id })
      return `${url} calls itself ${client}, accepts the audience ${audience}${issuer === undefined ? '' : `, and trusts ${issuer}`}`
    }),
    ...sides.flatMap(({ side: { client, url }, callsItself }) =>
      callsItself === undefined
        ? []
        : [
            `The metadata of ${url} says ${callsItself}. Towards this service it must call itself ${client}, in its assertions and in its challenge.`,
          ],
    ),
    noteUnfollowed(read, partnerHosts) ?? [],
  ].flat()
}

export const hybridOperations = [
  operation({
    name: 'hybrid.setup',
    summary:
      'Let two mail servers ask each other for tokens and act for people: reads their metadata, and registers principals, names, access and delegations both ways. Can be run again, and undone',
    scope: 'realm',
    input: z.object({
      onPremises: z.string().max(2000).describe('Base address of the server on premises, e.g. https://mail.contoso.com/'),
      cloud: z.string().max(2000).describe('Base address of the server in the cloud'),
      name,
      certificate: certificate('on premises'),
      cloudCertificate: certificate('in the cloud'),
      makeCertificates: shownText(
        'A directory: make a key and a self-signed certificate there for each server that brings none, instead of reading metadata',
        4000,
      ).optional(),
      onPremisesClientId: clientId
        .optional()
        .describe('Register the server on premises under this id instead of the one in its metadata'),
      cloudClientId: clientId
        .optional()
        .describe(
          'The same for the cloud. Real Exchange calls itself alike on both sides, and two servers must not share a principal',
        ),
      usersScopes: z
        .array(scopeName)
        .min(1, 'must name one at least')
        .max(100)
        .optional()
        .describe(
          `All that each side may do for people at the other; may be repeated. Left out: as at the last set-up, at first ${defaultScopes.join(', ')}`,
        ),
      exceptGroups: z
        .array(shownText('A group'))
        .max(100)
        .optional()
        .describe(
          `Groups whose people are never acted for, beside ${administratorsGroup}; may be repeated. Left out: as at the last set-up`,
        ),
      addDomains: z
        .array(domainName)
        .max(20)
        .default([])
        .describe('Further domains of the realm, which you have verified to be yours, e.g. that of the cloud; may be repeated'),
      dryRun,
    }),
    output: setUpReport,
    present: presentSetUp,
    errors: ['invalid', 'missing', 'conflict', 'key_refused', 'metadata_refused'],
    // It asks two servers first, so no transaction waits for them; what it changes then is one.
    inBatches: true,
    // It reads and writes files of this machine.
    localOnly: true,
    changed: ({ output }) => ({ subject: output.name }),
    run: async ({ input, at, running }) => {
      const sides = await learnSides(at, {
        name: input.name,
        sides: [
          { place: 'onPremises', url: input.onPremises, client: input.onPremisesClientId, certificate: input.certificate },
          { place: 'cloud', url: input.cloud, client: input.cloudClientId, certificate: input.cloudCertificate },
        ],
        directory: input.makeCertificates,
        domains: input.addDomains,
        dryRun: input.dryRun,
      })
      const [onPremises, cloud] = sides
      const made = sides.flatMap(({ side: { client }, files }) => (files === undefined ? [] : [{ client, ...files }]))
      const { actor, reference } = running
      const setUp = (dry: boolean) =>
        setUpHybrid(at, {
          realm: at.realm,
          name: input.name,
          onPremises: onPremises.side,
          cloud: cloud.side,
          ...(input.usersScopes === undefined ? {} : { scopes: [...new Set(input.usersScopes)] }),
          ...(input.exceptGroups === undefined
            ? {}
            : { exceptGroups: [...new Set([administratorsGroup, ...input.exceptGroups])] }),
          domains: input.addDomains,
          dryRun: dry,
          actor,
          reference,
        })
      try {
        const preview = await setUp(true)
        // What changes nothing, not even what a later run does, leaves no row in the trail.
        const done = input.dryRun
          ? preview
          : preview.changed === 0 && preview.isRemembered
            ? await setUp(false)
            : await running.batch(input.name, () => setUp(false))
        const keys = sides.flatMap(({ side: { client }, wouldMake }) =>
          wouldMake === undefined
            ? []
            : [{ what: `key and certificate of ${client} in ${wouldMake.directory}`, state: 'would be done' as const }],
        )
        return {
          ...toView(done),
          ...toWishView(done.wish),
          changed: done.changed + keys.length,
          parts: [...keys, ...done.parts.map((one) => ({ ...one }))],
          files: made.map(({ certificate: _pem, ...files }) => files),
          notes: [
            ...notesOf(at, sides),
            warnOfEmptyGroups(await findEmptyGroups(at.kept, done.wish?.exceptGroups ?? [])) ?? [],
          ].flat(),
        }
      } catch (error) {
        await removeMadeFiles(made)
        throw error
      }
    },
  }),
  operation({
    name: 'hybrid.status',
    summary: 'Show whether everything that a set-up made is still in place, and what keeps it from working',
    scope: 'realm',
    input: z.object({ name }),
    output: z.object({
      name: z.string(),
      onPremises: side,
      cloud: side,
      wish: rights.optional(),
      inPlace: z.boolean(),
      parts: z.array(z.object({ what: z.string(), state: z.enum(['in place', 'partly', 'missing']) })),
      problems: z.array(z.string()),
      notes: z.array(z.string()),
      cure: z.enum(hybridCures).describe('What makes it good; by hand: what stands with each problem'),
    }),
    present: ({ name: hybrid, onPremises, cloud, wish, inPlace, parts, problems, notes, cure }) => ({
      text: [
        `Hybrid ${hybrid}: ${onPremises.url} and ${cloud.url}`,
        ...(wish === undefined ? [] : [`  acting for people: ${describeRights(wish)}`]),
        ...toLines([...parts, ...problems.map((what) => ({ what, state: 'problem' }))]),
        '',
        inPlace ? 'Everything is in place.' : `Not everything is in place. ${cures[cure]}`,
        ...(notes.length === 0 ? [] : ['', ...notes]),
      ].join('\n'),
      incomplete: !inPlace,
    }),
    errors: ['missing'],
    run: async ({ input, at }) => {
      const { wish, parts, problems, notes, ...status } = await statusOfHybrid(at, { realm: at.realm, name: input.name })
      return {
        ...status,
        ...toWishView(wish),
        parts: parts.map((one) => ({ ...one })),
        problems: [...problems],
        notes: [...notes],
      }
    },
  }),
  operation({
    name: 'hybrid.list',
    summary: 'List the pairs of servers that were set up',
    scope: 'realm',
    input: z.object({}),
    output: z.array(z.object({ name: z.string(), onPremises: z.string(), cloud: z.string(), createdAt: when, updatedAt: when })),
    errors: [],
    run: async ({ at }) =>
      (await at.kept.hybrids.list()).map(({ name: hybrid, made, createdAt, updatedAt }) => {
        const { onPremises, cloud } = readRecord(made)
        return {
          name: hybrid,
          onPremises: onPremises.url,
          cloud: cloud.url,
          createdAt: createdAt.toISOString(),
          updatedAt: updatedAt.toISOString(),
        }
      }),
  }),
  operation({
    name: 'hybrid.undo',
    summary: 'Take back exactly what a set-up made; what was there before stays, and the actor tokens of both servers end',
    scope: 'realm',
    input: z.object({ name, dryRun }),
    output: report,
    present: (output) => ({ text: presentReport(output, { nothing: 'Nothing of it was left.', done: 'taken back' }) }),
    errors: ['missing', 'in_use', 'conflict'],
    inBatches: true,
    changed: ({ output }) => ({ subject: output.name }),
    run: async ({ input, at, running }) => {
      const { actor, reference } = running
      const undo = () => undoHybrid(at, { realm: at.realm, name: input.name, dryRun: input.dryRun, actor, reference })
      return toView(input.dryRun ? await undo() : await running.batch(input.name, undo))
    },
  }),
]
