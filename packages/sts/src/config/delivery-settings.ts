/**
 * The settings of senders of messages and mail, checked one by one. `sms` is a list; the order is the order in which the
 * senders are asked. Secrets become `Secret` here; the files that hold them are read before (`secret-files.ts`).
 */
import { z } from 'zod'
import { isLoopbackHost, isPrivateHost } from './private-host.ts'
import { Secret } from './secret.ts'

const text = z.string({ error: 'must be text' }).trim().min(1, 'must not be empty')
const secret = z
  .string({ error: 'must be there, as text or as a file by the name with File at its end' })
  .min(1, 'must not be empty')
  .transform((value) => new Secret(value))
const flag = z.boolean({ error: 'must be true or false' })
const whole = (minimum: number, maximum: number) =>
  z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(minimum, `must be at least ${minimum}`)
    .max(maximum, `must be at most ${maximum}`)

const name = z
  .string({ error: 'must name the sender: small letters, digits and hyphens' })
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be small letters, digits and hyphens')
const sourceText = z.string({ error: 'must say who the message comes from' })
const source = sourceText.regex(
  /^(?:\+\d{5,15}|\d{3,15}|[A-Za-z0-9 ._-]{1,11})$/,
  'must be a number, a short code, or up to 11 letters and digits',
)
const sourceOrService = sourceText.regex(
  /^(?:\+\d{5,15}|\d{3,15}|[A-Za-z0-9 ._-]{1,11}|MG[0-9a-f]{32})$/,
  'must be a number, a short code, up to 11 letters and digits, or the id of a messaging service',
)
const pem = z
  .string({ error: 'must be a certificate' })
  .includes('-----BEGIN CERTIFICATE-----', { error: 'must be a PEM certificate' })

const webUrl = z
  .string({ error: 'must be a URL' })
  .refine((raw) => isWebUrl(raw), 'must be an absolute https URL without a name or password in it')
const plainUrl = webUrl.refine((raw) => !/[?#]/.test(raw), 'must have no query').transform((raw) => raw.replace(/\/+$/, ''))

function isWebUrl(raw: string): boolean {
  if (!URL.canParse(raw)) return false
  const url = new URL(raw)
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === ''
}

/** An object in which nothing unknown may stand; a misspelt member would silently count for nothing. */
const strict = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `has no setting named ${issue.keys.join(', ')}` : 'must hold keys and values',
  })

const common = { name, ca: pem.exactOptional() }

const smpp = strict({
  ...common,
  kind: z.literal('smpp'),
  host: text,
  port: whole(1, 65_535).exactOptional(),
  tls: flag.default(true),
  systemId: text.max(15, 'must have at most 15 characters'),
  password: secret,
  systemType: z.string({ error: 'must be text' }).max(12, 'must have at most 12 characters').default(''),
  source,
  sourceTon: whole(0, 6).exactOptional(),
  sourceNpi: whole(0, 18).exactOptional(),
  window: whole(1, 100).default(10),
  longText: z.enum(['parts', 'payload'], { error: 'must be parts or payload' }).default('parts'),
  receipts: flag.default(true),
  validitySeconds: whole(0, 604_800).default(600),
  enquireSeconds: whole(5, 600).default(30),
}).transform((one) => ({
  ...one,
  port: one.port ?? (one.tls ? 3550 : 2775),
  inClear: !one.tls && !isPrivateHost(one.host),
}))

const kannel = strict({
  ...common,
  kind: z.literal('kannel'),
  url: plainUrl,
  username: text,
  password: secret,
  source: source.exactOptional(),
  smsc: text.exactOptional(),
}).transform((one) => ({ ...one, inClear: isInClear(one.url) }))

const twilio = strict({
  ...common,
  kind: z.literal('twilio'),
  url: plainUrl.default('https://api.twilio.com/2010-04-01'),
  accountSid: text.regex(/^\w+$/, 'must be letters and digits'),
  authToken: secret,
  source: sourceOrService,
  voiceSource: text.regex(/^\+\d{5,15}$/, 'must be a number with its plus').exactOptional(),
}).transform((one) => ({ ...one, inClear: isInClear(one.url) }))

const gatewayapi = strict({
  ...common,
  kind: z.literal('gatewayapi'),
  url: plainUrl.default('https://gatewayapi.com/rest/mtsms'),
  token: secret,
  source,
}).transform((one) => ({ ...one, inClear: isInClear(one.url) }))

/** The gaps that a template may have. */
export const templateGaps = ['to', 'number', 'text', 'id', 'channel', 'language', 'locale'] as const
const isFillable = (template: string): boolean =>
  [...template.matchAll(/\{(\w+)\}/g)].every(([, gap]) => templateGaps.some((known) => known === gap))
const template = z
  .string({ error: 'must be text' })
  .refine(isFillable, `may have these gaps only: ${templateGaps.map((gap) => `{${gap}}`).join(' ')}`)

const statuses = z
  .array(
    z.union([whole(100, 599), z.string().regex(/^[1-5]xx$/)], { error: 'must be a status such as 202, or a class such as 4xx' }),
    { error: 'must be a list of statuses' },
  )
  .min(1, 'must not be empty')

type Json = string | number | boolean | null | Json[] | { [member: string]: Json }
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([template, z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)], {
    error: 'must be JSON with known gaps',
  }),
)

/** Codes in headers end up in the logs of every proxy on the way. */
const header = template
  .refine((value) => !value.includes('{text}'), 'must not hold {text}')
  .refine((value) => /^[\x20-\x7e]*$/.test(value), 'must be plain ASCII')

const messageTemplate = strict({
  method: z.enum(['GET', 'POST', 'PUT'], { error: 'must be GET, POST or PUT' }).default('POST'),
  url: template
    .refine((raw) => isWebUrl(raw.replace(/\{\w+\}/g, '0')), 'must be an absolute https URL')
    .refine((raw) => /^https?:\/\/[^/?#{]+(?:[/?#]|$)/i.test(raw), 'must have no gap in its host')
    .refine((raw) => !/#/.test(raw), 'must have no fragment'),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^`|~\w-]+$/, 'must be a header name'), header, { error: 'must hold names and values' })
    .exactOptional(),
  form: z
    .record(z.string(), z.union([template, strict({ xml: template })], { error: 'must be text with known gaps, or xml' }), {
      error: 'must hold names and values',
    })
    .exactOptional(),
  json: json.exactOptional(),
  xml: template.exactOptional(),
  acceptStatus: statuses.exactOptional(),
  acceptBody: z
    .string({ error: 'must be text' })
    .refine((raw) => isPattern(raw), 'must be a regular expression')
    .exactOptional(),
  refuseStatus: statuses.exactOptional(),
})
  .refine(
    (one) => [one.form, one.json, one.xml].filter((body) => body !== undefined).length <= 1,
    'must have one of form, json and xml',
  )
  .refine((one) => JSON.stringify(one).includes('{text}'), 'must say where the {text} goes')
  .refine((one) => /\{(?:to|number)\}/.test(JSON.stringify(one)), 'must say where the number goes, as {to} or {number}')

function isPattern(raw: string): boolean {
  try {
    return new RegExp(raw) instanceof RegExp
  } catch {
    return false
  }
}

const authentication = z.union(
  [
    strict({ username: text, password: secret }).transform((one) => ({ scheme: 'basic' as const, ...one })),
    strict({ token: secret, word: text.regex(/^[\w-]+$/, 'must be one word').default('Bearer') }).transform((one) => ({
      scheme: 'bearer' as const,
      ...one,
    })),
  ],
  { error: 'must have a username and a password, or a token' },
)

const http = strict({
  ...common,
  kind: z.literal('http'),
  authentication: authentication.exactOptional(),
  sms: messageTemplate.exactOptional(),
  voice: messageTemplate.exactOptional(),
})
  .refine((one) => one.sms !== undefined || one.voice !== undefined, 'must have sms, voice or both')
  .transform((one) => ({ ...one, inClear: [one.sms, one.voice].some((kind) => kind !== undefined && isInClear(kind.url)) }))

const log = strict({ name, kind: z.literal('log') }).transform((one) => ({ ...one, inClear: false }))

const isInClear = (url: string): boolean => {
  const { protocol, hostname } = new URL(url.replace(/\{\w+\}/g, '0'))
  return protocol === 'http:' && !isPrivateHost(hostname)
}

const sender = z.discriminatedUnion('kind', [smpp, kannel, twilio, gatewayapi, http, log], {
  error: 'must have a kind: smpp, http, kannel, twilio, gatewayapi or log',
})

export const senders = z
  .array(sender, { error: 'must be a list of senders' })
  .max(10, 'must have at most 10 senders')
  .refine((all) => new Set(all.map((one) => one.name)).size === all.length, 'must have senders of different names')

export const smtpUrl = text
  .refine(
    (raw) => URL.canParse(raw) && ['smtp:', 'smtps:'].includes(new URL(raw).protocol),
    'must begin with smtp:// or smtps://',
  )
  .refine((raw) => !URL.canParse(raw) || new URL(raw).hostname !== '', 'must name a host')
  .refine(
    (raw) => !URL.canParse(raw) || (/^\/?$/.test(new URL(raw).pathname) && new URL(raw).search === ''),
    'must have no path and no query',
  )

export const mailFrom = text.regex(
  /^(?:[^<>@",;:\r\n]+ <[^\s<>@,;:]+@[^\s<>@,;:]+>|[^\s<>@,;:]+@[^\s<>@,;:]+)$/,
  'must be one address, with a name before it or without',
)

export type SenderConfig = z.output<typeof sender>

export interface MailConfig {
  readonly url: Secret<string>
  readonly from: string
  readonly requireTls: boolean
}

export interface DeliveryConfig {
  readonly senders: readonly SenderConfig[]
  readonly mail?: MailConfig
}

/** Puts together what the single settings say. `contradictionsOfDelivery` was asked before. */
export function completeDelivery(draft: DeliveryDraft): DeliveryConfig {
  const { sms = [], smtp, mailFrom: from, development = false } = draft
  return Object.freeze({
    senders: Object.freeze(sms.map((one) => Object.freeze(one))),
    ...(smtp === undefined || from === undefined
      ? {}
      : {
          mail: Object.freeze({
            url: new Secret(smtp),
            from,
            requireTls: !development && !isLoopbackHost(new URL(smtp).hostname),
          }),
        }),
  })
}

interface DeliveryDraft {
  readonly development?: boolean
  readonly sms?: readonly SenderConfig[]
  readonly smtp?: string
  readonly mailFrom?: string
}

/** What no single setting shows: `[broken, setting, what is wrong]`. */
export function contradictionsOfDelivery(
  draft: DeliveryDraft,
): readonly (readonly [broken: boolean, setting: 'sms' | 'smtp' | 'mailFrom', wrong: string])[] {
  const isProduction = draft.development !== true
  const web = (draft.sms ?? []).filter((one) => one.kind !== 'smpp' && one.inClear)
  return [
    [
      isProduction && web.length > 0,
      'sms',
      `must use https:// outside development and private networks (${web.map((one) => one.name).join(', ')})`,
    ],
    [
      isProduction && draft.sms?.some((one) => one.kind === 'log') === true,
      'sms',
      'must not write codes to the log outside development',
    ],
    [draft.smtp !== undefined && draft.mailFrom === undefined, 'mailFrom', 'must be set where POSTERN_SMTP_URL is'],
    [draft.mailFrom !== undefined && draft.smtp === undefined, 'smtp', 'must be set where POSTERN_MAIL_FROM is'],
  ]
}
