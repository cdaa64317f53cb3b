import { z } from 'zod'
import { plainAddress } from '../http/plain-address.ts'
import { mailProtocols } from '../policy/mail/protocols.ts'
import { type ActiveSyncQuery, parseActiveSyncQuery } from './activesync-query.ts'
import type { AppClaims } from './app-identity.ts'
import { MailgateError } from './errors.ts'

/** Bytes of a question. The longest token and the longest query fit. */
export const questionLimit = 24 * 1024

const short = z.string().max(512)
/** Up to where accounts look at a password, and beyond; what is longer is wrong, not malformed. */
const secret = z.string().max(4096)
const token = z.string().min(1).max(16_384)

const question = z.strictObject({
  name: z.string().min(1).max(1024).optional(),
  secret: secret.optional(),
  token: token.optional(),
  protocol: z.enum(mailProtocols),
  app: z
    .strictObject({
      deviceId: z
        .string()
        .regex(/^[A-Za-z0-9]{1,64}$/)
        .optional(),
      deviceType: short.optional(),
      model: short.optional(),
      userAgent: z.string().max(2048).optional(),
      // RFC 2971 section 3.3: at most 30 fields, names of 30 and values of 1024 bytes.
      imapId: z
        .record(z.string().min(1).max(30), z.string().max(1024).nullable())
        .refine((fields) => Object.keys(fields).length <= 30)
        .optional(),
      activesyncQuery: z.string().max(4096).optional(),
    })
    .optional(),
  source: z
    .string()
    .max(64)
    .transform((text, context) => {
      const address = plainAddress(text)
      if (address === undefined) context.addIssue({ code: 'custom', message: 'must be an IP address' })
      return address ?? z.NEVER
    })
    .optional(),
  tls: z.boolean().optional(),
  method: z
    .string()
    .regex(/^[A-Z]{1,16}$/)
    .optional(),
  request: z
    .string()
    .regex(/^[\w.:-]{1,64}$/)
    .optional(),
})

/** What an app shows, as it was typed. */
export type Shown =
  | Readonly<{ kind: 'secret'; name: string; secret: string }>
  /** Without `name` the mailbox is that of the token's owner. */
  | Readonly<{ kind: 'token'; name?: string; token: string }>

/** A try of an app, as a mail server tells about it. */
export interface GateQuestion {
  readonly shown: Shown
  readonly app: AppClaims
  /** As `plainAddress` writes it, so that it counts as what it is. */
  readonly source?: string
  /** Whether the app's connection is encrypted. Absent: nobody says. */
  readonly tls?: boolean
  /** The request opens no mail, whatever its protocol: an ActiveSync `OPTIONS`, which names no device either. */
  readonly opensNoMail: boolean
  /** The mail server's name for the request. */
  readonly request?: string
}

/**
 * Reads what a mail server asks. Strict: unknown members, both of `secret` and `token` or neither, and a device that the
 * query contradicts are refused. Tokens may come without a name; secrets not.
 * @throws {MailgateError} `request_malformed`, `activesync_query_malformed`. The message names members, never values.
 */
export function parseGateQuestion(text: string): GateQuestion {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MailgateError('request_malformed', 'The question is no JSON.', { cause })
  }
  const parsed = question.safeParse(value)
  if (!parsed.success) {
    const where = new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the question itself'))
    throw new MailgateError('request_malformed', `The question is malformed at: ${[...where].join(', ')}.`)
  }
  return questionOf(parsed.data)
}

function questionOf(asked: z.output<typeof question>): GateQuestion {
  const { name, secret: typed, token: bearer, protocol, app = {}, source, tls, method, request } = asked
  if ((typed === undefined) === (bearer === undefined))
    throw new MailgateError('request_malformed', 'A question has either a secret or a token.')
  const device = app.activesyncQuery === undefined ? undefined : deviceOf(app.activesyncQuery)
  if (device !== undefined && app.deviceId !== undefined && device.deviceId.toLowerCase() !== app.deviceId.toLowerCase())
    throw new MailgateError('request_malformed', 'The query names another device.')
  const { imapId, model, userAgent } = app
  const deviceId = device?.deviceId ?? app.deviceId
  const deviceType = device?.deviceType ?? app.deviceType
  return Object.freeze({
    shown: shownOf({ name, typed, bearer }),
    app: Object.freeze({ protocol, deviceId, deviceType, model, userAgent, imapId, source }),
    ...(source !== undefined && { source }),
    ...(tls !== undefined && { tls }),
    opensNoMail: protocol === 'activesync' && method === 'OPTIONS' && deviceId === undefined,
    ...(request !== undefined && { request }),
  })
}

/** A mail server may hand on an empty one: nothing is named then. */
const deviceOf = (query: string): ActiveSyncQuery | undefined => {
  const plain = query.startsWith('?') ? query.slice(1) : query
  return plain === '' ? undefined : parseActiveSyncQuery(plain)
}

function shownOf(typed: { name: string | undefined; typed: string | undefined; bearer: string | undefined }): Shown {
  const { name, bearer, typed: secret } = typed
  const named = name === undefined ? undefined : cleanName(name)
  if (bearer !== undefined) return { kind: 'token', token: bearer, ...(named !== undefined && { name: named }) }
  if (named === undefined || secret === undefined) throw new MailgateError('request_malformed', 'A secret comes with a name.')
  return { kind: 'secret', name: named, secret }
}

/** Autodiscover tells where mail is, and hands out none: it makes no tile, and whatever secret is right for a protocol is right for it. */
export const opensMail = ({ opensNoMail, app: { protocol } }: Pick<GateQuestion, 'opensNoMail' | 'app'>): boolean =>
  !opensNoMail && protocol !== 'autodiscover'

/** PostgreSQL keeps no NUL in a text, and refuses a question that has one. */
export const cleanName = (name: string): string =>
  name.trim().toWellFormed().normalize('NFKC').replaceAll('\0', '\u{fffd}').slice(0, 320)
