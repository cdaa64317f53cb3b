/** What a set-up has made, as it is kept beside the realm: all that is needed to take exactly that back. */
import { z } from 'zod'

const scopes = z.array(z.string())
const client = z.string()
/** Id of a resource. */
const resource = z.string()
const side = z.object({ client, url: z.string() })
const pinned = z.object({ issuer: z.string(), realm: z.string() })
const rights = z.object({ scopes: scopes.readonly(), exceptGroups: scopes.readonly() })

/** One thing that was made, in words that survive releases. Lists hold only what was not there before. */
const madeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('domain'), domain: z.string() }),
  z.object({ kind: z.literal('client'), client, displayName: z.string() }),
  z.object({ kind: z.literal('grant-types'), client, grantTypes: z.array(z.string()) }),
  z.object({ kind: z.literal('certificate'), client, credential: z.string(), x5t: z.string() }),
  z.object({
    kind: z.literal('metadata'),
    client,
    url: z.string(),
    pinned,
    before: z.object({ url: z.string(), pinned: pinned.optional() }).optional(),
  }),
  z.object({
    kind: z.literal('resource'),
    resource,
    audience: z.string(),
    names: z.array(z.string()),
    displayName: z.string(),
    client,
    scopes,
  }),
  z.object({ kind: z.literal('resource-names'), resource, names: z.array(z.string()) }),
  z.object({ kind: z.literal('resource-principal'), resource, client }),
  z.object({ kind: z.literal('resource-scopes'), resource, scopes }),
  z.object({ kind: z.literal('access'), client, resource, scopes }),
  /** `before`: what stood there. What the last wish does not have of it was taken away, and its exceptions are not ours. */
  z.object({ kind: z.literal('delegation'), client, resource, scopes, before: rights.optional() }),
])

export type Made = z.output<typeof madeSchema>
/** What a server may do for people, and the groups whose people it is never to act for. */
export type Rights = Readonly<z.output<typeof rights>>

/** The whole record of one hybrid. `sides`: whom it was made for, and what they were meant to do for people. */
const recordSchema = z.tuple(
  [z.object({ kind: z.literal('sides'), onPremises: side, cloud: side, wish: rights.optional() })],
  madeSchema,
)

export interface HybridRecord {
  readonly onPremises: z.output<typeof side>
  readonly cloud: z.output<typeof side>
  /** Of the last set-up that said anything about rights. */
  readonly wish?: Rights | undefined
  /** In the order in which it was made. */
  readonly made: readonly Made[]
}

/** Reads what {@link writeRecord} wrote. Anything else is a fault. */
export function readRecord(kept: readonly Readonly<Record<string, unknown>>[]): HybridRecord {
  const [{ onPremises, cloud, wish }, ...made] = recordSchema.parse(kept)
  return Object.freeze({ onPremises, cloud, ...(wish === undefined ? {} : { wish }), made: Object.freeze(made) })
}

export const writeRecord = ({ onPremises, cloud, wish, made }: HybridRecord): readonly Readonly<Record<string, unknown>>[] => [
  { kind: 'sides', onPremises, cloud, ...(wish === undefined ? {} : { wish }) },
  ...made,
]
