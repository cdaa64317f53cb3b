/**
 * An issuer for tests: keys, metadata, and a `fetch` that serves both and counts.
 *
 * @module
 */
import { type SigningKey, signText } from '@postern/conformance/hostile-tokens'

/** A `fetch` over fixed documents that counts what was asked of it. A document may be a function: it is called each time. */
export class DocumentServer {
  readonly asked: string[] = []
  readonly documents = new Map<string, unknown>()
  /** True: every request fails like an unplugged cable. */
  down = false

  readonly fetch: typeof fetch = async (input) => {
    const url = String(input instanceof Request ? input.url : input)
    this.asked.push(url)
    if (this.down) throw new TypeError('fetch failed')
    const document = this.documents.get(url)
    if (document instanceof Response) return document.clone()
    return document === undefined ? new Response('no', { status: 404 }) : Response.json(document)
  }
}

export class FakeIssuer {
  readonly issuer: string
  readonly server: DocumentServer
  keys: SigningKey[]

  constructor(server: DocumentServer, issuer: string, keys: SigningKey[]) {
    this.server = server
    this.issuer = issuer
    this.keys = keys
    this.publish()
  }

  /** Puts metadata and the public halves of `keys` where a validator looks for them. */
  publish(): void {
    const jwksUri = `${this.issuer}/keys`
    this.server.documents.set(`${this.issuer}/.well-known/openid-configuration`, { issuer: this.issuer, jwks_uri: jwksUri })
    this.server.documents.set(jwksUri, { keys: this.keys.map((key) => key.jwk) })
  }

  get key(): SigningKey {
    const [first] = this.keys
    if (first === undefined) throw new TypeError('this issuer has no key')
    return first
  }

  header(key: SigningKey = this.key): Record<string, unknown> {
    return { alg: key.alg, typ: 'at+jwt', kid: key.kid }
  }

  /** A good access token, with the given members of header and payload changed (undefined removes one). */
  token(claims: Record<string, unknown>, changes: { header?: Record<string, unknown>; key?: SigningKey } = {}): string {
    const key = changes.key ?? this.key
    return signText(
      JSON.stringify({ ...this.header(key), ...changes.header }),
      JSON.stringify({ iss: this.issuer, ...claims }),
      key,
    )
  }
}
