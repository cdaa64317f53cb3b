/**
 * hostile-tokens makes tokens that must be refused, one or more for each known way to attack a validator: m1 to m130 for access
 * tokens, A1 to A50 for what servers send each other. Each is the good token of its scene with one thing wrong, and signed again
 * with the right key where that makes it harder. It is the one list; who presents the tokens holds their own table of what they
 * answer. The front door of this folder.
 */
export { hostileTokens, notPresentable } from './access-tokens.ts'
export {
  ActorBench,
  type ActorScene,
  type HostilePair,
  type Members,
  type PairRequest,
  type ServerKey,
  signServerText,
} from './actor-bench.ts'
export { hostileActorTokens, notPresentablePairs } from './actor-tokens.ts'
export { Bench, type Demand, type HostileToken, type Scene } from './bench.ts'
export { makeRocaKey } from './roca-key.ts'
export { base64url, makeSigningKey, type SigningKey, signatureOver, signText, underKid, withJwk } from './signing-key.ts'
