/** Every refusal of the calling side: a closed set of codes, the text each one may show, and how foreign text is made harmless. */

/** No text contains a part of a token. */
const texts = {
  url_not_allowed: 'The address may not be asked.',
  certificate_outdated: 'The certificate of this server has ended.',
  challenge_missing: 'The server refused, and did not say whose tokens it accepts.',
  challenge_malformed: 'The challenge of the server cannot be read.',
  issuer_not_trusted: 'The server names no token service that this one trusts.',
  metadata_refused: 'The metadata of the token service cannot be used.',
  issuer_unavailable: 'The token service cannot be asked at the moment.',
  token_request_refused: 'The token service issued no token.',
  answer_malformed: 'The answer of the token service cannot be read.',
  token_refused: 'The server refused a fresh token.',
} as const

/** Why a call to another server came to nothing. `issuer_unavailable` is the one that is worth trying again. */
export type ServerClientErrorCode = keyof typeof texts

/** All codes of {@link ServerClientError}, for tables and tests. */
export const serverClientErrorCodes: readonly ServerClientErrorCode[] = Object.freeze(
  Object.keys(texts) as ServerClientErrorCode[], // keys of a closed literal
)

const longest = 400

/**
 * What a foreign server wrote, fit for a log line: one line of printable ASCII, bounded, and without anything that has the
 * form of a token, because a server may send back what it was sent.
 */
export function harmless(text: string): string {
  const shortened = text.slice(0, 16_384).replace(/eyJ[\w-]{4,}(\.[\w-]*){0,2}/g, '[token]')
  return shortened
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, longest)
}

/** A call that came to nothing. `message` may be shown to anybody; everything else is for the log, and holds no token. */
export class ServerClientError extends Error {
  readonly code: ServerClientErrorCode
  readonly detail: string | undefined
  /** HTTP status of the answer that ended the call. */
  readonly status: number | undefined
  /** `x-ms-diagnostics` of the server that refused the token. */
  readonly diagnostics: string | undefined
  /** `error` of the token service's answer (RFC 6749 section 5.2). */
  readonly oauthError: string | undefined

  constructor(
    code: ServerClientErrorCode,
    options: {
      detail?: string | undefined
      status?: number | undefined
      diagnostics?: string | undefined
      oauthError?: string | undefined
      cause?: unknown
    } = {},
  ) {
    super(texts[code], options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'ServerClientError'
    this.code = code
    this.detail = options.detail === undefined ? undefined : harmless(options.detail)
    this.status = options.status
    this.diagnostics = options.diagnostics === undefined ? undefined : harmless(options.diagnostics)
    this.oauthError = options.oauthError === undefined ? undefined : harmless(options.oauthError)
  }
}
