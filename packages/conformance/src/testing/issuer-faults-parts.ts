/** What the parts of the breakable issuer share: its clients, what it keeps, requests and answers. It decides nothing. */
import { randomBytes } from 'node:crypto'
import { exportPKCS8, generateKeyPair } from 'jose'
import type { IssuerFault } from './issuer-faults.ts'

export interface IssuerClient {
  readonly id: string
  readonly method: 'none' | 'client_secret_basic' | 'private_key_jwt'
  readonly redirectUri: string
  readonly secret?: string
  readonly isDevice?: boolean
}

export interface Request {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly form: URLSearchParams
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | object
}

/** Everything that came of one sign-in for one client. */
export interface Family {
  readonly client: string
  readonly scope: string
  readonly resource: string | undefined
  readonly jkt: string | undefined
  isAlive: boolean
}

export interface Issued {
  readonly family: Family
  readonly expiresAt: number
}

export interface Code {
  readonly parameters: ReadonlyMap<string, string>
  readonly expiresAt: number
  family: Family | undefined
}

export interface Device {
  readonly client: string
  readonly userCode: string
  readonly scope: string
  readonly resource: string | undefined
  state: 'waiting' | 'approved' | 'denied' | 'used'
  askedAt: number
}

export const RESOURCE = 'https://mail.issuer.example/'
export const OTHER_RESOURCE = 'https://calendar.issuer.example/'
export const SCOPE = 'openid offline_access mail.read'
export const PERSON = { username: 'mary', password: 'a password of mary' }
export const TOKEN_SECONDS = 600

export const keys = {
  own: generateKeyPair('ES256', { extractable: true }),
  signer: generateKeyPair('ES256', { extractable: true }),
}
export const signerPem = async (): Promise<string> => exportPKCS8((await keys.signer).privateKey)

export const CLIENTS: readonly IssuerClient[] = [
  { id: 'app', method: 'none', redirectUri: 'http://127.0.0.1:5555/landing' },
  { id: 'web', method: 'client_secret_basic', redirectUri: 'https://web.example/landing', secret: 'secret-of-web' },
  { id: 'other', method: 'client_secret_basic', redirectUri: 'https://other.example/landing', secret: 'secret-of-other' },
  { id: 'signer', method: 'private_key_jwt', redirectUri: 'https://signer.example/landing' },
  { id: 'tv', method: 'none', redirectUri: 'http://127.0.0.1:5556/landing', isDevice: true },
]

export interface Parts {
  readonly has: (fault: IssuerFault) => boolean
  readonly issuer: string
  readonly base: string
  readonly now: () => number
  readonly codes: Map<string, Code>
  readonly access: Map<string, Issued>
  readonly refresh: Map<string, Issued & { isUsed: boolean; usedAt: number; answer: Reply | undefined }>
  readonly pushed: Map<string, { readonly parameters: ReadonlyMap<string, string>; readonly expiresAt: number; isUsed: boolean }>
  readonly devices: Map<string, Device>
  readonly sessions: Set<string>
  /** Numbers of assertions and proofs. */
  readonly seen: Set<string>
}

export const randomText = (): string => randomBytes(24).toString('base64url')

export const refuse = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
  body: { error },
})

export const isRefusal = (value: object): value is Reply => 'status' in value

/** A page for people, with all that keeps it to itself. */
export function page({ has }: Parts, body: string, status = 200): Reply {
  const careless = has('has-careless-pages')
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      ...(!has('may-be-framed') && { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" }),
      ...(!careless && { 'referrer-policy': 'no-referrer' }),
    },
    body: `<!doctype html><title>Issuer</title>${careless ? '<img src="https://stranger.example/pixel">' : ''}${body}`,
  }
}

export const hidden = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${value.replaceAll('"', '&quot;')}">`)
    .join('')

export const repeats = (form: URLSearchParams): boolean => new Set(form.keys()).size !== [...form.keys()].length
