import { type ClientRequest, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { OutgoingMessage } from '@postern/mfa'
import { type Patience, within } from '../patience.ts'
import type { Handover, Sender } from '../sender.ts'
import { type FilledRequest, fillRequest } from './request-template.ts'
import type { AnswerRule, WebAuthentication, WebProvider } from './web-provider.ts'

/** More than any service says to one message. What is longer is not read to its end. */
const longestAnswer = 16_384

/**
 * Sends one request a message, each over a connection of its own: only then is it known that an error came before the
 * first octet went out. Until the connection stands the message is not taken; afterwards only the answer tells, by the
 * service's rule. Follows no redirect, sends no cookie, checks certificates as node:tls does. Neither address nor answer
 * is logged: both can hold the number, the text and the password.
 */
export function createWebSender(service: WebProvider): Sender {
  const channels = (['sms', 'voice'] as const).filter((channel) => service.kinds[channel] !== undefined)

  async function send(message: OutgoingMessage, patience: Patience): Promise<Handover> {
    const kind = service.kinds[message.channel]
    if (kind === undefined) return { outcome: 'not_taken', because: 'refused', code: 'no_such_channel' }
    const filled = fillRequest(kind.request(message), message)
    const exchange = beginExchange(filled, service)
    try {
      const connected = await within(exchange.connected, patience.takeLeft(), 'connect_timeout')
      if (connected !== 'yes') return { outcome: 'not_taken', because: 'unreachable', code: connected }
      exchange.sendNow()
      const answer = await within(exchange.answered, patience.answerLeft(), { fault: 'no_answer' })
      return 'fault' in answer ? { outcome: 'unknown', code: answer.fault } : judge(answer, kind.answer)
    } finally {
      exchange.end()
    }
  }

  return Object.freeze({ name: service.name, channels: Object.freeze(channels), send, close: async () => undefined })
}

interface Answer {
  readonly status: number
  /** `undefined`: it did not come to its end, or is too long. */
  readonly body: string | undefined
}

/** Pure: what the answer says about the message. */
export function judge(answer: Answer, rule: AnswerRule): Handover {
  const code = `http_${answer.status}`
  if (isAmong(answer.status, rule.acceptStatus)) {
    if (rule.acceptBody === undefined) return { outcome: 'accepted' }
    if (answer.body === undefined) return { outcome: 'unknown', code: `${code}_cut` }
    return rule.acceptBody.test(answer.body)
      ? { outcome: 'accepted' }
      : { outcome: 'not_taken', because: 'refused', code: `${code}_other_body` }
  }
  if (!isAmong(answer.status, rule.refuseStatus)) return { outcome: 'unknown', code }
  if (answer.status === 429 || answer.status === 503) return { outcome: 'not_taken', because: 'busy', code }
  // A fault or a wrong password there meets every message: the sender is as good as down.
  const isTheirs = answer.status >= 500 || answer.status === 401 || answer.status === 407
  return { outcome: 'not_taken', because: isTheirs ? 'unreachable' : 'refused', code }
}

const isAmong = (status: number, list: readonly (number | string)[]): boolean =>
  list.some((one) => (typeof one === 'number' ? one === status : one === `${Math.floor(status / 100)}xx`))

/** One request in two steps: the connection first, and then, when it is still wanted, everything else. */
function beginExchange(filled: FilledRequest, service: Pick<WebProvider, 'authentication' | 'ca'>) {
  const isTls = filled.origin.protocol === 'https:'
  const request = (isTls ? overHttps : overHttp)({
    host: filled.origin.hostname.replace(/^\[|\]$/g, ''),
    port: filled.origin.port === '' ? (isTls ? 443 : 80) : Number(filled.origin.port),
    method: filled.method,
    path: filled.path,
    agent: false,
    headers: {
      host: filled.origin.host,
      accept: '*/*',
      'user-agent': 'Postern',
      ...filled.headers,
      ...authorization(service.authentication),
      ...(filled.body === undefined ? {} : { 'content-length': Buffer.byteLength(filled.body) }),
      connection: 'close',
    },
    ...(isTls && service.ca !== undefined ? { ca: service.ca } : {}),
  })
  const connected = new Promise<'yes' | (string & {})>((resolve) => {
    request.once('error', (fault) => resolve(codeOf(fault)))
    request.once('socket', (socket: Socket) => socket.once(isTls ? 'secureConnect' : 'connect', () => resolve('yes')))
  })
  return {
    connected,
    answered: readAnswer(request),
    /** Headers and body go out together, since nothing was written before. */
    sendNow: () => void request.end(filled.body),
    end: () => void request.destroy(),
  }
}

function readAnswer(request: ClientRequest): Promise<Answer | { readonly fault: string }> {
  return new Promise((resolve) => {
    request.once('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0
      const chunks: Buffer[] = []
      let length = 0
      const cut = () => resolve({ status, body: undefined })
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        chunks.push(chunk)
        if (length > longestAnswer) {
          cut()
          response.destroy()
        }
      })
      response.once('end', () => resolve({ status, body: Buffer.concat(chunks).toString('utf8') }))
      response.once('error', cut)
      response.once('close', cut)
    })
    request.on('error', (fault) => resolve({ fault: codeOf(fault) }))
  })
}

const codeOf = (fault: Error & { code?: unknown }): string => (typeof fault.code === 'string' ? fault.code : 'connection_failed')

function authorization(authentication: WebAuthentication | undefined): Record<string, string> {
  if (authentication === undefined) return {}
  if (authentication.scheme === 'bearer') return { authorization: `${authentication.word} ${authentication.token.reveal()}` }
  const pair = `${authentication.username}:${authentication.password.reveal()}`
  return { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` }
}
