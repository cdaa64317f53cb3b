/**
 * The table of settings. `parse.ts` reads the configuration by it, and docs/reference/config.md is made from it.
 * A setting is one line here and, where it is used, one member of `Config`.
 */
import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { mailFrom, senders, smtpUrl } from './delivery-settings.ts'

export interface Setting<T = unknown> {
  /** The key in `postern.yaml`. */
  readonly key: string
  readonly variable: string
  /** Other variables with the same meaning; the first one that is set counts, `variable` before all. */
  readonly alias?: string
  /** Its value is never printed, and `<variable>_FILE` names a file that holds it. */
  readonly secret?: true
  /** Keys and values inside; as a variable it is JSON. A problem names the place inside, and `…File` members name files of secrets. */
  readonly nested?: true
  readonly schema: z.ZodType<T>
  /** The default in words, for people. */
  readonly otherwise: string
  readonly example: string
  readonly description: string
}

const setting = <T>(of: Setting<T>): Setting<T> => Object.freeze(of)

/** A number, or its digits as a variable brings them. */
const whole = (minimum: number, maximum: number) =>
  z.preprocess(
    (raw) => (typeof raw === 'string' && /^\d{1,9}$/.test(raw.trim()) ? Number(raw) : raw),
    z
      .number({ error: 'must be a whole number' })
      .int('must be a whole number')
      .min(minimum, `must be at least ${minimum}`)
      .max(maximum, `must be at most ${maximum}`),
  )

const words = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
])

const yesOrNo = z.preprocess(
  (raw) => (typeof raw === 'string' ? (words.get(raw.trim().toLowerCase()) ?? raw) : raw),
  z.boolean({ error: 'must be true or false' }),
)

const text = z.string({ error: 'must be text' }).trim().min(1, 'must not be empty')

const baseUrl = text.transform((raw, context) => {
  const url = URL.canParse(raw) ? new URL(raw) : undefined
  const wrong =
    url === undefined
      ? 'must be an absolute URL'
      : url.protocol !== 'https:' && url.protocol !== 'http:'
        ? 'must begin with https://'
        : url.username !== '' || url.password !== ''
          ? 'must not hold a name or password'
          : url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]/.test(raw)
            ? 'must have no path, query or fragment'
            : undefined
  if (wrong === undefined && url !== undefined) return url.origin
  context.addIssue({ code: 'custom', message: wrong ?? 'must be an absolute URL' })
  return z.NEVER
})

const postgresUrl = text.refine(
  (raw) => URL.canParse(raw) && ['postgres:', 'postgresql:'].includes(new URL(raw).protocol),
  'must begin with postgres://',
)

/** An address or a network; the list decides by `net.BlockList`, so what that refuses is refused here. */
const network = text.refine((raw) => isNetwork(raw), 'must be IP addresses or networks')

function isNetwork(raw: string): boolean {
  const [address = '', prefix, ...more] = raw.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  if (prefix === undefined) return true
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false
  new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  return true
}

/** A list, or one in a variable, between commas. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (raw) =>
      typeof raw === 'string'
        ? raw
            .split(',')
            .map((one) => one.trim())
            .filter((one) => one !== '')
        : raw,
    z.array(item, { error: 'must be a list' }),
  )

const networks = listOf(network)

/** A host as `URL.host` spells it: lower case, and without the port that https has anyway. */
const hostName = text.transform((raw, context) => {
  const url = URL.parse(`https://${raw.toLowerCase()}`)
  // What the parser would read as something else than a host, or change in more than its port, is no name to compare with.
  if (url !== null && /^[\w.[\]:-]+$/.test(raw) && [url.host, `${url.host}:443`].includes(raw.toLowerCase())) return url.host
  context.addIssue({ code: 'custom', message: 'must be host names, with a port where it is not 443, and without wildcards' })
  return z.NEVER
})

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export const settings = Object.freeze({
  development: setting({
    key: 'development',
    variable: 'POSTERN_DEVELOPMENT',
    schema: yesOrNo,
    otherwise: 'false',
    example: 'true',
    description: 'One switch for trying things out on one machine. Each rule that it relaxes is logged at the start.',
  }),
  baseUrl: setting({
    key: 'baseUrl',
    variable: 'POSTERN_BASE_URL',
    schema: baseUrl,
    otherwise: 'none; in development `http://localhost:{port}`',
    example: 'https://login.contoso.com',
    description:
      'Where people and mail clients reach this service. Every issuer and every link begins with it, whatever a request says. https outside development.',
  }),
  host: setting({
    key: 'host',
    variable: 'POSTERN_HOST',
    schema: text,
    otherwise: '127.0.0.1',
    example: '0.0.0.0',
    description:
      'The address to listen on. TLS ends at a proxy in front; listen wider only where that proxy is on another machine.',
  }),
  port: setting({
    key: 'port',
    variable: 'POSTERN_PORT',
    schema: whole(1, 65_535),
    otherwise: '8080',
    example: '8080',
    description: 'The port to listen on.',
  }),
  opsPort: setting({
    key: 'opsPort',
    variable: 'POSTERN_OPS_PORT',
    schema: whole(1, 65_535),
    otherwise: 'none: they are answered on `port`',
    example: '9090',
    description: 'A port of its own for /healthz, /readyz and /metrics.',
  }),
  databaseUrl: setting({
    key: 'databaseUrl',
    variable: 'POSTERN_DATABASE_URL',
    alias: 'DATABASE_URL',
    secret: true,
    schema: postgresUrl,
    otherwise: 'none: the embedded database in `dataDirectory`',
    example: 'postgres://postern:password@db.contoso.com:5432/postern',
    description: 'PostgreSQL 14 or newer.',
  }),
  databasePoolSize: setting({
    key: 'databasePoolSize',
    variable: 'POSTERN_DATABASE_POOL_SIZE',
    schema: whole(2, 200),
    otherwise: '10',
    example: '20',
    description: 'Connections to PostgreSQL for each process.',
  }),
  dataDirectory: setting({
    key: 'dataDirectory',
    variable: 'POSTERN_DATA_DIR',
    schema: text,
    otherwise: '.postern',
    example: '/var/lib/postern',
    description: 'Where the embedded database lives, and the master key when no other place is named.',
  }),
  masterKey: setting({
    key: 'masterKey',
    variable: 'POSTERN_MASTER_KEY',
    secret: true,
    schema: text,
    otherwise: 'none: the file `master.key` in `dataDirectory`',
    example: 'the output of: openssl rand -base64 32',
    description:
      '32 random bytes in base64. Everything that must stay secret at rest is sealed under it, and cookies are signed with keys derived from it. Prefer the file: it must be mode 0600.',
  }),
  trustedProxies: setting({
    key: 'trustedProxies',
    variable: 'POSTERN_TRUSTED_PROXIES',
    schema: networks,
    otherwise: 'none: the peer is the client',
    example: '10.0.0.0/8, 192.0.2.7',
    description: 'Addresses and networks whose X-Forwarded-For is believed, for the address of the client only.',
  }),
  formsPerMinute: setting({
    key: 'formsPerMinute',
    variable: 'POSTERN_FORMS_PER_MINUTE',
    schema: whole(1, 1_000_000),
    otherwise: '300',
    example: '1000',
    description:
      'How many forms of its pages one address may send in a minute, for each process. It bounds work; guesses are counted elsewhere. Raise it where many people share one address.',
  }),
  partnerHosts: setting({
    key: 'partnerHosts',
    variable: 'POSTERN_PARTNER_HOSTS',
    schema: listOf(hostName),
    otherwise: 'none: certificates of servers are registered by hand',
    example: 'mail.contoso.com, cloud.contoso.com:8443',
    description:
      'The hosts that metadata documents of other servers may be read from: exact names, with the port where it is not 443. They may have private addresses. https, but for this machine in development.',
  }),
  logLevel: setting({
    key: 'logLevel',
    variable: 'POSTERN_LOG_LEVEL',
    schema: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }),
    otherwise: 'info',
    example: 'debug',
    description: 'The least grave message that is logged. No level logs a code, a token or a secret.',
  }),
  workers: setting({
    key: 'workers',
    variable: 'POSTERN_WORKERS',
    schema: whole(1, 128),
    otherwise: '1',
    example: '4',
    description: 'Processes on this machine. More than one needs PostgreSQL.',
  }),
  sms: setting({
    key: 'sms',
    variable: 'POSTERN_SMS',
    secret: true,
    nested: true,
    schema: senders,
    otherwise: 'none: no code by SMS or call; in development codes are written to the log',
    example:
      '[{"kind":"smpp","name":"main","host":"smpp.example.net","systemId":"postern","passwordFile":"/run/secrets/smpp","source":"Contoso"}]',
    description:
      'Senders of codes by SMS and call, in the order in which they are asked; in the file a list, as a variable JSON. Kinds: smpp, http, kannel, twilio, gatewayapi, log. See [the guide](../guides/sms.md).',
  }),
  smtp: setting({
    key: 'smtp',
    variable: 'POSTERN_SMTP_URL',
    secret: true,
    schema: smtpUrl,
    otherwise: 'none: no notice is sent',
    example: 'smtps://postern:password@mail.contoso.com:465',
    description:
      'The SMTP server for notices to people, e.g. that a sign-in method was added. `smtps://` is TLS from the start; `smtp://` demands STARTTLS, except to this machine and in development. Codes never go by e-mail.',
  }),
  mailFrom: setting({
    key: 'mailFrom',
    variable: 'POSTERN_MAIL_FROM',
    schema: mailFrom,
    otherwise: 'none: must be set with `smtp`',
    example: 'Contoso sign-in <no-reply@contoso.com>',
    description: 'Who the notices come from.',
  }),
  demoMailPort: setting({
    key: 'demoMailPort',
    variable: 'POSTERN_DEMO_MAIL_PORT',
    schema: whole(1, 65_535),
    otherwise: '8090',
    example: '8093',
    description: 'The port of the demo mail server, which names the demo resource. Read by `postern demo` only.',
  }),
  demoCloudPort: setting({
    key: 'demoCloudPort',
    variable: 'POSTERN_DEMO_CLOUD_PORT',
    schema: whole(1, 65_535),
    otherwise: '8091',
    example: '8092',
    description: 'The port of the demo mail server’s hybrid partner in the cloud. Read by `postern demo` only.',
  }),
})

export type SettingName = keyof typeof settings
export type SettingValue<Name extends SettingName> = z.output<(typeof settings)[Name]['schema']>
export type Draft = { readonly [Name in SettingName]?: SettingValue<Name> }
