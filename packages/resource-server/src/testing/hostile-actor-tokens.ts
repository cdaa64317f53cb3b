/**
 * hostile-actor-tokens makes server-to-server tokens that must be refused, one or more for each class A1 to A50.
 *
 * Each is the good pair of its scene, an actor token of the service inside a user token of the acting server, with one thing wrong, and signed
 * again with the right keys where that makes it harder. Classes that are an event and not a token (A43, A44) are tests of their own.
 * @module
 */
import { ActorBench, type ActorScene, type HostileActorToken } from './actor-bench.ts'
import { hostileActorBindings } from './hostile-actor-bindings.ts'
import { hostileActorGrants } from './hostile-actor-grants.ts'
import { hostileActorSignatures } from './hostile-actor-signatures.ts'
import { hostileActorUsers } from './hostile-actor-users.ts'

/** All hostile tokens of a scene. */
export function hostileActorTokens(scene: ActorScene): readonly HostileActorToken[] {
  const bench = new ActorBench(scene)
  return [
    ...hostileActorSignatures(bench),
    ...hostileActorBindings(bench),
    ...hostileActorUsers(bench),
    ...hostileActorGrants(bench),
  ]
}
