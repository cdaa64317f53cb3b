/**
 * A token service and a mail server for tests of the calling side, both real HTTP servers on this machine. What they answer can be replaced
 * piece by piece; what they were asked is written down.
 */

import { verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { base64url, makeSigningKey, type SigningKey, signText } from '@postern/conformance/hostile-tokens'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { makeSelfSigned, type SelfSigned } from './self-signed.ts'

export const realm = 'b84c5afe-7ced-4ce8-aa0b-df0e2869d3c8'
export const callerId = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'
export const mailId = '00000002-0000-0ff1-ce00-000000000000'
export const caller: SelfSigned = makeSelfSigned('cloud.contoso.test')

/** One request as it arrived. */
export type Asked = Readonly<{ method: string; path: string; headers: IncomingMessage['headers']; body: string }>
export type Answer = Readonly<{ status?: number; headers?: Readonly<Record<string, string | readonly string[]>>; body?: unknown }>
export type Answering = (asked: Asked) => Answer | Promise<Answer>

/** A clock that stands still until a test moves it. */
export class StoppedClock {
  time = new Date('2026-05-04T12:00:00Z')
  readonly now = (): Date => new Date(this.time)
  /** In seconds, backwards too. */
  move(seconds: number): void {
    this.time = new Date(this.time.getTime() + seconds * 1000)
  }
  get seconds(): number {
    return Math.floor(this.time.getTime() / 1000)
  }
}

/** A server that writes down what it is asked and answers as `answer` says. No `Date` but what the answer says. */
export async function startRecorder(answer: Answering) {
  const asked: Asked[] = []
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    const one = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks).toString() }
    asked.push(one)
    const { status = 200, headers = {}, body = '' } = await answer(one)
    res.statusCode = status
    res.sendDate = false
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    res.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = await listenOnLoopback((req, res) => {
    handle(req, res).catch(() => res.destroy())
  })
  return { ...server, asked, [Symbol.asyncDispose]: server[Symbol.asyncDispose] }
}

export const readPart = (token: string, part: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()) as Record<string, unknown>

/** True if `token` is signed by the caller's certificate. */
export function isSignedByCaller(token: string): boolean {
  const [header, payload, signature = ''] = token.split('.')
  return verify('sha256', Buffer.from(`${header}.${payload}`), caller.certificate, Buffer.from(signature, 'base64url'))
}

const stsKey: SigningKey = makeSigningKey('sts-1')
const stsCertificate = makeSelfSigned('sts.contoso.test')

/** A token service. `tokens`, `metadata`, `introspection` and `uses` say what it answers; each can be replaced. */
export async function startTokenService(clock: StoppedClock) {
  let issued = 0
  const service = {
    /** Seconds that an actor token lives. */
    life: 3600,
    /** The service's own clock minus ours, in seconds. */
    ahead: 0,
    claims: {} as Record<string, unknown>,
    actorToken(resource: string): string {
      issued += 1
      const now = clock.seconds + service.ahead
      const claims = {
        aud: resource,
        iss: `${securityTokenServiceId}@${realm}`,
        nameid: `${callerId}@${realm}`,
        nbf: now,
        exp: now + service.life,
        jti: `actor-${issued}`,
        ...service.claims,
      }
      return signText(
        JSON.stringify({ typ: 'JWT', alg: 'RS256', kid: stsKey.kid, x5t: stsKey.kid }),
        JSON.stringify(claims),
        stsKey,
      )
    },
    tokens: (({ body }) => {
      const resource = new URLSearchParams(body).get('resource') ?? ''
      return {
        body: { token_type: 'Bearer', expires_in: String(service.life), resource, access_token: service.actorToken(resource) },
      }
    }) as Answering,
    metadata: (() => ({ body: service.document() })) as Answering,
    introspection: (() => ({ body: { active: true } })) as Answering,
    uses: (() => ({ status: 202 })) as Answering,
    document: () => ({
      realm,
      serviceName: securityTokenServiceId,
      issuer: `${securityTokenServiceId}@${realm}`,
      allowedAudiences: [`${securityTokenServiceId}/localhost@${realm}`],
      keys: [
        {
          usage: 'signing',
          keyinfo: { x5t: stsCertificate.x5t },
          keyvalue: { type: 'x509Certificate', value: stsCertificate.der.toString('base64') },
        },
      ],
      endpoints: [
        { location: `${server.origin}/${realm}/tokens/OAuth/2`, protocol: 'OAuth2', usage: 'issuance' },
        { location: `${server.origin}/${realm}/metadata/json/1`, protocol: 'metadata', usage: 'metadata' },
      ],
    }),
  }
  const routes: Record<string, (asked: Asked) => Answer | Promise<Answer>> = {
    'GET metadata/json/1': (asked) => service.metadata(asked),
    'POST tokens/OAuth/2': (asked) => service.tokens(asked),
    'POST oauth2/v2.0/introspect': (asked) => service.introspection(asked),
    'POST tokens/uses': (asked) => service.uses(asked),
  }
  const server = await startRecorder((asked) => {
    const route = routes[`${asked.method} ${asked.path.replace(`/${realm}/`, '')}`]
    return route?.(asked) ?? { status: 404 }
  })
  const asked = (path: string): readonly Asked[] => server.asked.filter((one) => one.path === `/${realm}/${path}`)
  return Object.assign(service, {
    issuer: `${server.origin}/${realm}`,
    origin: server.origin,
    host: new URL(server.origin).host,
    asked,
    all: server.asked,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  })
}

export const goodChallenge = `Bearer client_id="${mailId}", trusted_issuers="${securityTokenServiceId}@*", token_types="app_asserted_user_v1 service_asserted_app_v1"`

/** A mail server: the empty Bearer gets the challenge, a token gets what `accept` says of it. */
export async function startMailServer() {
  const mail = {
    challenge: goodChallenge as string | readonly string[] | undefined,
    accept: ((_token, asked) => ({ status: 200, body: `hello ${asked.body}` })) as (
      token: string,
      asked: Asked,
    ) => Answer | Promise<Answer>,
    refuse: (diagnostics?: string): Answer => ({
      status: 401,
      headers: {
        'www-authenticate': `${goodChallenge}, error="invalid_token"`,
        ...(diagnostics === undefined ? {} : { 'x-ms-diagnostics': diagnostics }),
      },
    }),
  }
  const server = await startRecorder((asked) => {
    const token = /^Bearer (\S+)$/.exec(asked.headers.authorization ?? '')?.[1]
    if (token !== undefined) return mail.accept(token, asked)
    return { status: 401, headers: mail.challenge === undefined ? {} : { 'www-authenticate': mail.challenge } }
  })
  return Object.assign(mail, {
    origin: server.origin,
    url: `${server.origin}/ews`,
    asked: server.asked,
    /** What was sent as a token, in order. */
    tokens: (): readonly string[] =>
      server.asked.flatMap(({ headers }) => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? []),
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  })
}

/** For tokens that nobody signs: the two parts, and an empty third. */
export const unsigned = (header: object, claims: object): string =>
  `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}.`
