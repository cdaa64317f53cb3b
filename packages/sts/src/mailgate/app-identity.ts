/**
 * app-identity tells one mail app of a person from another, by what it says about itself and the network it comes from.
 *
 * Pure. All of it are claims of the app: an identity finds a tile again and proves nothing. A user agent is known to whoever
 * knows the password, so a network stands beside it; a device id is not, so it stands alone and a phone may travel.
 * @module
 */
import type { MailAppTraits } from '@postern/storage'
import { parseAddress } from '../policy/conditions/ip-address.ts'
import type { MailProtocol } from '../policy/mail/protocols.ts'

/** What a mail server heard of an app. */
export interface AppClaims {
  readonly protocol: MailProtocol
  readonly deviceId?: string | undefined
  readonly deviceType?: string | undefined
  readonly model?: string | undefined
  readonly userAgent?: string | undefined
  /** What IMAP's ID command told (RFC 2971). */
  readonly imapId?: Readonly<Record<string, string | null>> | undefined
  /** IP address. */
  readonly source?: string | undefined
}

export interface AppIdentity {
  /** `device:<id>`, `agent:<name>|<network>` or `network:<mail|web>:<network>`. */
  readonly identity: string
  /** What it calls itself, for people. */
  readonly label: string
  /** Where it is part of the identity. */
  readonly network?: string
  readonly traits: MailAppTraits
}

/** Protocols whose programs speak to one mail server with one set-up; all others are spoken over HTTP. */
const internetMail: ReadonlySet<MailProtocol> = new Set(['imap', 'pop', 'smtp', 'sieve'])
const device = 'device:'
const longestName = 80
const longestTrait = 256
/** What every browser and many programs say of themselves; it names nobody unless it is all there is. */
const saysNothing: ReadonlySet<string> = new Set(['mozilla', 'gecko', 'applewebkit', 'khtml', 'like', 'safari', 'version'])

export function identifyApp(claims: AppClaims): AppIdentity {
  const traits = traitsOf(claims)
  const { deviceId } = traits
  if (deviceId !== undefined) {
    const identity = `${device}${deviceId.toLowerCase()}`
    return Object.freeze({
      identity,
      // Most tries are of apps that are known, by the label that they have.
      get label() {
        return deviceLabel(traits)
      },
      traits,
    })
  }
  const network = networkOf(claims.source)
  const name = productOf(imapNameOf(claims) ?? traits.userAgent ?? '')
  if (name !== '') {
    const identity = `agent:${name.toLowerCase().replaceAll('|', ' ')}|${network}`
    return Object.freeze({ identity, label: name, network, traits })
  }
  const kind = internetMail.has(claims.protocol) ? 'mail' : 'web'
  const label = kind === 'mail' ? 'Mail program' : 'Mail app'
  return Object.freeze({ identity: `network:${kind}:${network}`, label, network, traits })
}

/** Whether an identity is that of a device id. */
export const namesDevice = (identity: string): boolean => identity.startsWith(device)

/** A /24 of IPv4 or a /48 of IPv6, as CIDR. `?`: not known. */
export function networkOf(source: string | undefined): string {
  const address = source === undefined ? undefined : parseAddress(source)
  if (address === undefined) return '?'
  if (address.length === 32) {
    const bytes = [24n, 16n, 8n].map((shift) => (address.bits >> shift) & 0xffn)
    return `${bytes.join('.')}.0/24`
  }
  const groups = [112n, 96n, 80n].map((shift) => ((address.bits >> shift) & 0xffffn).toString(16))
  return `${groups.join(':')}::/48`
}

/**
 * The names of the products in a user agent (RFC 9110 section 10.1.5), without versions and comments, so that an update
 * leaves an app what it was. Empty: it names none.
 */
export function productOf(userAgent: string): string {
  const words = withoutComments(userAgent)
    .split(/\s+/)
    .map((word) => word.split('/', 1)[0] ?? '')
    .filter((word) => /\p{L}/u.test(word) && !/^v?\d[\d.]*[a-z]?\d*$/i.test(word))
  const telling = words.filter((word) => !saysNothing.has(word.toLowerCase()))
  return (telling.length > 0 ? telling : words).join(' ').slice(0, longestName).trim()
}

function withoutComments(text: string): string {
  let depth = 0
  let kept = ''
  for (const one of text) {
    if (one === '(') depth += 1
    else if (one === ')') depth = Math.max(0, depth - 1)
    else if (depth === 0) kept += one
  }
  return kept
}

function imapNameOf({ imapId }: AppClaims): string | undefined {
  const name = fieldOf(imapId, 'name')
  return name === undefined ? undefined : printable(name)
}

/** Names of fields are compared without regard to case (RFC 2971 section 3.3). */
function fieldOf(fields: AppClaims['imapId'], wanted: string): string | undefined {
  const found = Object.entries(fields ?? {}).find(([name]) => name.toLowerCase() === wanted)?.[1]
  return found === null ? undefined : found
}

function traitsOf({ protocol, deviceId, deviceType, model, userAgent, imapId }: AppClaims): MailAppTraits {
  const program = [fieldOf(imapId, 'name'), fieldOf(imapId, 'version')].filter((part) => part !== undefined).join(' ')
  const told = {
    // Only ActiveSync has device ids; whatever another protocol calls so must not take a phone's place.
    ...(protocol === 'activesync' && deviceId !== undefined && { deviceId }),
    ...(deviceType !== undefined && { deviceType }),
    ...(model !== undefined && { model }),
    ...(program !== '' ? { userAgent: program } : userAgent !== undefined && { userAgent }),
  }
  const traits = Object.entries(told).map(([name, value]) => [name, printable(value)] as const)
  return Object.freeze(Object.fromEntries(traits.filter(([, value]) => value !== '')))
}

/** People read it in a list, in a mail and in a text message: one line, nothing hidden, nothing that turns the writing round. */
const printable = (text: string): string => (isPlain.test(text) ? text : madePrintable(text))

/** One word that people can read as it is. */
const isPlain = new RegExp(`^[!-~]{0,${longestTrait}}$`)

const madePrintable = (text: string): string =>
  text
    .slice(0, 4 * longestTrait)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, longestTrait)
    .toWellFormed()

function deviceLabel({ model, deviceType, userAgent }: MailAppTraits): string {
  const name = model ?? productOf(userAgent ?? '')
  const isSame = name.toLowerCase().includes((deviceType ?? '').toLowerCase())
  const label = deviceType === undefined || isSame ? name : name === '' ? deviceType : `${deviceType} (${name})`
  return label === '' ? 'Mail app' : label.slice(0, longestName).toWellFormed()
}
