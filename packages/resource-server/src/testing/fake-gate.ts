/**
 * A token service for tests of what servers ask it about people: decisions about apps, and events. A real HTTP server on this machine.
 * What it answers can be replaced; what it was asked is written down.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { makeSigningKey, type SigningKey, signText } from '@postern/conformance/hostile-tokens'
import { listenOnLoopback } from './loopback-server.ts'

export const gateRealm = '5f0c2c1e-9f57-4f0e-8c39-0a6d3f2a7b11'
export const mailServer = Object.freeze({
  clientId: '00000002-0000-0ff1-ce00-000000000000',
  clientSecret: 'a-secret-of-the-server',
})
export const marysId = 'b2b5c6f0-5b0e-4f4e-9df3-3f4c1f6d7a10'

export type GateAsked = Readonly<{ authorization: string; question: Record<string, unknown> }>
/** What is sent, byte for byte. `body` is an object for JSON; `undefined` leaves the connection open without an answer. */
export type Sent = Readonly<{ status?: number; headers?: Record<string, string>; body?: unknown }>

export const allowed: Sent = Object.freeze({
  body: {
    decision: 'allow',
    reason: 'app_active',
    text: 'This mail app may go on.',
    reference: 'ref-1',
    portal: 'https://sts.example/portal',
    account: { id: marysId, upn: 'mary@contoso.com', mailbox: 'mary.miller@contoso.com' },
    app: { id: 'app-1', label: 'iPhone', state: 'active' },
    because: [],
  },
})

export function refusedWith(
  status: number,
  headers: Record<string, string> = {},
  changes: Readonly<Record<string, unknown>> = {},
): Sent {
  const text = 'This mail app waits to be let in. Open https://sts.example/portal and activate it there.'
  const refusal = { http: { status, headers }, imap: 'NO', pop: '-ERR', smtp: '535', sieve: 'NO' }
  return {
    body: { decision: 'pending', reason: 'app_pending', text, reference: 'ref-2', portal: '', refusal, because: [], ...changes },
  }
}

export interface FakeGate extends AsyncDisposable {
  readonly issuer: string
  readonly asked: GateAsked[]
  readonly pages: string[]
  readonly key: SigningKey
  decide: (asked: GateAsked) => Sent | undefined | Promise<Sent | undefined>
  page: (query: URLSearchParams) => Sent | undefined | Promise<Sent | undefined>
  /** A signed event, with members of header, claims or event changed. */
  event(number: number, event: Readonly<Record<string, unknown>>, changes?: EventChanges): string
}

export type EventChanges = Readonly<{ header?: object; claims?: object; key?: SigningKey; type?: string }>

const keyOfAll = makeSigningKey('feed-1')

export async function startFakeGate(): Promise<FakeGate> {
  const answer = async (req: IncomingMessage): Promise<Sent | undefined> => {
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    const url = new URL(req.url ?? '', server.origin)
    const authorization = req.headers.authorization ?? ''
    switch (url.pathname.replace(`/${gateRealm}/`, '')) {
      case 'mailgate/decide': {
        const asked = { authorization, question: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> }
        gate.asked.push(asked)
        return await gate.decide(asked)
      }
      case 'mailgate/events':
        gate.pages.push(url.search)
        return await gate.page(url.searchParams)
      case '.well-known/openid-configuration':
        return { body: { issuer: gate.issuer, jwks_uri: `${gate.issuer}/keys` } }
      case 'keys':
        return { body: { keys: [keyOfAll.jwk] } }
      default:
        return { status: 404, body: {} }
    }
  }
  const send = (res: ServerResponse, sent: Sent | undefined): void => {
    if (sent === undefined) return
    const { status = 200, headers = {}, body } = sent
    const isText = typeof body === 'string' || Buffer.isBuffer(body)
    res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    res.end(isText ? body : JSON.stringify(body))
  }
  const server = await listenOnLoopback((req, res) => {
    answer(req).then(
      (sent) => send(res, sent),
      () => res.destroy(),
    )
  })
  const gate: FakeGate = {
    issuer: `${server.origin}/${gateRealm}`,
    asked: [],
    pages: [],
    key: keyOfAll,
    decide: () => allowed,
    page: () => ({ body: { events: [], next: 0 } }),
    event(number, event, changes = {}) {
      const now = Math.floor(Date.now() / 1000)
      const type = changes.type ?? 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
      const header = { alg: 'RS256', typ: 'secevent+jwt', kid: keyOfAll.kid, ...changes.header }
      const claims = {
        iss: gate.issuer,
        aud: mailServer.clientId,
        iat: now,
        jti: `${gateRealm}:${number}`,
        sub_id: { format: 'iss_sub', iss: gate.issuer, sub: marysId },
        events: { [type]: { event_timestamp: now, kind: 'signed-out', ...event } },
        ...changes.claims,
      }
      return signText(JSON.stringify(header), JSON.stringify(claims), changes.key ?? keyOfAll)
    },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  }
  return gate
}
