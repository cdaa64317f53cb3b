/**
 * A mail server on loopback that trusts the kit's own issuer and does everything right, but for the faults that a test asks for.
 *
 * It owns addresses, answers and where tokens may stand. How tokens are read is in breakable-mail-tokens.ts and
 * breakable-mail-pairs.ts, which know the faults of their own.
 */
import type { JsonWebKey } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KnownMailServer } from '../known-parties.ts'
import type { LocalIssuer } from '../local-issuer/local-issuer.ts'
import { createKeyStore } from './breakable-mail-keys.ts'
import { mayAct, type PairRules } from './breakable-mail-pairs.ts'
import type { HasFault, MailFault } from './breakable-mail-server-faults.ts'
import { type Claims, holds, isGoodClaims, isGoodHeader, isStrong, readStrict, split } from './breakable-mail-tokens.ts'

const ACR = 'gold'
const MAX_AGE = 600
export const ACTOR = '4d7e2a90-5c13-4f68-b1d9-8e06a3c7f524'
const PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'
const LARGE = 16 * 1024 * 1024

export interface BreakableMailServer extends AsyncDisposable {
  /** What the kit is told of it. */
  readonly known: KnownMailServer
}

/** The clock that the server and the kit share. */
export interface SharedClock {
  now(): number
  move(seconds: number): void
}

type Refusal = { readonly status: number; readonly error?: string; readonly more?: string; readonly diagnostics?: string }

const BAD: Refusal = { status: 401, error: 'invalid_token', diagnostics: '2000001;reason="No.";error_category="invalid_token"' }

/** Starts a mail server with `faults`. */
export async function startMailServer(
  issuer: LocalIssuer,
  clock: SharedClock,
  ...faults: readonly MailFault[]
): Promise<BreakableMailServer> {
  const has: HasFault = (fault) => faults.includes(fault)
  const keys = createKeyStore(issuer.issuer, { has, now: clock.now })
  let base = ''
  let isBroken = false

  /** The claims, or undefined for whatever is wrong. */
  const readToken = async (token: string): Promise<Claims | undefined> => {
    if (has('opens-to-nobody') || isBroken) return undefined
    const parts = split(token, has)
    const header = parts && readStrict(parts[0], has)
    const claims = parts && readStrict(parts[1], has)
    if (has('thinks-long') && claims === undefined) clock.move(10)
    if (has('breaks-after-a-bad-token') && claims === undefined) isBroken = true
    if (!parts || !header || !claims) return undefined
    const { alg, kid, jku, jwk } = header
    if (has('calls-addresses-in-tokens')) await fetch(String(jku ?? claims.iss)).catch(() => undefined) // nobody answers there
    const isNone = has('believes-alg-none') && String(alg).toLowerCase() === 'none'
    if (
      !isGoodHeader(header, has) ||
      !isGoodClaims(claims, { issuer: issuer.issuer, audience: `${base}/`, now: clock.now(), has })
    )
      return undefined
    if (isNone) return claims
    const brought = has('believes-keys-in-tokens') && typeof jwk === 'object' ? (jwk as JsonWebKey) : undefined
    const key = brought ?? (await keys.find(String(kid)))
    if (key === undefined || (key.kid === 'kit-withdrawn' && has('trusts-no-early-key'))) return undefined
    if (brought === undefined && !has('uses-weak-keys') && !isStrong(key)) return undefined
    const isAlg = alg === key.alg || brought !== undefined || has('takes-other-algorithms') || has('uses-weak-keys')
    if (!isAlg || (has('knows-one-algorithm') && alg !== 'RS256')) return undefined
    const isKey = header.x5t === undefined || header.x5t === key.x5t || has('ignores-the-rest-of-the-header')
    const isSigned = has('ignores-signatures') || holds(`${parts[0]}.${parts[1]}`, parts[2], { key, alg, has })
    return isKey && isSigned ? claims : undefined
  }

  /** What an address asks for beyond a good token. */
  const demand = (path: string, claims: Claims): Refusal | undefined => {
    if (claims.sub === claims.client_id && !has('takes-clients-for-people')) return { status: 403, error: 'insufficient_scope' }
    const hasScope = String(claims.scope ?? '')
      .split(' ')
      .includes('Mail.Read')
    if (path === '/mail' && !hasScope)
      return {
        status: has('refuses-scopes-with-401') ? 401 : 403,
        error: has('refuses-scopes-with-401') ? 'invalid_token' : 'insufficient_scope',
        ...(!has('hides-the-scope') && { more: 'scope="Mail.Read"' }),
      }
    const isWeak = path === '/strong' && claims.acr !== ACR
    const isOld = path === '/recent' && !(Number(claims.auth_time) >= clock.now() - MAX_AGE)
    if ((!isWeak && !isOld) || has('ignores-acr-and-age')) return undefined
    if (has('refuses-weak-sign-ins-as-bad-tokens')) return BAD
    const more = isWeak ? `acr_values="${ACR}"` : `max_age="${MAX_AGE}"`
    return { status: 401, error: 'insufficient_user_authentication', ...(!has('hides-what-is-enough') && { more }) }
  }

  const diagnosticsOf = (value: string, token: string): string => {
    if (has('writes-odd-diagnostics')) return 'reason=No'
    if (has('mixes-up-diagnostics')) return value.replace('invalid_token"', 'invalid_user"')
    if (has('shows-tokens-in-diagnostics')) return value.replace('No.', token.split('.')[1]?.slice(0, 40) ?? '')
    return has('writes-long-diagnostics') ? value.replace('No.', 'No. '.repeat(200)) : value
  }

  const challengeOf = ({ error, more }: Refusal): string => {
    if (has('writes-broken-challenges')) return 'Bearer realm="mail'
    if (has('writes-bare-challenges') && error === undefined) return 'Bearer'
    const said =
      error === undefined && has('calls-no-token-an-error') ? 'invalid_token' : has('names-no-error') ? undefined : error
    const isOdd = has('writes-odd-parameters')
    const parameters = isOdd
      ? [
          'client_id="mail"',
          'trusted_issuers="everybody"',
          'token_types="A;B"',
          'authorization_uri="/sign-in"',
          'resource_metadata="/meta"',
        ]
      : [`client_id="${PRINCIPAL}"`, `trusted_issuers="00000001-0000-0000-c000-000000000000@${issuer.realm}"`]
    const odd = ['error_uri="/why"', 'scope=" "', 'error_description="\\""']
    const address = has('keeps-its-metadata-elsewhere') ? issuer.issuer : `${base}/.well-known/oauth-protected-resource`
    const all = [
      ...parameters,
      ...(isOdd ? [] : ['token_types="app_asserted_user_v1"', `authorization_uri="${issuer.issuer}/authorize"`]),
      ...(said === undefined ? [] : [`error="${isOdd ? 'no' : said}"`]),
      ...(said === undefined ? [] : isOdd ? odd : [`error_description="No."`, `error_uri="${base}/why"`]),
      ...(more === undefined ? (said === undefined ? [isOdd ? 'scope=" "' : 'scope="Mail.Read"'] : []) : [more]),
      ...(isOdd || has('names-no-metadata') ? [] : [`resource_metadata="${address}"`]),
      ...(has('repeats-parameters') ? ['realm="a"', 'realm="b"'] : []),
    ]
    const line = `Bearer ${all.join(', ')}`
    if (has('puts-basic-first')) return `Basic realm="mail", ${line}`
    if (has('offers-basic')) return `${line}, Basic realm="mail"`
    return has('challenges-twice') ? `${line}, ${line}` : line
  }

  const refuse = (response: ServerResponse, refusal: Refusal, token = ''): void => {
    const { diagnostics } = refusal
    response.setHeader('www-authenticate', challengeOf(refusal))
    if (diagnostics !== undefined) response.setHeader('x-ms-diagnostics', diagnosticsOf(diagnostics, token))
    response.writeHead(refusal.status).end()
  }

  const metadata = (response: ServerResponse): void => {
    const document = {
      ...(!has('names-no-resource') && {
        resource: has('describes-another-resource') ? 'https://other.example/mail' : `${base}/`,
      }),
      authorization_servers: [has('names-another-issuer') ? 'https://other.example' : issuer.issuer],
      bearer_methods_supported: has('offers-tokens-in-the-address') ? ['header', 'query'] : ['header'],
      ...(has('repeats-keys-in-its-metadata') && { jwks: { keys: [] } }),
    }
    const type = has('writes-metadata-as-text') ? 'text/plain' : 'application/json'
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(document))
  }

  const act = async (response: ServerResponse, token: string, isHere: boolean): Promise<void> => {
    if (has('calls-addresses-in-pairs')) {
      const header = readStrict(token.split('.')[0] ?? '', () => false)
      await fetch(String(header?.jku ?? 'about:blank')).catch(() => undefined) // nobody answers there
    }
    if (has('asks-for-documents-for-every-pair')) await (await fetch(issuer.actorMetadataUrl)).arrayBuffer()
    const mayHere = isHere || has('ignores-grants') || has('lets-everybody-act')
    if (mayHere && mayAct(token, pairRules(issuer, { now: clock.now(), has }))) response.writeHead(200).end()
    else refuse(response, BAD, token)
  }

  /** The token of a request, where it may stand: `undefined` none, `null` more than one. */
  const findToken = (request: IncomingMessage, body: string): string | undefined | null => {
    const lines = request.headersDistinct.authorization ?? []
    const all = lines.flatMap((line) => line.split(/,\s*(?=bearer\b)/i))
    const chosen = has('takes-any-of-two') ? (all.find((one) => one.includes('eyJ')) ?? all[0]) : all[0]
    if (all.length > 1 && !has('takes-the-first-of-two') && !has('takes-any-of-two')) return null
    const pattern = has('reads-bearer-to-the-letter') ? /^Bearer[ \t]+(.*)$/s : /^bearer[ \t]+(.*)$/is
    const token = pattern.exec(chosen ?? '')?.[1]
    if (token !== undefined && token !== '') return token
    if (!has('takes-tokens-from-anywhere')) return undefined
    const values = [request.url, body, ...Object.values(request.headers)]
    return values.map((value) => /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(String(value))?.[0]).find((found) => found !== undefined)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const part of request) body += part
    const { pathname: path } = new URL(request.url ?? '/', base)
    if (path === '/.well-known/oauth-protected-resource') return metadata(response)
    if (has('guards-nothing')) return void response.writeHead(200).end()
    const line = request.headers.authorization ?? ''
    if (line !== '' && !/^bearer\b/i.test(line)) {
      if (has('opens-for-passwords')) return void response.writeHead(200).end()
      if (has('challenges-no-password')) return void response.writeHead(401).end()
    }
    const token = findToken(request, body)
    if (token === null) return refuse(response, { status: 400, error: 'invalid_request' })
    if (token === undefined) return refuse(response, { status: 401 })
    if (path === '/acting' || path === '/elsewhere') return await act(response, token, path === '/acting')
    if (has('opens-to-anybody')) return void response.writeHead(200).end()
    const claims = await readToken(token)
    const refusal = claims === undefined ? BAD : demand(path, claims)
    if (refusal === undefined) response.writeHead(200).end()
    else refuse(response, refusal, token)
  }

  const readsLong = has('opens-to-anybody') || has('reads-sloppy-base64')
  const server = createServer({ ...(readsLong && { maxHeaderSize: LARGE }) }, (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://localhost:${(server.address() as AddressInfo).port}` // a TCP listener has an address with a port
  return {
    known: {
      url: `${base}/mail`,
      audience: `${base}/`,
      scope: 'Mail.Read',
      legacy: false,
      localIssuer: issuer,
      demands: {
        assurance: { url: `${base}/strong`, acr: ACR },
        recentSignIn: { url: `${base}/recent`, maxAgeSeconds: MAX_AGE },
      },
      keySeconds: { newKey: 60, withdrawn: 600 },
      claims: { acr: ACR },
      actAs: {
        url: `${base}/acting`,
        elsewhere: `${base}/elsewhere`,
        method: 'POST',
        contentType: 'text/xml',
        body: '<free-busy/>',
        principal: principalOf(issuer),
        actor: ACTOR,
        ...PEOPLE,
      },
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const PEOPLE = {
  person: 'mary@contoso.com',
  secondPerson: 'joe@contoso.com',
  ambiguous: 'two@contoso.com',
  disabled: 'gone@contoso.com',
  administrator: 'root@contoso.com',
}

const principalOf = ({ realm }: Pick<LocalIssuer, 'realm'>): string => `${PRINCIPAL}/mail.contoso.com@${realm}`

function pairRules({ realm, keys }: LocalIssuer, { now, has }: { now: number; has: HasFault }): PairRules {
  const { sts, endedSts, partner, endedPartner, otherPartner } = keys.certificates
  return {
    principal: principalOf({ realm }),
    realm,
    service: [sts.der, endedSts.der],
    partners: new Map([
      [ACTOR, [partner.der, endedPartner.der]],
      ['aaaaaaaa-1111-4111-8111-111111111111', [otherPartner.der]],
    ]),
    people: new Map([
      [PEOPLE.person, 'active'],
      [PEOPLE.secondPerson, 'active'],
      [PEOPLE.ambiguous, 'two'],
      [PEOPLE.disabled, 'disabled'],
      [PEOPLE.administrator, 'closed'],
    ]),
    now,
    has,
  }
}
