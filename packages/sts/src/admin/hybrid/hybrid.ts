/**
 * hybrid lets two mail servers of one organisation ask each other for tokens and act for people, as a wizard would.
 *
 * It owns the phases: load, plan (plan.ts), apply in one transaction with an audit row for each step (apply.ts), remember
 * what was made (made.ts), and take exactly that back (undo.ts). It reads no document and no file: sides.ts does, or whoever
 * calls {@link setUpHybrid} with certificates at hand. What a server may do afterwards is decided by the protocol.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import type { Partner, Realm } from '@postern/storage'
import { findEmptyGroups, warnOfEmptyGroups } from '../empty-groups.ts'
import { OperationRefused } from '../errors.ts'
import { administratorsGroup } from '../last-administrator.ts'
import { parseBaseAddress } from '../metadata-url.ts'
import type { AdminPorts, RealmPorts } from '../operation.ts'
import { noteUnfollowed } from '../partner-hosts.ts'
import { applyStep, remember } from './apply.ts'
import { describeMade } from './describe.ts'
import type { HybridRecord, Made, Rights } from './made.ts'
import { readRecord, writeRecord } from './made.ts'
import { obstaclesOf } from './obstacles.ts'
import { planHybrid } from './plan.ts'
import { readOwnCertificate } from './side-certificates.ts'
import { loadSnapshot, type Snapshot } from './snapshot.ts'
import type { Item } from './steps.ts'
import { presenceOf, refuseLaterHybrid, refuseUse, takeBack } from './undo.ts'
import type { Side } from './wanted.ts'

/** What people of one side may be served with at the other, unless it is said otherwise: free/busy, and a phone's mailbox. */
export const defaultScopes: readonly string[] = Object.freeze(['EWS.AccessAsUser.All', 'EAS.AccessAsUser.All'])

/** One of the two servers, as the caller knows it. */
export interface GivenSide {
  /** `https://host/`; http for this machine only. */
  readonly url: string
  /** Its own client id, which the other side does not have. */
  readonly client: string
  readonly displayName?: string
  /** PEM or DER, RSA. */
  readonly certificates: readonly (string | Uint8Array)[]
  /** Where they came from, to be read again by itself; absent: they were handed in. */
  readonly metadata?: { readonly url: string; readonly pinned: NonNullable<Partner['pinned']> }
}

export interface HybridCall {
  readonly realm: Realm
  readonly name: string
  readonly dryRun?: boolean
  /** For the audit trail. */
  readonly actor: string
  readonly reference: string
}

export interface HybridReport {
  readonly name: string
  readonly dryRun: boolean
  readonly onPremises: { readonly client: string; readonly url: string }
  readonly cloud: { readonly client: string; readonly url: string }
  /** What both may do for people. Absent: nothing was ever said. */
  readonly wish?: Rights | undefined
  /** How much was done, or would be. */
  readonly changed: number
  readonly parts: readonly { readonly what: string; readonly state: PartState }[]
}

type PartState = 'done' | 'present' | 'would be done' | 'taken back' | 'would be taken back' | 'gone before'

/**
 * Makes what is missing, in one transaction: the principals with their certificates and metadata, the resources with their
 * names, access and delegations both ways. A second time it changes nothing, or follows what has changed at the servers.
 * `scopes` and `exceptGroups`: what both may do for people, and for whom never; delegations become that. Left out: as at the
 * last time, at first {@link defaultScopes} and administrators excepted. No scopes at all: rights stay as they are.
 * `isRemembered`: the last run was for the same servers and the same rights, so without changes there is nothing new to keep.
 * @throws {OperationRefused} `conflict`, `invalid`, `key_refused`. Nothing was changed then.
 */
export async function setUpHybrid(
  ports: AdminPorts,
  call: HybridCall & {
    readonly onPremises: GivenSide
    readonly cloud: GivenSide
    readonly scopes?: readonly string[]
    readonly exceptGroups?: readonly string[]
    readonly domains?: readonly string[]
  },
): Promise<HybridReport & { readonly isRemembered: boolean }> {
  const sides = {
    onPremises: toSide(ports, call.onPremises, 'Mail server on premises'),
    cloud: toSide(ports, call.cloud, 'Mail server in the cloud'),
  }
  return ports.store.transaction(async () => {
    const at = await openRealm(ports, call)
    const last = at.snapshot.record?.wish
    const rights = {
      scopes: [...(call.scopes ?? last?.scopes ?? defaultScopes)],
      exceptGroups: [...(call.exceptGroups ?? last?.exceptGroups ?? [administratorsGroup])],
    }
    const items = planHybrid(at.snapshot, { ...sides, ...rights, domains: call.domains ?? [] })
    const wish = rights.scopes.length === 0 ? last : rights
    const head = {
      onPremises: { client: sides.onPremises.client, url: sides.onPremises.url },
      cloud: { client: sides.cloud.client, url: sides.cloud.url },
      ...(wish === undefined ? {} : { wish }),
    }
    if (call.dryRun !== true) await commit(at, call, { items, head })
    const { made: _made, ...lastHead } = at.snapshot.record ?? {}
    return { ...report(call, head, items), isRemembered: isDeepStrictEqual(lastHead, head) }
  })
}

type At = RealmPorts & { readonly snapshot: Snapshot }

async function openRealm(ports: AdminPorts, { realm: { id }, name }: HybridCall): Promise<At> {
  // As it is now: a domain may have been added since the caller looked.
  const realm = await ports.store.realms.find(id)
  if (realm === undefined) throw new OperationRefused('missing', 'The realm is gone. See: postern realm list')
  const kept = ports.store.realm(id)
  return { ...ports, realm, kept, snapshot: await loadSnapshot(kept, realm, name) }
}

async function commit(at: At, call: HybridCall, { items, head }: { items: readonly Item[]; head: Head }): Promise<void> {
  let made = at.snapshot.record?.made ?? []
  for (const { what, step } of items) {
    if (step === undefined) continue
    await applyStep(at, step)
    made = remember(made, step)
    await record(at, call, { operation: 'hybrid.setup', what })
  }
  const before = await at.kept.hybrids.find(call.name)
  const now = at.clock()
  const isNew = before === undefined || !isDeepStrictEqual(readRecord(before.made), { ...head, made })
  if (!isNew) return
  await at.kept.hybrids.put({
    name: call.name,
    made: writeRecord({ ...head, made }),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  })
}

/** What a record says beside what was made. */
type Head = Omit<HybridRecord, 'made'>

const record = (
  at: RealmPorts,
  { name, actor, reference }: HybridCall,
  { operation, what }: { operation: string; what: string },
) => at.recordChange(at.kept, { operation, subject: `${name}: ${what}`, actor, reference })

const report = ({ name, dryRun = false }: HybridCall, head: Head, items: readonly Item[]): HybridReport =>
  Object.freeze<HybridReport>({
    name,
    dryRun,
    ...head,
    changed: items.filter(({ step }) => step !== undefined).length,
    parts: items.map(({ what, step }) => ({ what, state: step === undefined ? 'present' : dryRun ? 'would be done' : 'done' })),
  })

/** @throws {OperationRefused} `invalid`, `key_refused` */
function toSide({ clock, newId }: AdminPorts, given: GivenSide, displayName: string): Side {
  const url = parseBaseAddress(given.url)
  if (url === undefined)
    throw new OperationRefused(
      'invalid',
      `${given.url} must be the base address of a server, for example https://mail.contoso.com/`,
    )
  return Object.freeze({
    client: given.client,
    url,
    displayName: given.displayName ?? displayName,
    certificates: given.certificates.map((one) => readOwnCertificate(one, { of: given.client, now: clock() })),
    ...(given.metadata === undefined ? {} : { metadata: given.metadata }),
    newResource: newId(),
  })
}

/** @throws {OperationRefused} `missing` */
function requireRecord(at: At, { name }: HybridCall): HybridRecord {
  if (at.snapshot.record !== undefined) return at.snapshot.record
  throw new OperationRefused('missing', `There is no hybrid ${name} in this realm. See: postern hybrid list`)
}

/**
 * Takes back exactly what {@link setUpHybrid} made and what is still there, the last first, in one transaction. What was
 * there before stays, and actor tokens of both sides end.
 * @throws {OperationRefused} `missing`, or `in_use` where others have built on it. Nothing was changed then.
 */
export async function undoHybrid(ports: AdminPorts, call: HybridCall): Promise<HybridReport> {
  return ports.store.transaction(async () => {
    const at = await openRealm(ports, call)
    const kept = requireRecord(at, call)
    await refuseLaterHybrid(at.kept, at.snapshot, call.name)
    await refuseUse(at.kept, at.snapshot, kept)
    const audienceOf = namerOf(at.snapshot, kept)
    const items = kept.made
      .toReversed()
      .map((made) => ({ made, what: describeMade(made, audienceOf), left: presenceOf(at.snapshot, made) }))
    const { dryRun = false } = call
    for (const { made, what, left } of dryRun ? [] : items) {
      if (left === 'none') continue
      await takeBack(at, made)
      await record(at, call, { operation: 'hybrid.undo', what })
    }
    if (!dryRun) await at.kept.hybrids.remove(call.name)
    const { onPremises, cloud } = kept
    return Object.freeze<HybridReport>({
      name: call.name,
      dryRun,
      onPremises,
      cloud,
      changed: items.filter(({ left }) => left !== 'none').length,
      parts: items.map(({ what, left }) => ({
        what,
        state: left === 'none' ? 'gone before' : dryRun ? 'would be taken back' : 'taken back',
      })),
    })
  })
}

export interface HybridStatus {
  readonly name: string
  readonly onPremises: HybridRecord['onPremises']
  readonly cloud: HybridRecord['cloud']
  readonly inPlace: boolean
  readonly parts: readonly { readonly what: string; readonly state: 'in place' | 'partly' | 'missing' }[]
  /** What keeps it from working, although it is in place. */
  readonly problems: readonly string[]
  /** What works, and should be known all the same. */
  readonly notes: readonly string[]
  readonly wish?: Rights | undefined
  readonly cure: HybridCure
}

/** What makes it good: nothing is needed, another set-up, what stands with each problem, or the one after the other. */
export const hybridCures = ['none', 'setup', 'by hand', 'by hand, then setup'] as const
export type HybridCure = (typeof hybridCures)[number]

/** Whether everything that was made is still there, and whether it can work. @throws {OperationRefused} `missing` */
export async function statusOfHybrid(ports: AdminPorts, call: Pick<HybridCall, 'realm' | 'name'>): Promise<HybridStatus> {
  const at = await openRealm(ports, { ...call, actor: '', reference: '' })
  const kept = requireRecord(at, { ...call, actor: '', reference: '' })
  const audienceOf = namerOf(at.snapshot, kept)
  const words = { all: 'in place', some: 'partly', none: 'missing' } as const
  const parts = kept.made
    .filter((made) => !isRolledOver(at.snapshot, made))
    .map((made) => ({ what: describeMade(made, audienceOf), state: words[presenceOf(at.snapshot, made)] }))
  const obstacles = obstaclesOf(at.snapshot, kept, { now: at.clock(), partnerHosts: at.partnerHosts })
  const isComplete = parts.every(({ state }) => state === 'in place')
  const { made: _made, ...head } = kept
  return Object.freeze({
    name: call.name,
    ...head,
    inPlace: isComplete && obstacles.length === 0,
    parts,
    problems: obstacles.map(({ what }) => what),
    notes: await notesOn(at, kept),
    cure: cureOf({
      bySetUp: !isComplete || obstacles.some(({ setUpHelps }) => setUpHelps),
      byHand: obstacles.some(({ setUpHelps }) => !setUpHelps),
    }),
  })
}

const cureOf = ({ bySetUp, byHand }: { bySetUp: boolean; byHand: boolean }): HybridCure => {
  if (byHand) return bySetUp ? 'by hand, then setup' : 'by hand'
  return bySetUp ? 'setup' : 'none'
}

/** Groups that protect nobody, and documents that nobody reads; where one was tried for nothing, that is a problem already. */
async function notesOn(
  { kept, snapshot, partnerHosts }: At,
  { onPremises, cloud, wish }: HybridRecord,
): Promise<readonly string[]> {
  const unread = [onPremises, cloud].flatMap(({ client }) => {
    const { metadataUrl, metadataProblem } = snapshot.partners.get(client) ?? {}
    return metadataUrl === undefined || metadataProblem !== undefined ? [] : [metadataUrl]
  })
  return Object.freeze(
    [
      noteUnfollowed(unread, partnerHosts) ?? [],
      warnOfEmptyGroups(await findEmptyGroups(kept, wish?.exceptGroups ?? [])) ?? [],
    ].flat(),
  )
}

/** A certificate that another one has replaced since, by metadata or by hand. It is missed only when none is left. */
const isRolledOver = (snapshot: Snapshot, made: Made): boolean =>
  made.kind === 'certificate' &&
  presenceOf(snapshot, made) === 'none' &&
  snapshot.certificates.some(({ client }) => client === made.client)

/** Resources by their address, also those that are gone. */
const namerOf = ({ resources }: Snapshot, { made }: HybridRecord) => {
  const names = new Map<string, string>([
    ...made.flatMap((one: Made): [string, string][] => (one.kind === 'resource' ? [[one.resource, one.audience]] : [])),
    ...resources.map(({ id, audience }): [string, string] => [id, audience]),
  ])
  return (id: string): string => names.get(id) ?? id
}
