import { parseRange } from '../policy/conditions/ip-address.ts'
import type { MailProtocol } from '../policy/mail/protocols.ts'
import { parseName } from './own-words.ts'
import { type AppPasswordDraft, type AppPasswordUse, appPasswordExpiries, appPasswordUses } from './views/app-password-form.ts'

/** What policy leaves of each use; a use of which nothing is left is not offered. */
export interface OfferedUse {
  readonly use: AppPasswordUse
  readonly protocols: readonly MailProtocol[]
}

/** What an app password is to be, as its owner wants it. */
export interface AppPasswordWish {
  readonly label: string
  readonly protocols: readonly MailProtocol[]
  readonly networks: readonly string[]
  readonly bindsToFirstApp: boolean
  readonly expiresAt?: Date
}

export const mostNetworks = 10
const dayMilliseconds = 24 * 3_600_000

/**
 * Autodiscover alone opens nothing, so it is no reason to offer a use. `allowed`: by policy. `served`: by some mail server; empty
 * where that is not known.
 */
export function offeredUses(allowed: readonly MailProtocol[], served: readonly string[] = []): readonly OfferedUse[] {
  const isThere = (protocol: MailProtocol) => allowed.includes(protocol) && (served.length === 0 || served.includes(protocol))
  const all = Object.keys(appPasswordUses) as AppPasswordUse[] // of a literal, whose keys are known
  return all.flatMap((use) => {
    const protocols = appPasswordUses[use].protocols.filter(isThere)
    return protocols.some((protocol) => protocol !== 'autodiscover') ? [{ use, protocols }] : []
  })
}

/** What is ticked when nobody has chosen yet: the first that brings mail, not only sends it. */
export function likelyUses(offered: readonly OfferedUse[]): readonly AppPasswordUse[] {
  const brings = ({ protocols }: OfferedUse) => protocols.some((one) => one !== 'smtp' && one !== 'autodiscover')
  const likely = offered.find(brings) ?? offered[0]
  return likely === undefined ? [] : [likely.use]
}

/** What keeps a wish from being one. `wrong`: the part that is no network. */
export interface WishProblems {
  readonly label?: true
  readonly uses?: true
  readonly networks?: { readonly wrong: string } | 'too_many'
}

/** Reads a draft. Nothing that policy does not allow comes out, whatever was sent. Pure. */
export function parseWish(
  draft: AppPasswordDraft,
  { offered, now }: { offered: readonly OfferedUse[]; now: Date },
): { readonly wish: AppPasswordWish } | { readonly problems: WishProblems } {
  const label = parseName(draft.label)
  const chosen = offered.filter(({ use }) => draft.uses.includes(use)).flatMap(({ protocols }) => protocols)
  const networks = draft.networks.split(/[\s,;]+/).filter((part) => part !== '')
  const wrong = networks.find((network) => parseRange(network) === undefined)
  const trouble = wrong !== undefined ? { wrong } : networks.length > mostNetworks ? ('too_many' as const) : undefined
  if (label === undefined || chosen.length === 0 || trouble !== undefined)
    return {
      problems: {
        ...(label === undefined && { label: true as const }),
        ...(chosen.length === 0 && { uses: true as const }),
        ...(trouble !== undefined && { networks: trouble }),
      },
    }
  const days = appPasswordExpiries[draft.expiry]
  return {
    wish: Object.freeze({
      label,
      protocols: Object.freeze([...new Set(chosen)]),
      networks: Object.freeze([...new Set(networks)]),
      bindsToFirstApp: draft.binds,
      ...(days !== undefined && { expiresAt: new Date(now.getTime() + days * dayMilliseconds) }),
    }),
  }
}
