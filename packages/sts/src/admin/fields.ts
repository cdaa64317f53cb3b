/** The members that inputs are made of. Each says in words what it takes, for the reference and for refusals. */
import { parsePhoneNumber } from '@postern/mfa'
import { z } from 'zod'
import { isDomainName } from '../realms/realm-registry.ts'

/** Text for people: no control characters, because it ends up in pages, logs and terminals. */
export const shownText = (description: string, maximum = 128) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(maximum, `must have at most ${maximum} characters`)
    .refine((text) => !/\p{C}/u.test(text), 'must not hold control characters')
    .describe(description)

export const domainName = z
  .string()
  .trim()
  .toLowerCase()
  .refine(isDomainName, 'must be a domain name in its ASCII form, for example contoso.com')
  .describe('A domain name, e.g. contoso.com')

/** An address as RFC 5321 section 4.1.2 has it, without quoted local parts. */
export const mailAddress = (description: string) =>
  z
    .string()
    .trim()
    .max(254, 'must have at most 254 characters')
    .refine(
      (text) => /^[^\s@"\\,;:<>()[\]\p{C}]{1,64}@[^@]+$/u.test(text) && isDomainName((text.split('@')[1] ?? '').toLowerCase()),
      'must look like mary@contoso.com',
    )
    .describe(description)

export const phoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be in international form, for example +4915112345678')
  .describe('Phone number in international form (E.164)')

export const groups = z.array(shownText('A group')).max(100).describe('Groups, which policies can name; may be repeated')

/** 1-128 visible ASCII characters (RFC 6749 appendix A.1). */
export const clientId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1-128 visible ASCII characters')
  .describe('Client identifier')

/** A scope without the resource in front: RFC 6749 section 3.3, and no slash, which separates the two. */
export const scopeName = z
  .string()
  .regex(
    /^[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]{1,128}$/,
    'must be a scope name without spaces, quotes and slashes, for example IMAP.AccessAsUser.All',
  )

export const seconds = (description: string, limits: { least: number; most: number }) =>
  z
    .number()
    .int('must be whole seconds')
    .min(limits.least, `must be at least ${limits.least} seconds`)
    .max(limits.most, `must be at most ${limits.most} seconds`)
    .describe(description)

export const when = z.iso.datetime()

export const pageLimit = z.number().int().min(1).max(1000).default(100).describe('How many at most')

export const enforcementState = z
  .enum(['disabled', 'enabled', 'enforced'])
  .describe(
    'What is demanded of the account itself: nothing; asked at the next sign-in and may postpone; a second factor each time',
  )

/** Without it nobody who is `enforced` is asked for less by being asked to set up a factor. */
export const lower = z
  .boolean()
  .default(false)
  .describe('With the state enabled: also accounts that are enforced now; otherwise they stay so')

/** Written as people do; what comes out is E.164. */
export const telephone = z
  .string()
  .max(40, 'must have at most 40 characters')
  .transform((text, context) => {
    const number = parsePhoneNumber(text)
    if (number !== undefined) return number
    context.addIssue('must be an ordinary number in international form, for example +4915112345678')
    return z.NEVER
  })
  .describe('Telephone number in international form, e.g. +49 151 12345678')
