import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packFileNames, renderClientPack } from '../../client-pack/client-pack.ts'
import { findPackGaps } from '../../client-pack/pack-gaps.ts'
import { loadClientPackFacts } from '../../protocol/packed-facts.ts'
import { packedClientIds } from '../client-presets.ts'
import { OperationRefused } from '../errors.ts'
import { operation } from '../operation.ts'
import { writePackFolder } from '../pack-folder.ts'

export const clientPackOperations = [
  operation({
    name: 'client-pack.write',
    summary:
      'Write the files that set mail programs up to a folder: extension for Thunderbird, profile for iPhone and Mac, autoconfig, documents for the mail domain. `write` may be left out',
    scope: 'realm',
    positional: ['folder'],
    // It writes files where it runs.
    localOnly: true,
    input: z.object({
      folder: z
        .string()
        .min(1)
        .describe(
          'Folder for the files; made where it is missing, in one that is there. Older files of the same names are replaced',
        ),
      force: z.boolean().default(false).describe('Also into a folder that holds other files, which stay'),
    }),
    output: z.object({
      folder: z.string(),
      files: z.array(z.enum(packFileNames)),
      /** Of an earlier time: there, and not made now. */
      outdated: z.array(z.enum(packFileNames)),
      missing: z.array(z.object({ file: z.enum(packFileNames), remedy: z.string() })),
    }),
    present: ({ folder, files, outdated, missing }) => ({
      text: files.map((name) => `${folder}/${name}`).join('\n'),
      ...(missing.length + outdated.length > 0 && {
        note: [
          ...(outdated.length > 0 ? [`Older, and not made any more: ${outdated.join(', ')}`] : []),
          ...(missing.length > 0 ? [tellGaps(missing)] : []),
        ].join('\n'),
      }),
    }),
    errors: ['invalid', 'missing', 'conflict'],
    run: async ({ input, at }) => {
      const issuer = at.issuerOf(at.realm.id)
      if (issuer === undefined) throw new OperationRefused('conflict', 'The address of this service is not known here.')
      const resources = await at.kept.resources.list()
      const facts = await loadClientPackFacts({ realm: at.realm, issuer, kept: at.kept, resources }, { ids: packedClientIds })
      const [files, missing] = [renderClientPack(facts), findPackGaps(facts, packedClientIds)]
      if (files.length === 0) throw new OperationRefused('missing', `There is nothing to write yet.\n${tellGaps(missing)}`)
      const folder = await writePackFolder(input.folder, files, { ours: packFileNames, meant: input.force })
      const names = files.map(({ name }) => name)
      const outdated = packFileNames.filter((name) => !names.includes(name) && existsSync(join(folder, name)))
      return { folder, files: names, outdated, missing: [...missing] }
    },
  }),
]

/** What helps several files is said once. */
const tellGaps = (gaps: readonly { file: string; remedy: string }[]): string =>
  [...Map.groupBy(gaps, ({ remedy }) => remedy)]
    .map(([remedy, those]) => `For ${those.map(({ file }) => file).join(', ')}: ${remedy}`)
    .join('\n')
