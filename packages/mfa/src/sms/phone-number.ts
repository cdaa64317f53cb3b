/**
 * phone-number knows telephone numbers that a code can be sent to: how they are typed, written (E.164) and masked.
 *
 * It owns which kinds are refused. It does not know whether a number is in service or whose it is: only a code that comes
 * back tells that.
 * @module
 */
import { createRequire } from 'node:module'
import type { NumberType, PhoneNumber } from 'libphonenumber-js/max'

/** The numbering plans of the world: read when the first number is, because most processes never see one. */
let plans: typeof import('libphonenumber-js/max') | undefined
const readPlans = (): NonNullable<typeof plans> => {
  plans ??= createRequire(import.meta.url)('libphonenumber-js/max') as NonNullable<typeof plans> // what the package is typed as
  return plans
}

/** Ordinary lines. What is missing costs whoever calls it extra, or reaches no single person. */
const ordinary: ReadonlySet<NumberType> = new Set<NumberType>(['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE', 'VOIP'])

function parse(typed: string, defaultCountry?: string): PhoneNumber | undefined {
  if (typed.length > 64) return undefined
  const { isSupportedCountry, parsePhoneNumberFromString } = readPlans()
  const country = defaultCountry?.toUpperCase()
  const isKnown = country !== undefined && isSupportedCountry(country)
  const text = typed.normalize('NFKC').trim()
  return parsePhoneNumberFromString(text, { extract: false, ...(isKnown && { defaultCountry: country }) })
}

/**
 * E.164, e.g. `+4915112345678`. `undefined`: no valid number, an extension, a short one, one that is premium, shared cost,
 * free of charge, a pager or a mailbox, or one of no country (satellites, ships, international networks: what a message
 * costs there is an income for some). Without `defaultCountry` (ISO 3166, e.g. `DE`) only the international form is read.
 */
export function parsePhoneNumber(typed: string, defaultCountry?: string): string | undefined {
  const parsed = parse(typed, defaultCountry)
  if (parsed === undefined || parsed.ext !== undefined || !parsed.isValid()) return undefined
  if (parsed.country === undefined || parsed.isNonGeographic()) return undefined
  const type = parsed.getType()
  return type !== undefined && ordinary.has(type) ? parsed.number : undefined
}

/** `+49 ••••• 78`: enough for its owner, and for nobody else. */
export function maskPhoneNumber(number: string): string {
  const prefix = countryPrefixOf(number)
  const end = number.replace(/\D/g, '').slice(-2)
  return prefix === undefined ? `••••• ${end}` : `${prefix} ••••• ${end}`
}

/** `+49`. `undefined`: no country has it. */
export function countryPrefixOf(number: string): string | undefined {
  const parsed = parse(number)
  return parsed && `+${parsed.countryCallingCode}`
}

/** Whether messages may go to the number. `prefixes`: beginnings of E.164 numbers; absent: to all. */
export const prefixAllowed = (number: string, prefixes: readonly string[] | undefined): boolean =>
  prefixes === undefined || prefixes.some((prefix) => number.startsWith(prefix))
