/**
 * budget is how many messages go out: to one number, for one account, from one network, to one country (R106),
 * and for whoever has shown nothing but a password.
 *
 * It owns the figures and that all of them are asked before a message goes, and given back when none went. That of a country guards
 * against "pumping": strangers who have numbers called that earn them money. It does not own which prefixes are allowed.
 * @module
 */
import { isIPv6 } from 'node:net'
import type { AttemptStore } from '@postern/storage'
import { type Allowance, giveBack, type Taking, takeOne } from '../allowance.ts'

const hour = 3600

/** One code goes to one authenticator in so many seconds, so that a page loaded twice sends once. */
export const resendSeconds = 30

export const messageAllowances = Object.freeze({
  account: Object.freeze({ max: 10, windowSeconds: 24 * hour, spacingSeconds: resendSeconds }),
  phone: Object.freeze({ max: 5, windowSeconds: hour }),
  source: Object.freeze({ max: 20, windowSeconds: hour }),
  prefix: Object.freeze({ max: 500, windowSeconds: hour }),
  /** For a number that a password alone lets somebody confirm: fewer than the number and the account have, so that some are left. */
  proposal: Object.freeze({ max: 4, windowSeconds: 24 * hour }),
} satisfies Record<string, Allowance>)

const method = 'sms-sent'

/** Who is charged for a message. */
export interface Charged {
  readonly accountId: string
  /** Tells the authenticator and the attempt apart, for the spacing. A word of base64url. */
  readonly errand: string
  /** Keyed: numbers are not kept in clear. */
  readonly phoneDigest: string
  readonly prefix: string
  readonly source?: string | undefined
  /** It is asked for with a password alone. */
  readonly isProposal: boolean
}

export type Charge = Readonly<
  | Exclude<Taking, { taken: true }>
  | {
      taken: true
      /** Nothing was sent: takes the charge back. */
      giveBack: () => Promise<void>
    }
>

/** Charges one message to all of these, or to none. The account comes first: it alone decides which of two that come at once sends. */
export async function chargeMessage(attempts: AttemptStore, charged: Charged, now: Date): Promise<Charge> {
  const { accountId, errand, phoneDigest, prefix, source, isProposal } = charged
  const all = [
    { subject: `account:${accountId}`, allowance: messageAllowances.account, tag: errand },
    ...(isProposal ? [{ subject: `proposal:${accountId}`, allowance: messageAllowances.proposal, tag: '' }] : []),
    { subject: `phone:${phoneDigest}`, allowance: messageAllowances.phone, tag: '' },
    ...(source === undefined ? [] : [{ subject: `source:${networkOf(source)}`, allowance: messageAllowances.source, tag: '' }]),
    { subject: `prefix:${prefix}`, allowance: messageAllowances.prefix, tag: '' },
  ]
  const paid: typeof all = []
  const giveAllBack = async (): Promise<void> => {
    for (const { subject, tag } of paid) await attempts.update({ subject, method }, (state) => giveBack(state, now, tag))
  }
  for (const one of all) {
    const { subject, allowance, tag } = one
    const taking = await attempts.update({ subject, method }, (state) => takeOne(state, allowance, now, tag))
    if (!taking.taken) {
      await giveAllBack()
      return taking
    }
    paid.push(one)
  }
  return Object.freeze({ taken: true, giveBack: giveAllBack })
}

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 address, of which one household has 2^64. */
export function networkOf(source: string): string {
  const [address = ''] = source.split('%', 1)
  const embedded = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i)?.[1]
  if (embedded !== undefined || !isIPv6(address)) return embedded ?? address
  const [head = '', tail] = address.split('::', 2)
  const before = head === '' ? [] : head.split(':')
  // The last four groups may be written as two and an IPv4 address; of those only the number matters here.
  const after = tail === undefined || tail === '' ? [] : tail.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  const groups = [...before, ...zeros, ...after].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
