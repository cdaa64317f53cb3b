/**
 * What a scene is: how the kit's issuer and mail server misbehave once, and what they saw of the client.
 *
 * It owns these shapes only. The good behaviour is scripted-issuer.ts and scripted-mail-server.ts; a script changes it in places.
 */

/** Five addresses of one machine, each an origin of its own. `elsewhere` belongs to nobody whom the client was told of. */
export type Party = 'issuer' | 'other' | 'mail' | 'elsewhere' | 'proxy'

/** Which endpoint was asked. `question`: the mail server without a token; `mail`: with one. */
export type Place =
  | 'metadata'
  | 'keys'
  | 'authorize'
  | 'token'
  | 'device'
  | 'autodiscover'
  | 'resource-metadata'
  | 'question'
  | 'mail'
  | 'nowhere'

export type Json = Readonly<Record<string, unknown>>

/** One request of the client. */
export interface Heard {
  /** Seconds since 1970, whole. */
  readonly at: number
  readonly party: Party
  readonly place: Place
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly form: URLSearchParams
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** An object goes out as JSON. */
  readonly body?: string | Json
}

/** What the kit gave out, so that it is found again where it must not be. */
export interface Issued {
  readonly kind: 'code' | 'access' | 'refresh' | 'id' | 'device'
  readonly value: string
  readonly by: Party
}

export interface Addresses {
  readonly issuer: string
  readonly other: string
  readonly mail: string
  readonly elsewhere: string
  /** For plain http beyond this machine: whoever asks for that is heard here. */
  readonly proxy: string
}

export interface World {
  readonly at: Addresses
  readonly clientId: string
  readonly heard: readonly Heard[]
  readonly issued: readonly Issued[]
  now(): number
  /** The misbehaviour was shown. Until then a module has nothing to judge. */
  meet(): void
  /** The mail server takes no access token any longer that was given until now. */
  expireTokens(): void
}

export interface Asked {
  readonly heard: Heard
  readonly world: World
}

/** An ID token before it is signed. `none` and `secret`: unsigned, or by HMAC over the client id. */
export interface IdTokenDraft {
  readonly header: Json
  readonly claims: Json
  readonly key: 'own' | 'foreign' | 'none' | 'secret'
}

/** Each member changes one answer; what it does not change is good. */
export interface Script {
  /** How the client is asked to sign in. Default: by a code. */
  readonly flow?: 'code' | 'device'
  /** How often the client is asked to read its inbox. Default 1. */
  readonly reads?: number
  readonly metadata?: (document: Json, asked: Asked) => Reply | Json
  readonly authorization?: (answer: URLSearchParams, asked: Asked) => Reply | URLSearchParams
  /** Answers in place of the token endpoint. */
  readonly token?: (asked: Asked) => Reply | undefined
  readonly tokens?: (answer: Json, asked: Asked) => Json
  readonly idToken?: (draft: IdTokenDraft, asked: Asked) => IdTokenDraft
  readonly device?: (answer: Json, asked: Asked) => Json
  /** The lines of `WWW-Authenticate`. */
  readonly challenge?: (lines: readonly string[], asked: Asked) => readonly string[]
  /** The RFC 9728 document. */
  readonly resourceMetadata?: (document: Json, asked: Asked) => Json
  /** Answers in place of the mail server, to a request with a token. */
  readonly mail?: (asked: Asked) => Reply | undefined
  /** What Autodiscover names as the base of the mail server. */
  readonly mailBase?: (asked: Asked) => string
}

export const isReply = (value: object): value is Reply =>
  'status' in value && typeof value.status === 'number' && !(value instanceof URLSearchParams)

/** The error answer of a token endpoint (RFC 6749 section 5.2). */
export const tokenError = (error: string, status = 400, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'cache-control': 'no-store', ...headers },
  body: { error },
})
