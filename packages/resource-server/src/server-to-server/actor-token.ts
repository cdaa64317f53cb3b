import type { ActorTokenUser, ActorTokenValidator, ActorTokenValidatorOptions } from './actor-token-contract.ts'

export function createActorTokenValidator<User extends ActorTokenUser>(
  options: ActorTokenValidatorOptions<User>,
): ActorTokenValidator<User> {
  throw new TypeError(`not built yet: ${String(options.audience)}`)
}
