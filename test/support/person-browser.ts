/**
 * person-browser is a browser in which somebody has signed in once, through the real pages, and may then ask for any
 * number of codes: each further request finds the session and is answered at once.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { type SignInRequest, signIn } from '@postern/example-contoso/sign-in'
import type { TestClient, TestPerson, TestSts } from '@postern/sts/testing'

export interface TokenAnswer {
  readonly status: number
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface Code {
  readonly code: string
  readonly verifier: string
  readonly redirectUri: string
  readonly clientId: string
}

export interface PersonBrowser {
  /** Asks for a code with the session at hand. */
  code(options?: { client?: TestClient; scope?: string }): Promise<Code>
  /** Requests a page with the cookies at hand, without following redirects. */
  get(url: string): Promise<Response>
  /** Posts a form with the cookies at hand, without following redirects. */
  post(url: string, form: Readonly<Record<string, string>>): Promise<Response>
}

/** What a mail client asks for. */
export const MAIL_SCOPE = 'openid offline_access https://mail.contoso.com/EAS.AccessAsUser.All'

export async function signInOnce(
  sts: TestSts,
  person: TestPerson = sts.mary,
  options: Partial<SignInRequest> = {},
): Promise<PersonBrowser> {
  const cookies = new Map<string, string>()
  const recording: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }
  const { mail } = sts.clients
  await signIn({
    issuer: sts.issuer,
    client: { clientId: mail.clientId },
    account: person,
    redirectUri: mail.redirectUri,
    scope: MAIL_SCOPE,
    fetch: recording,
    ...options,
  })

  const send = (url: string, init: RequestInit = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return recording(url, { ...init, redirect: 'manual', headers: { cookie } })
  }
  const get = (url: string) => send(url)

  return {
    get,
    post: (url, form) => send(url, { method: 'POST', body: new URLSearchParams(form) }),
    async code({ client = mail, scope = MAIL_SCOPE } = {}) {
      const verifier = randomBytes(32).toString('base64url')
      const url = new URL(`${sts.issuer}/oauth2/v2.0/authorize`)
      const asked = {
        client_id: client.clientId,
        response_type: 'code',
        redirect_uri: client.redirectUri,
        scope,
        state: 'state',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
      const answer = new URL((await get(url.href)).headers.get('location') ?? 'about:blank')
      const code = answer.searchParams.get('code')
      if (code === null) throw new TypeError(`no code, but ${answer.href}`)
      return { code, verifier, redirectUri: client.redirectUri, clientId: client.clientId }
    },
  }
}

/** Posts to a token endpoint; `issuer` may be another process of the same service. */
export async function askToken(
  endpoint: string,
  form: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  return { status: response.status, text, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

export const redeem = (endpoint: string, code: Code): Promise<TokenAnswer> =>
  askToken(endpoint, {
    grant_type: 'authorization_code',
    code: code.code,
    redirect_uri: code.redirectUri,
    client_id: code.clientId,
    code_verifier: code.verifier,
  })

export const refresh = (
  endpoint: string,
  clientId: string,
  token: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> =>
  askToken(endpoint, { grant_type: 'refresh_token', refresh_token: token, client_id: clientId, ...extra })

/** The refresh token of an answer that must have one. */
export function refreshTokenOf(answer: TokenAnswer): string {
  const { refresh_token: token } = answer.body
  if (answer.status !== 200 || typeof token !== 'string')
    throw new TypeError(`no refresh token, but ${answer.status} ${answer.text}`)
  return token
}
