/** The list A1 to A50 as one: pairs of tokens between servers with one thing wrong each, and the spelling that is right. */
import { ActorBench, type ActorScene, type HostilePair } from './actor-bench.ts'
import { actorBindings } from './actor-bindings.ts'
import { actorGrants } from './actor-grants.ts'
import { actorSignatures } from './actor-signatures.ts'
import { actorUsers } from './actor-users.ts'

/** Classes that are an event and not a token. */
export const notPresentablePairs: ReadonlyMap<string, string> = new Map([
  ['A43', 'a pair may be used until it ends, unless the server takes each once: that is its choice'],
])

const accepted = (bench: ActorBench): readonly HostilePair[] => {
  const shouted = bench.audience.replace(bench.scene.own.host, bench.scene.own.host.toUpperCase())
  const inner = () => bench.actor({ claims: { aud: shouted } })
  const good = (id: string, title: string, make: () => string): HostilePair => ({ id, title, expects: 'accepted', make })
  return [
    good('good-pair', 'the pair that all others are made from', () => bench.user()),
    good('A16', 'our host in other letter case, in the user token', () => bench.user({ claims: { aud: shouted } })),
    good('A16-inner', 'our host in other letter case, in the actor token', () => bench.user({ claims: { actortoken: inner() } })),
    good('A16-both', 'our host in other letter case, in both', () =>
      bench.user({ claims: { aud: shouted, actortoken: inner() } }),
    ),
  ]
}

/** All pairs of a scene, the good ones first. `make` signs anew each time that it is called. */
export function hostileActorTokens(scene: ActorScene): readonly HostilePair[] {
  const bench = new ActorBench(scene)
  const wrong = [...actorSignatures(bench), ...actorBindings(bench), ...actorUsers(bench), ...actorGrants(bench)]
  return Object.freeze([...accepted(bench), ...wrong.map((one): HostilePair => Object.freeze({ ...one, expects: 'refused' }))])
}
