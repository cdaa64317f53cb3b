/** For tests of this repository alone: certificates. Hostile tokens are in @postern/conformance/hostile-tokens. Not part of what is published. */
export { makeSelfSigned } from './self-signed.ts'
