/** Builds authorization requests that are right in everything but what a module spoils, and reads where they lead. */
import { createHash, randomBytes } from 'node:crypto'
import type { Answer, KnownClient } from './target.ts'

type Parameters = Readonly<Record<string, string>>

/** A complete code request with PKCE (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
export function codeRequest(client: KnownClient) {
  return {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: 'openid',
    state: randomBytes(12).toString('base64url'),
    nonce: randomBytes(12).toString('base64url'),
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
  }
}

export function authorizationUrl(endpoint: string, parameters: Parameters): string {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** The parameters of a redirect to `redirectUri`, from query and fragment alike; undefined when the answer leads elsewhere. */
export function findRedirect(answer: Answer, redirectUri: string): ReadonlyMap<string, string> | undefined {
  const location = answer.headers.get('location')
  const url = location === null ? null : URL.parse(location)
  const wanted = URL.parse(redirectUri)
  if (url === null || wanted === null) return undefined
  if (url.protocol !== wanted.protocol || url.host !== wanted.host || url.pathname !== wanted.pathname) return undefined
  return new Map([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))])
}
