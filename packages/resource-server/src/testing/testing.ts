/** For tests of this repository alone: hostile server-to-server tokens and certificates. Not part of what is published. */
export { ActorBench, type ActorScene, type HostileActorToken, type ServerKey } from './actor-bench.ts'
export { hostileActorTokens } from './hostile-actor-tokens.ts'
export { makeSelfSigned } from './self-signed.ts'
