import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { SigningKey } from '@postern/storage'
import { ExternalSigningKey, type Provider } from 'oidc-provider'
import { type Signer, signBytes, toSigner } from './issued-jwt.ts'

/**
 * One of our keys as oidc-provider signs with it: by issued-jwt.ts, never exported as JWK.
 *
 * oidc-provider gives ID tokens no `typ`; ours say `JWT`. So a header without `typ` is signed as if it had one, and
 * {@link typeIdTokens} puts the signed header in place. A token that misses the second half does not verify.
 */
export class ProviderSigningKey extends ExternalSigningKey {
  readonly #signer: Signer
  readonly #publicKey: KeyObject

  constructor(key: SigningKey) {
    super()
    this.#signer = toSigner(key)
    this.#publicKey = createPublicKey(new X509Certificate(key.certificate).publicKey.export({ format: 'pem', type: 'spki' }))
  }

  override get kid(): string {
    return this.#signer.kid
  }

  override get alg(): string {
    return this.#signer.algorithm
  }

  override keyObject(): KeyObject {
    return this.#publicKey
  }

  override async sign(data: Uint8Array): Promise<Buffer> {
    return signBytes(Buffer.from(withTypedHeader(Buffer.from(data).toString('latin1')), 'latin1'), this.#signer)
  }
}

/** `header.payload[.signature]` with `typ: JWT` where the header says none. Pure; the same input gives the same bytes. */
export function withTypedHeader(compact: string): string {
  const end = compact.indexOf('.')
  const header = JSON.parse(Buffer.from(compact.slice(0, end), 'base64url').toString('utf8')) as Record<string, unknown> // made by oidc-provider
  if (header.typ !== undefined) return compact
  return `${Buffer.from(JSON.stringify({ ...header, typ: 'JWT' }), 'utf8').toString('base64url')}${compact.slice(end)}`
}

/** Puts the header that was signed into the ID tokens of this provider. */
export function typeIdTokens(provider: Provider): void {
  const prototype = provider.IdToken.prototype as unknown as { issue(context: unknown): Promise<string> } // upstream leaves it out
  const issue = prototype.issue
  prototype.issue = async function issueTyped(context) {
    return withTypedHeader(await issue.call(this, context))
  }
}
