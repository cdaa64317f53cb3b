import type { OutgoingMessage } from '@postern/mfa'
import { isGsmText } from '../smpp/short-message.ts'
import type { RequestTemplate } from './request-template.ts'

/** How an answer is read. Statuses are numbers or classes (`4xx`). */
export interface AnswerRule {
  /** The service has taken the message. */
  readonly acceptStatus: readonly (number | string)[]
  /** And its answer matches this, when it is set. An answer in full that does not is a refusal. */
  readonly acceptBody?: RegExp
  /** It is certain that the service has not taken it. What is in neither list is `unknown`. */
  readonly refuseStatus: readonly (number | string)[]
}

export interface WebMessageKind {
  readonly request: (message: OutgoingMessage) => RequestTemplate
  readonly answer: AnswerRule
}

interface Hidden {
  reveal(): string
}

export type WebAuthentication =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: Hidden }
  | { readonly scheme: 'bearer'; readonly token: Hidden; readonly word: string }

/** A service that takes messages by HTTP. */
export interface WebProvider {
  readonly name: string
  readonly authentication?: WebAuthentication
  /** PEM of the authority that counts instead of those of the system. */
  readonly ca?: string
  readonly kinds: Readonly<Partial<Record<OutgoingMessage['channel'], WebMessageKind>>>
}

/**
 * Which errors say for certain that nothing was taken: every refusal of a client's request, a redirect (nobody follows
 * it), a fault and an overload of the service itself. A gateway's 502 and 504 do not: what stands behind it may have it.
 */
const certainly = Object.freeze(['3xx', '4xx', 500, 501, 503])

/** The free template, as the configuration brings it. */
export interface TemplateSettings {
  readonly kind: 'http'
  readonly name: string
  readonly ca?: string
  readonly authentication?: WebAuthentication
  readonly sms?: MessageTemplate
  readonly voice?: MessageTemplate
}

export interface MessageTemplate extends RequestTemplate {
  readonly acceptStatus?: readonly (number | string)[]
  readonly acceptBody?: string
  readonly refuseStatus?: readonly (number | string)[]
}

export interface KannelSettings {
  readonly kind: 'kannel'
  readonly name: string
  readonly ca?: string
  readonly url: string
  readonly username: string
  readonly password: Hidden
  readonly source?: string
  /** Kannel's id of the centre that is to send. */
  readonly smsc?: string
}

export interface TwilioSettings {
  readonly kind: 'twilio'
  readonly name: string
  readonly ca?: string
  /** Up to and without `/Accounts`. */
  readonly url: string
  readonly accountSid: string
  readonly authToken: Hidden
  /** A number with its plus, letters, or the id of a messaging service. */
  readonly source: string
  /** The number that calls; without it there is no voice. */
  readonly voiceSource?: string
}

export interface GatewayApiSettings {
  readonly kind: 'gatewayapi'
  readonly name: string
  readonly ca?: string
  readonly url: string
  readonly token: Hidden
  readonly source: string
}

export type WebSettings = TemplateSettings | KannelSettings | TwilioSettings | GatewayApiSettings

/** Turns a preset or a free template into what the web sender needs. Pure. */
export function webProviderOf(settings: WebSettings): WebProvider {
  const named = { name: settings.name, ...(settings.ca === undefined ? {} : { ca: settings.ca }) }
  switch (settings.kind) {
    case 'kannel':
      return { ...named, kinds: { sms: kannel(settings) } }
    case 'twilio':
      return {
        ...named,
        authentication: { scheme: 'basic', username: settings.accountSid, password: settings.authToken },
        kinds: twilio(settings),
      }
    case 'gatewayapi':
      return {
        ...named,
        authentication: { scheme: 'bearer', word: 'Token', token: settings.token },
        kinds: { sms: gatewayApi(settings) },
      }
    case 'http':
      return {
        ...named,
        ...(settings.authentication === undefined ? {} : { authentication: settings.authentication }),
        kinds: {
          ...(settings.sms === undefined ? {} : { sms: freeKind(settings.sms) }),
          ...(settings.voice === undefined ? {} : { voice: freeKind(settings.voice) }),
        },
      }
  }
}

/** Kannel's `sendsms`: 202 with `0: Accepted for delivery`, or `3: Queued for later delivery`. */
function kannel(settings: KannelSettings): WebMessageKind {
  const fixed = new URLSearchParams({
    username: settings.username,
    password: settings.password.reveal(),
    ...(settings.source === undefined ? {} : { from: settings.source }),
    ...(settings.smsc === undefined ? {} : { smsc: settings.smsc }),
    charset: 'UTF-8',
  })
  return {
    // Coding 0 is the GSM alphabet and 2 is UCS-2; told 0, Kannel writes a question mark for what GSM lacks.
    request: ({ text }) => ({
      method: 'GET',
      url: `${settings.url}?${withoutGaps(fixed)}&coding=${isGsmText(text) ? 0 : 2}&to={to}&text={text}`,
    }),
    answer: { acceptStatus: [200, 202], acceptBody: /^\s*[03]\s*:/, refuseStatus: certainly },
  }
}

/** Twilio's Messages and Calls: 201 with a resource; 4xx with the reason. */
function twilio(settings: TwilioSettings): WebProvider['kinds'] {
  const account = `${settings.url}/Accounts/${encodeURIComponent(settings.accountSid)}`
  const answer = { acceptStatus: [200, 201, 202], refuseStatus: certainly }
  const sender = settings.source.startsWith('MG') && settings.source.length > 11 ? 'MessagingServiceSid' : 'From'
  const sms: WebMessageKind = {
    request: () => ({
      method: 'POST',
      url: `${account}/Messages.json`,
      form: { To: '{to}', [sender]: settings.source, Body: '{text}' },
    }),
    answer,
  }
  const { voiceSource } = settings
  if (voiceSource === undefined) return { sms }
  const words = '<Response><Say language="{locale}" loop="2">{text}</Say></Response>'
  return {
    sms,
    voice: {
      request: () => ({
        method: 'POST',
        url: `${account}/Calls.json`,
        form: { To: '{to}', From: voiceSource, Twiml: { xml: words } },
      }),
      answer,
    },
  }
}

/** GatewayAPI's `mtsms`: 200 with the ids of the messages. `userref` lets the operator find ours. */
function gatewayApi(settings: GatewayApiSettings): WebMessageKind {
  return {
    request: ({ text }) => ({
      method: 'POST',
      url: settings.url,
      json: {
        sender: settings.source,
        message: '{text}',
        encoding: isGsmText(text) ? 'UTF8' : 'UCS2',
        userref: '{id}',
        recipients: [{ msisdn: '{number}' }],
      },
    }),
    answer: { acceptStatus: [200, 201, 202], acceptBody: /"ids"/, refuseStatus: certainly },
  }
}

function freeKind(template: MessageTemplate): WebMessageKind {
  const { acceptStatus, acceptBody, refuseStatus, ...request } = template
  return {
    request: () => request,
    answer: {
      acceptStatus: acceptStatus ?? ['2xx'],
      ...(acceptBody === undefined ? {} : { acceptBody: new RegExp(acceptBody) }),
      refuseStatus: refuseStatus ?? certainly,
    },
  }
}

/** A configured value that looks like a gap is none: braces are written as a URL writes them anyway. */
const withoutGaps = (query: URLSearchParams): string => query.toString().replaceAll('{', '%7B').replaceAll('}', '%7D')
