/**
 * The kit's own issuer on loopback: a mail server under test is configured to trust it, so that nothing else is needed.
 *
 * It serves metadata (OpenID Connect Discovery, RFC 8414), keys, and the documents of servers and of the token service between
 * them; it counts what was asked. Beside it a trap: an address that stands in hostile tokens, and at which nobody may ever
 * connect. It issues tokens to nobody: modules sign what they need. To be used on one's own machine only.
 */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import type { ActorScene } from '../hostile-tokens/actor-bench.ts'
import type { Scene } from '../hostile-tokens/bench.ts'
import { type SigningKey, underKid } from '../hostile-tokens/signing-key.ts'
import type { KnownActing, KnownMailServer } from '../known-parties.ts'
import type { SelfSigned } from '../server-to-server/self-signed.ts'
import { findIssuerKeys, type IssuerKeys } from './issuer-keys.ts'
import { certificateJwk, serverDocument } from './server-documents.ts'

/** The realm of the kit's issuer, and the one of the other issuer beside it. */
export const KIT_REALM = '6b1f0d52-77a3-4c8e-9d24-0c5e6f3a9b17'
export const OTHER_REALM = 'f2a9c6d4-1e58-4b07-8a3c-95d7e0b4c612'

/** The acting server that the kit plays, unless it is called otherwise. */
export const KIT_ACTOR = '4d7e2a90-5c13-4f68-b1d9-8e06a3c7f524'

/** Client ids of the servers that the kit plays beside the acting one. */
const SERVERS = {
  other: 'aaaaaaaa-1111-4111-8111-111111111111',
  unsigned: 'bbbbbbbb-2222-4222-8222-222222222222',
  ungranted: 'cccccccc-3333-4333-8333-333333333333',
  limited: 'dddddddd-4444-4444-8444-444444444444',
} as const

export interface LocalIssuer extends AsyncDisposable {
  /** To be trusted by the mail server. */
  readonly issuer: string
  readonly realm: string
  /** Where the acting server shows its certificate. */
  readonly actorMetadataUrl: string
  /** The same as the base of a mail server, whose document is at `/autodiscover/metadata/json/1`. */
  readonly actorBaseUrl: string
  readonly keys: IssuerKeys
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  /** How often the key set was asked for. */
  readonly keySetReads: () => number
  /** Connections to the address that only tokens name. */
  readonly trapped: () => number
  /** Shows one more key from now on. */
  publish(key: SigningKey): void
  /** Shows it no longer. */
  withdraw(key: SigningKey): void
  /** What access tokens for this mail server are made against. `now`: seconds since 1970. */
  scene(mailServer: KnownMailServer, now: number): Scene
  /** The same for tokens between servers. */
  actorScene(acting: KnownActing, now: number): ActorScene
}

export interface LocalIssuerOptions {
  /** Default: a free one. */
  readonly port?: number
  /** The client id of the acting server. Default: {@link KIT_ACTOR}. */
  readonly actor?: string
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)) // a TCP listener has a port
  })

/** Nothing here keeps a program alive. */
async function open(listener: RequestListener, port: number) {
  const server = createServer(listener)
  const at = await listen(server, port)
  server.unref()
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { port: at, close }
}

async function openTrap() {
  let count = 0
  const server = createTcpServer((socket) => {
    count += 1
    socket.destroy()
  })
  const port = await listen(server, 0)
  server.unref()
  return { port, count: () => count, close: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

/** Starts it on loopback. */
export async function startLocalIssuer(options: LocalIssuerOptions = {}): Promise<LocalIssuer> {
  const keys = await findIssuerKeys()
  const { certificates, weak } = keys
  const asked: string[] = []
  const published = new Map<string, SigningKey>()
  for (const key of [keys.rsa, keys.rsaToo, keys.ec, keys.withdrawn, ...Object.values(weak)]) published.set(key.kid, key)
  const sameKid = underKid(keys.foreign, keys.rsa.kid)
  let base = ''
  const actor = options.actor ?? KIT_ACTOR

  const metadata = (issuer: string) => ({
    issuer,
    jwks_uri: `${issuer}/keys`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  })
  const documents = (): ReadonlyMap<string, object> => {
    const realms: readonly (readonly [realm: string, keys: readonly SigningKey[], shown: readonly SelfSigned[]])[] = [
      [KIT_REALM, [...published.values()], [certificates.sts, certificates.endedSts]],
      [OTHER_REALM, [keys.foreign, sameKid], [certificates.otherSts]],
    ]
    const found = new Map<string, object>()
    for (const [realm, shownKeys, shown] of realms) {
      found.set(`/${realm}/.well-known/openid-configuration`, metadata(`${base}/${realm}`))
      found.set(`/.well-known/oauth-authorization-server/${realm}`, metadata(`${base}/${realm}`))
      found.set(`/${realm}/keys`, { keys: [...shownKeys.map(({ jwk }) => jwk), ...shown.map(certificateJwk)] })
      found.set(`/${realm}/metadata/json/1`, serverDocument({ base, realm, path: `/${realm}/metadata/json/1` }, shown))
    }
    const partners = {
      actor: [actor, [certificates.partner, certificates.endedPartner]],
      other: [SERVERS.other, [certificates.otherPartner]],
      ungranted: [SERVERS.ungranted, [certificates.ungranted]],
      limited: [SERVERS.limited, [certificates.limited]],
    } as const
    for (const [name, [clientId, shown]] of Object.entries(partners)) {
      // Where a token service shows it, and where a mail server does.
      for (const path of [`/partners/${name}/metadata/json/1`, `/partners/${name}/autodiscover/metadata/json/1`])
        found.set(path, serverDocument({ base, realm: KIT_REALM, path, clientId }, shown))
    }
    return found
  }

  const { port, close } = await open((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const document = documents().get(path)
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
    response.writeHead(document === undefined ? 404 : 200, headers).end(JSON.stringify(document ?? { error: 'not_found' }))
  }, options.port ?? 0)
  const trap = await openTrap()
  base = `http://127.0.0.1:${port}`
  const trapAddress = `https://127.0.0.1:${trap.port}`
  const issuer = `${base}/${KIT_REALM}`

  return Object.freeze({
    issuer,
    realm: KIT_REALM,
    actorMetadataUrl: `${base}/partners/actor/metadata/json/1`,
    actorBaseUrl: `${base}/partners/actor`,
    keys,
    asked,
    keySetReads: () => asked.filter((path) => path === `/${KIT_REALM}/keys`).length,
    trapped: trap.count,
    publish: (key) => {
      published.set(key.kid, key)
    },
    withdraw: (key) => {
      published.delete(key.kid)
    },
    scene: ({ audience, scope, person, claims }, now) => {
      const { rsa, rsaToo, ec, attacker, retired } = keys
      const foreign = { issuer: `${base}/${OTHER_REALM}`, key: keys.foreign, sameKid }
      const who = { ...(scope !== undefined && { scope }), ...(person !== undefined && { upn: person }), ...claims }
      return { issuer, audience, now, trap: trapAddress, rsa, rsaToo, ec, attacker, retired, foreign, weak, claims: who }
    },
    actorScene: (acting, now) => actorSceneOf(acting, { now, trap: trapAddress, certificates }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([close(), trap.close()])
    },
  } satisfies LocalIssuer)
}

/** SIDs are for those who know people by them: nobody is said to. */
const sid = (number: number): string => `s-1-5-21-1-2-3-${number}`

function actorSceneOf(
  acting: KnownActing,
  { now, trap, certificates }: Pick<IssuerKeys, 'certificates'> & { readonly now: number; readonly trap: string },
): ActorScene {
  const [clientId = '', host = ''] = acting.principal.replace(/@[^@]*$/, '').split('/')
  const domain = acting.person.slice(acting.person.indexOf('@') + 1)
  const { sts, otherSts, endedSts, partner, endedPartner, otherPartner, ungranted, limited, attacker } = certificates
  return {
    now,
    trap,
    own: { clientId, host },
    realm: KIT_REALM,
    otherRealm: OTHER_REALM,
    sts,
    otherSts,
    endedSts,
    partner: { clientId: acting.actor, key: partner, endedKey: endedPartner },
    otherPartner: { clientId: SERVERS.other, key: otherPartner },
    unsignedPartner: { clientId: SERVERS.unsigned },
    ungrantedPartner: { clientId: SERVERS.ungranted, key: ungranted },
    limitedPartner: { clientId: SERVERS.limited, key: limited },
    attacker,
    users: {
      good: { upn: acting.person, sid: sid(1001) },
      second: { upn: acting.secondPerson ?? `nobody-else@${domain}`, sid: sid(1002), puid: '10032001e2cbe43b' },
      ambiguous: acting.ambiguous ?? `two@${domain}`,
      disabled: acting.disabled ?? `disabled@${domain}`,
      administrator: acting.administrator ?? `administrator@${domain}`,
      unknown: `nobody-at-all@${domain}`,
      foreign: { upn: 'eve@elsewhere.example', sid: 's-1-5-21-9-9-9-1001', puid: '10032001ffffffff' },
    },
    withoutSids: true,
  }
}
