/**
 * mail-host is a real SMTP server on loopback that keeps what it is given. It can turn recipients away, and go away and
 * come back on the same port. It delivers nothing.
 * @module
 */
import { EventEmitter, once } from 'node:events'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Header and body as they came. */
  readonly raw: string
  readonly subject: string
  /** The text, decoded from quoted-printable or base64. */
  readonly text: string
}

export interface MailHost {
  readonly port: number
  readonly url: string
  readonly mails: readonly ReceivedMail[]
  /** `RCPT TO` of these is answered 550. */
  refuse(address: string): void
  heard(mails: number): Promise<void>
  goDown(): Promise<void>
  comeBack(): Promise<void>
  close(): Promise<void>
}

export async function startMailHost(): Promise<MailHost> {
  const mails: ReceivedMail[] = []
  const refused = new Set<string>()
  const events = new EventEmitter()
  let server: SMTPServer | undefined

  function createServer(): SMTPServer {
    const made = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      logger: false,
      closeTimeout: 100,
      onRcptTo(address, _session, done) {
        done(refused.has(address.address) ? Object.assign(new TypeError('no such person'), { responseCode: 550 }) : null)
      },
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8')
          const { mailFrom, rcptTo } = session.envelope
          mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((one) => one.address),
            raw,
            ...readMail(raw),
          })
          done()
          events.emit('mail')
        })
      },
    })
    made.on('error', () => undefined)
    return made
  }

  async function listen(port: number): Promise<number> {
    server = createServer()
    const listening = server.listen(port, '127.0.0.1')
    await once(listening, 'listening')
    const address = listening.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }
  async function stop(): Promise<void> {
    const running = server
    server = undefined
    if (running !== undefined) await new Promise<void>((resolve) => running.close(() => resolve()))
  }
  const port = await listen(0)

  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuse: (address) => void refused.add(address),
    async heard(count) {
      while (mails.length < count) await once(events, 'mail')
    },
    goDown: stop,
    async comeBack() {
      await listen(port)
    },
    close: stop,
  }
}

/** Enough of RFC 5322 and RFC 2045 for a plain text that nodemailer wrote. */
function readMail(raw: string): { subject: string; text: string } {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const header = head.replace(/\r\n[ \t]+/g, ' ')
  const body = rest.join('\r\n\r\n')
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(header)?.[1]?.toLowerCase()
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? readQuotedPrintable(body.replace(/=\r\n/g, ''))
        : body
  return { subject: readWords(/^subject: *(.*)$/im.exec(header)?.[1] ?? ''), text: text.replaceAll('\r\n', '\n') }
}

const readQuotedPrintable = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')

/** RFC 2047. */
const readWords = (subject: string): string =>
  subject
    .replace(/\?= +=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, kind: string, words: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(words, 'base64').toString('utf8')
        : readQuotedPrintable(words.replaceAll('_', ' ')),
    )
