/**
 * challenge writes the value of a `WWW-Authenticate: Bearer` line that both families of mail clients understand.
 *
 * It owns quoting and the order of parameters. It does not decide when to challenge (guard.ts), does not send other schemes
 * (give each its own header line, Bearer first) and does not read challenges (challenge-parser.ts).
 * @module
 */

export type ChallengeErrorName =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'insufficient_claims'
  | 'insufficient_user_authentication'

export type ChallengeOptions = Readonly<{
  /** The principal of this server: a GUID for Exchange-like clients. */
  clientId: string
  /** `issuer@realm` entries, `issuer@*` for any realm ([MS-XOAUTH] section 2.2.2). */
  trustedIssuers?: readonly string[] | undefined
  /** E.g. `app_asserted_user_v1`, `service_asserted_app_v1`. */
  tokenTypes?: readonly string[] | undefined
  /** Where a person signs in. Leave it out where sign-in is not offered. */
  authorizationUri?: string | undefined
  /** First in the line when given, because SharePoint-style clients search for it there. */
  realm?: string | undefined
  /** Absolute URL of the RFC 9728 document. */
  resourceMetadata?: string | undefined
  scope?: string | readonly string[] | undefined
  /** Leave it out when the request carried no token (RFC 6750 section 3.1). */
  error?: ChallengeErrorName | undefined
  errorDescription?: string | undefined
  /** A claims request; sent as base64 of its JSON, with `error: 'insufficient_claims'`. */
  claims?: object | undefined
  /** What `insufficient_user_authentication` asks for (RFC 9470 section 3). */
  acrValues?: readonly string[] | undefined
  /** Seconds; also RFC 9470. */
  maxAge?: number | undefined
}>

/** A quoted-string (RFC 9110 section 5.6.4). Control characters would end the header line, so they are misuse. */
function quoted(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new TypeError(`${name} must be printable ASCII`)
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
}

function joined(name: string, items: readonly string[], separator: string): string {
  for (const item of items) {
    if (item === '' || item.includes(separator))
      throw new TypeError(`An entry of ${name} must not be empty or contain "${separator}"`)
  }
  return items.join(separator)
}

/**
 * The value of one `WWW-Authenticate` line: `Bearer client_id="…", trusted_issuers="…", …` (RFC 6750 section 3, RFC 9728
 * section 5.1, [MS-XOAUTH] section 2.2.2). Parameters that are not given are left out.
 * @throws {TypeError} if a value holds a line break, another control character or a character outside ASCII
 */
export function challenge(options: ChallengeOptions): string {
  const { trustedIssuers, tokenTypes, scope, acrValues, claims, maxAge } = options
  const parameters: readonly (readonly [name: string, value: string | undefined])[] = [
    ['realm', options.realm],
    ['client_id', options.clientId],
    ['trusted_issuers', trustedIssuers?.length ? joined('trustedIssuers', trustedIssuers, ',') : undefined],
    ['token_types', tokenTypes?.length ? joined('tokenTypes', tokenTypes, ' ') : undefined],
    ['authorization_uri', options.authorizationUri],
    ['error', options.error],
    ['error_description', options.errorDescription],
    ['scope', typeof scope === 'string' || scope === undefined ? scope : joined('scope', scope, ' ')],
    ['claims', claims === undefined ? undefined : Buffer.from(JSON.stringify(claims)).toString('base64')],
    ['acr_values', acrValues?.length ? joined('acrValues', acrValues, ' ') : undefined],
    ['max_age', maxAge === undefined ? undefined : String(maxAge)],
    ['resource_metadata', options.resourceMetadata],
  ]
  const written = parameters.flatMap(([name, value]) => (value === undefined ? [] : [quoted(name, value)]))
  return `Bearer ${written.join(', ')}`
}
