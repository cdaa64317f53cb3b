import { commonPasswords, commonWords } from './common-passwords.ts'
import { normalise } from './password.ts'

export type PasswordRefusal = 'too_short' | 'too_common' | 'too_long'

/** What belongs to the person or the place and is therefore guessed early (R85). */
export type PasswordContext = Readonly<{
  upn: string
  addresses: readonly string[]
  displayName: string
  domains?: readonly string[]
}>

/** In characters (Unicode code points after normalisation, as NIST SP 800-63B-4 section 3.1.1.2 counts). */
export const passwordLength = Object.freeze({ least: 8, most: 1000 })

/**
 * Whether a new password may be taken. Length counts, composition does not: no digit or sign is asked for.
 * Does NOT ask any list of breached passwords beyond the short one that is built in.
 */
export function judgePassword(password: string, context: PasswordContext): 'fine' | PasswordRefusal {
  if (isTooLong(password)) return 'too_long'
  const text = normalise(password)
  if ([...text].length < passwordLength.least) return 'too_short'
  return isCommon(text.toLowerCase(), context) ? 'too_common' : 'fine'
}

/** Cheap for whatever is sent: the whole of a huge input is never normalised. */
export const isTooLong = (password: string): boolean =>
  password.length > 2 * passwordLength.most || [...normalise(password)].length > passwordLength.most

function isCommon(text: string, context: PasswordContext): boolean {
  if (commonPasswords.has(text) || isRepetition(text) || isSequence(text)) return true
  // Digits and signs around a word are the first thing that guessing programs try.
  const word = plainLetters(text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''))
  if (commonWords.has(word)) return true
  const bare = squeeze(text)
  const own = wordsOf(context)
  return own.has(bare) || own.has(squeeze(word))
}

/** The person's and the place's own words, without signs: whole names and addresses, and their parts of at least four letters. */
function wordsOf({ upn, addresses, displayName, domains = [] }: PasswordContext): ReadonlySet<string> {
  const names = [upn, ...addresses].flatMap((name) => [name, ...name.split('@')])
  const places = [upn, ...addresses].map((name) => name.split('@').at(-1) ?? '').concat(domains)
  const labels = places.flatMap((domain) => [domain, ...domain.split('.')])
  const people = [displayName, ...displayName.split(/\s+/)]
  const words = [...names, ...labels, ...people].map((word) => squeeze(word.normalize('NFKC').toLowerCase()))
  return new Set(words.filter((word) => word.length >= 4))
}

const squeeze = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '')

/** `p@ssw0rd` reads as `password`. */
const plainLetters = (text: string): string =>
  text.replaceAll(/[@4]/g, 'a').replaceAll('0', 'o').replaceAll('3', 'e').replaceAll(/[$5]/g, 's')

/** One short piece over and over, e.g. `aaaaaaaa` or `abcabcabc`. */
const isRepetition = (text: string): boolean => /^(.{1,4}?)\1+$/su.test(text)

/** Neighbours in the alphabet, among the digits or on a keyboard, up or down. */
function isSequence(text: string): boolean {
  const rows = ['01234567890', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiopasdfghjklzxcvbnm', 'qwertzuiopasdfghjklyxcvbnm']
  return rows.some((row) => row.includes(text) || [...row].toReversed().join('').includes(text))
}
