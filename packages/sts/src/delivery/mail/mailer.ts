import { createRequire } from 'node:module'

export interface MailSettings {
  /** `smtp://name:password@host:port` (STARTTLS) or `smtps://…` (TLS from the start). */
  readonly url: { reveal(): string }
  /** `Postern <postern@contoso.com>`, or an address alone. */
  readonly from: string
  /** Nothing is sent over a connection that is not encrypted. */
  readonly requireTls: boolean
}

/** What became of a mail. `refused`: the server will never take it. `later`: it may the next time. `code` is for the log. */
export type MailOutcome = Readonly<{ outcome: 'sent' } | { outcome: 'refused' | 'later'; code: string; isServerAway: boolean }>

export interface Mailer {
  send(mail: { id: string; to: string; subject: string; text: string }): Promise<MailOutcome>
  close(): Promise<void>
}

const connectTimeout = 10_000
const silenceTimeout = 20_000

/**
 * Sends plain text over a small pool of SMTP connections (nodemailer). Certificates are checked; STARTTLS is demanded
 * where `requireTls` says so. Each mail has one recipient, a Message-ID made of its own id, so that a server that gets it
 * twice can tell, and says that a machine wrote it (RFC 3834 section 5). Does NOT try again: that is the worker's part.
 */
export function createMailer(settings: MailSettings): Mailer {
  const url = new URL(settings.url.reveal())
  const isTls = url.protocol === 'smtps:'
  // Only a service that sends mail loads what sends it.
  const { createTransport } = createRequire(import.meta.url)('nodemailer') as typeof import('nodemailer') // what the package is typed as
  const transport = createTransport({
    pool: true,
    maxConnections: 2,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port),
    secure: isTls,
    requireTLS: !isTls && settings.requireTls,
    ...(url.username === '' ? {} : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
    connectionTimeout: connectTimeout,
    greetingTimeout: connectTimeout,
    socketTimeout: silenceTimeout,
    // A mail is text that we wrote: nothing of it names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = /@([^\s<>@]+)>?\s*$/.exec(settings.from)?.[1] ?? 'localhost'
  let isClosed = false

  return Object.freeze({
    async send(mail) {
      if (isClosed) return { outcome: 'later', code: 'closed', isServerAway: true }
      if (!isOneAddress(mail.to)) return { outcome: 'refused', code: 'address_malformed', isServerAway: false }
      try {
        await transport.sendMail({
          from: settings.from,
          // As an object, so that a comma in it cannot make two recipients of it.
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          messageId: `<${mail.id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        })
        return { outcome: 'sent' }
      } catch (fault) {
        return readFault(fault)
      }
    },
    async close() {
      isClosed = true
      transport.close()
    },
  } satisfies Mailer)
}

const isOneAddress = (text: string): boolean => /^[^\s,;:<>()"\\@]+@[^\s,;:<>()"\\@]+$/.test(text)

/** A 5xx answer to the recipient or the text is final (RFC 5321 section 4.2.1); everything else may pass. */
function readFault(fault: unknown): MailOutcome {
  const known = fault instanceof Error ? (fault as Error & { code?: unknown; responseCode?: unknown }) : undefined // members that nodemailer adds
  const code = typeof known?.code === 'string' ? known.code : 'failed'
  const status = typeof known?.responseCode === 'number' ? known.responseCode : undefined
  const isAboutThisMail = code === 'EENVELOPE' || code === 'EMESSAGE'
  return {
    outcome: isAboutThisMail && status !== undefined && status >= 500 ? 'refused' : 'later',
    code: status === undefined ? code : `${code}_${status}`,
    isServerAway: !isAboutThisMail,
  }
}
