/** For tests of this repository alone: hostile server-to-server tokens and certificates. Not part of what is published. */
export {
  ActorBench,
  type ActorScene,
  type HostileActorToken,
  hostileActorTokens,
  type ServerKey,
} from './hostile-actor-tokens.ts'
export { makeSelfSigned } from './self-signed.ts'
