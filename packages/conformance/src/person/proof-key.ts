/** A fresh pair for PKCE (RFC 7636 section 4): what is kept, and the S256 challenge that goes with the request. */
import { createHash, randomBytes } from 'node:crypto'

export interface ProofKey {
  readonly verifier: string
  readonly challenge: string
}

export function proofKey(): ProofKey {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}
