/** The members that operations about mail apps have in common. */
import { z } from 'zod'
import { findMailProtocol, type MailProtocol, mailProtocols } from '../policy/mail/protocols.ts'

const known = `one of ${mailProtocols.join(', ')}, or Exchange's name of one`

/** One protocol, in our spelling or Exchange's, in any letter case. */
export const mailProtocol = z
  .string()
  .max(40)
  .transform((text, context): MailProtocol => {
    const found = findMailProtocol(text.trim())
    if (found !== undefined) return found
    context.addIssue(`must be ${known}`)
    return z.NEVER
  })

/** Given one by one or with commas between them; `all` stands for every one. */
export const mailProtocolList = (description: string) =>
  z
    .array(z.string().max(400))
    .min(1, 'must name one at least')
    .max(mailProtocols.length * 2)
    .transform((texts, context): readonly MailProtocol[] => {
      const words = texts.flatMap((text) => text.split(',')).map((word) => word.trim())
      if (words.length === 1 && words[0]?.toLowerCase() === 'all') return mailProtocols
      const wrong = words.filter((word) => findMailProtocol(word) === undefined)
      if (wrong.length > 0) context.addIssue(`${wrong.map((word) => `"${word}"`).join(', ')} must be ${known}`)
      return Object.freeze([...new Set(words.flatMap((word) => findMailProtocol(word) ?? []))])
    })
    .describe(`${description}; with commas between them or repeated`)

export const ruleMode = z.enum(['on', 'report-only', 'off'])
