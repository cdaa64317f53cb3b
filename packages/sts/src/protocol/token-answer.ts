/** What the token endpoint says, in the form of its family. Pure. */
export interface TokenAnswerContext {
  readonly v1: boolean
  readonly now: Date
  /** Audience of the access token, where it has one. */
  readonly resource: string | undefined
  /** Short names of the scopes that the access token carries. */
  readonly scopes: readonly string[]
}

/**
 * The v2 family answers numbers (RFC 6749 section 5.1). The v1 family answers strings, tells absolute times and the
 * resource, as recorded clients of it expect.
 */
export function shapeTokenAnswer(
  received: Readonly<Record<string, unknown>>,
  context: TokenAnswerContext,
): Record<string, unknown> {
  const body =
    typeof received.scope === 'string' ? { ...received, scope: spellOut(received.scope, context.scopes) } : { ...received }
  if (!context.v1) return body
  const issuedAt = Math.floor(context.now.getTime() / 1000)
  const lifetime = Number(received.expires_in)
  const { access_token, token_type, expires_in: _expires, ...rest }: Record<string, unknown> = body
  return {
    token_type,
    expires_in: String(lifetime),
    ext_expires_in: String(lifetime),
    expires_on: String(issuedAt + lifetime),
    not_before: String(issuedAt),
    ...(context.resource === undefined ? {} : { resource: context.resource }),
    access_token,
    ...rest,
  }
}

/** `.default` stands for scopes that the client did not name, so the answer does (RFC 6749 section 5.1), beside it. */
function spellOut(scope: string, granted: readonly string[]): string {
  const asked = scope.split(' ')
  const meant = asked.flatMap((one) =>
    one.endsWith('/.default') ? [one, ...granted.map((short) => `${one.slice(0, -'.default'.length)}${short}`)] : [one],
  )
  return [...new Set(meant)].join(' ')
}

/** RFC 8628 section 3.2, with the sentence that Microsoft-style clients show and the v1 name of the address. */
export function shapeDeviceAnswer(body: Readonly<Record<string, unknown>>, context: { v1: boolean }): Record<string, unknown> {
  const message = `To sign in, open ${String(body.verification_uri)} in a browser and enter the code ${String(body.user_code)}.`
  return {
    ...body,
    ...(context.v1
      ? { expires_in: String(body.expires_in), interval: '5', verification_url: body.verification_uri }
      : { interval: 5 }),
    message,
  }
}

/** Claims of the access JWT in an answer, for the audit trail. The token was made a moment ago, so it is not verified. */
export function peekClaims(token: unknown): Readonly<Record<string, unknown>> {
  if (typeof token !== 'string') return {}
  const [, payload] = token.split('.')
  if (payload === undefined) return {}
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  return typeof claims === 'object' && claims !== null ? { ...claims } : {}
}
