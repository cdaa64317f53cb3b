/**
 * mail-clients signs in as mail apps do: by IMAP with imapflow, and by POP, submission and IMAP line by line where the exact
 * words of the server matter or a mechanism is to be chosen.
 * @module
 */
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { ImapFlow } from 'imapflow'

export interface Secret {
  readonly user: string
  readonly password?: string
  readonly token?: string
}

export type ImapSignIn =
  | Readonly<{ outcome: 'in'; client: ImapFlow }>
  /** `text` is what the server said to the person, `code` its response code, `oauth` the JSON of its challenge where there was one. */
  | Readonly<{ outcome: 'refused'; text: string; code?: string; oauth?: unknown }>

/** imapflow: OAUTHBEARER for a token, else what it likes best for a password. `name` is what the app calls itself. */
export async function signInByImap(port: number, shown: Secret & { name?: string; secure?: boolean }): Promise<ImapSignIn> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    ...(shown.secure === true ? { secure: true, tls: { rejectUnauthorized: false } } : { secure: false, doSTARTTLS: false }),
    logger: false,
    auth: {
      user: shown.user,
      ...(shown.password !== undefined && { pass: shown.password }),
      ...(shown.token !== undefined && { accessToken: shown.token }),
    },
    clientInfo: { name: shown.name ?? 'Test Mail', version: '1.0' },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return { outcome: 'in', client }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { response, serverResponseCode: code, oauthError: oauth } = error as Error & Record<string, unknown> // as imapflow enriches it
    if (response === undefined) throw error
    return {
      outcome: 'refused',
      text: String(response).replace(/^\S+ NO (?:\[[^\]]*\] )?/, ''),
      ...(typeof code === 'string' && { code }),
      ...(oauth !== undefined && oauth !== false && { oauth }),
    }
  } finally {
    if (!client.usable) client.close()
  }
}

/** A conversation line by line. */
export interface Conversation {
  /** Sends a line, and resolves to what came until `until` matched. */
  say(line: string, until: RegExp): Promise<string>
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>
  end(): Promise<void>
}

export async function converse(port: number, greeting: RegExp, secure = false): Promise<Conversation> {
  const socket = secure ? connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  let heard = ''
  let wake: () => void = () => undefined
  socket.on('data', (text: string) => {
    heard += text
    wake()
  })
  // A reset is a way to close, too.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const listen = async (until: RegExp): Promise<string> => {
    while (!until.test(heard)) {
      if (socket.destroyed) throw new TypeError(`the server closed the connection after: ${heard}`)
      await Promise.race([closed, new Promise<void>((resolve) => (wake = resolve))])
    }
    const said = heard
    heard = ''
    return said
  }
  await listen(greeting)
  return {
    say(line, until) {
      socket.write(`${line}\r\n`)
      return listen(until)
    },
    closed,
    end: () => {
      socket.destroy()
      return closed
    },
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** RFC 4616. */
const plain = ({ user, password = '' }: Secret): string => base64(`\0${user}\0${password}`)
/** XOAUTH2, as Google and Microsoft describe it. */
const xoauth2 = ({ user, token = '' }: Secret): string => base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`)
const mechanismOf = (shown: Secret): readonly [string, string] =>
  shown.token === undefined ? ['PLAIN', plain(shown)] : ['XOAUTH2', xoauth2(shown)]

export type SaslSignIn = Readonly<{ isIn: boolean; answer: string; conversation: Conversation }>

/** By PLAIN or XOAUTH2. A challenge in which the server explains itself is answered with an empty line. */
export async function signInBySasl(
  protocol: 'imap' | 'pop' | 'smtp',
  port: number,
  shown: Secret & { secure?: boolean },
): Promise<SaslSignIn> {
  const { greeting, before, command, final, success } = dialects[protocol]
  const conversation = await converse(port, greeting, shown.secure)
  for (const [line, until] of before) await conversation.say(line, until)
  const [mechanism, response] = mechanismOf(shown)
  let answer = await conversation.say(`${command} ${mechanism}`, /\r\n$/)
  if (/^(?:\+|334)/m.test(answer)) answer = await conversation.say(response, /\r\n$/)
  if (/^(?:\+ |334)/m.test(answer)) answer = await conversation.say('', final)
  return { isIn: success.test(answer), answer: answer.trim(), conversation }
}

const dialects = {
  imap: { greeting: /^\* OK /, before: [], command: 'a AUTHENTICATE', final: /^a (?:OK|NO|BAD)/m, success: /^a OK/m },
  pop: { greeting: /^\+OK/, before: [], command: 'AUTH', final: /^(?:\+OK|-ERR)/m, success: /^\+OK/m },
  smtp: {
    greeting: /^220 /,
    before: [['EHLO test.example', /^250 /m]],
    command: 'AUTH',
    final: /^[245]\d\d /m,
    success: /^235 /m,
  },
} as const satisfies Record<string, unknown>
