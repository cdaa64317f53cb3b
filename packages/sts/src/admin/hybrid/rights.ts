/**
 * rights decides what each server may ask for and do for people at the other: what a set-up makes of what stands there, what an
 * undo leaves of it, and whether it still is as it was meant. Pure.
 *
 * Rights become what is wanted, no less and no more. Of exceptions a set-up takes away only its own: whoever excepted a group
 * by hand had a reason.
 */
import type { Delegation } from '@postern/storage'
import { describeRights } from './describe.ts'
import type { HybridRecord, Made, Rights } from './made.ts'
import { accessOf, delegationOf, missingOf } from './snapshot.ts'
import { type Item, make, type Named } from './steps.ts'

interface Way {
  readonly client: string
  /** Id of the resource of the other side. */
  readonly resource: string
}

/** May ask for tokens, and act for people. Without scopes nothing was said about rights, and they stay as they are. */
export function planRights(at: Named, wanted: Rights, way: Way): readonly Item[] {
  if (wanted.scopes.length > 0) return [...planAccess(at, wanted, way), planDelegation(at, wanted, way)]
  const { client, resource } = way
  const present = delegationOf(at, client, resource)
  return [
    make(at, { kind: 'access', client, resource, scopes: [...(accessOf(at.clients.get(client), resource) ?? [])] }, false),
    ...(present === undefined ? [] : [{ what: describeDelegation(at, way, describeRights(present)) }]),
  ]
}

function planAccess(at: Named, { scopes }: Rights, { client, resource }: Way): readonly Item[] {
  const present = accessOf(at.clients.get(client), resource)
  const missing = missingOf(scopes, present)
  const own = (at.record?.made ?? []).flatMap((made) =>
    made.kind === 'access' && made.client === client && made.resource === resource ? made.scopes : [],
  )
  const over = [...new Set(own)].filter((scope) => present?.includes(scope) && !scopes.includes(scope))
  return [
    make(at, { kind: 'access', client, resource, scopes: [...(missing.length === 0 ? scopes : missing)] }, missing.length > 0),
    ...(over.length === 0
      ? []
      : [
          {
            what: `${client} may no longer ask for ${at.audienceOf(resource)}: ${over.join(', ')}`,
            step: { kind: 'drop-access', client, resource, scopes: over } as const,
          },
        ]),
  ]
}

function planDelegation(at: Named, wanted: Rights, way: Way): Item {
  const { client, resource } = way
  const present = delegationOf(at, client, resource)
  const own = ownDelegation(at.record, way)
  if (present === undefined) {
    return Object.freeze<Item>({
      what: describeDelegation(at, way, describeRights(wanted)),
      step: {
        kind: 'delegate',
        made: { kind: 'delegation', client, resource, scopes: [...wanted.scopes] },
        to: { scopes: wanted.scopes, exceptGroups: wanted.exceptGroups },
        narrows: false,
      },
    })
  }
  const to = decideRights(present, wanted, { own, last: at.record?.wish })
  const [more, less] = [missingOf(to.scopes, present.scopes), missingOf(present.scopes, to.scopes)]
  const [fewer, excepted] = [missingOf(present.exceptGroups, to.exceptGroups), missingOf(to.exceptGroups, present.exceptGroups)]
  const [was, becomes] = [describeRights(present), describeRights(to)]
  if ([more, less, fewer, excepted].every(({ length }) => length === 0))
    return Object.freeze({ what: describeDelegation(at, way, was) })
  const before = own === undefined ? { scopes: [...present.scopes], exceptGroups: [...present.exceptGroups] } : own.before
  return Object.freeze<Item>({
    what: describeDelegation(at, way, `${was} -> ${becomes}`),
    step: {
      kind: 'delegate',
      made: {
        kind: 'delegation',
        client,
        resource,
        scopes: [...missingOf(to.scopes, before?.scopes)],
        ...(before === undefined ? {} : { before }),
      },
      to,
      narrows: less.length + excepted.length > 0,
    },
  })
}

const describeDelegation = (at: Named, { client, resource }: Way, how: string): string =>
  `${client} may act for people at ${at.audienceOf(resource)}: ${how}`

const ownDelegation = (record: HybridRecord | undefined, { client, resource }: Way) =>
  record?.made.find(
    (made): made is Extract<Made, { kind: 'delegation' }> =>
      made.kind === 'delegation' && made.client === client && made.resource === resource,
  )

function decideRights(
  present: Rights,
  wanted: Rights,
  { own, last }: { own: Extract<Made, { kind: 'delegation' }> | undefined; last: Rights | undefined },
): Rights {
  const released =
    own === undefined ? [] : missingOf(missingOf(last?.exceptGroups ?? [], wanted.exceptGroups), own.before?.exceptGroups)
  return Object.freeze({
    scopes: [...present.scopes.filter((scope) => wanted.scopes.includes(scope)), ...missingOf(wanted.scopes, present.scopes)],
    exceptGroups: [...missingOf(present.exceptGroups, released), ...missingOf(wanted.exceptGroups, present.exceptGroups)],
  })
}

/** What is left of a delegation when `made` is taken back; without scopes it goes. `wish`: what the last set-up made of it. */
export function rightsBefore(
  present: Rights,
  { scopes: own, before }: Extract<Made, { kind: 'delegation' }>,
  wish: Rights | undefined,
): Rights {
  const left = missingOf(present.scopes, own)
  // Nothing was there before, or a release that kept no more than what it had added.
  if (before === undefined) return { scopes: left, exceptGroups: present.exceptGroups }
  const back = wish === undefined ? [] : missingOf(missingOf(before.scopes, wish.scopes), left)
  const scopes = [...left, ...back]
  const excepted = missingOf(present.exceptGroups, missingOf(wish?.exceptGroups ?? [], before.exceptGroups))
  return Object.freeze({
    scopes: [...before.scopes.filter((scope) => scopes.includes(scope)), ...missingOf(scopes, before.scopes)],
    exceptGroups: excepted,
  })
}

/** How a delegation differs from what the last set-up wanted, in words. More exceptions than that are no difference. */
export function describeDeviation({ scopes, exceptGroups }: Delegation, wish: Rights): string | undefined {
  const differences = [
    ['lacks', missingOf(wish.scopes, scopes)],
    ['has, beyond what was set up,', missingOf(scopes, wish.scopes)],
    ['no longer excepts the groups', missingOf(wish.exceptGroups, exceptGroups)],
  ] as const
  const words = differences.flatMap(([what, names]) => (names.length === 0 ? [] : [`${what} ${names.join(', ')}`]))
  return words.length === 0 ? undefined : words.join('; ')
}
