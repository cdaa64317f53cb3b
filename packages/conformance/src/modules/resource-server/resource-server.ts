/** What a guarded resource server owes: one module a behaviour, in the order of the report. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'
import acceptsNoTokenInTheAddress from './accepts-no-token-in-the-address.ts'
import asksForAStrongerSignIn from './asks-for-a-stronger-sign-in.ts'
import asksForTheScopeThatIsMissing from './asks-for-the-scope-that-is-missing.ts'
import believesNoUnsignedOrForeignActor from './believes-no-unsigned-or-foreign-actor.ts'
import bindsUserTokensToTheirActor from './binds-user-tokens-to-their-actor.ts'
import challengesAnEmptyBearerWithoutAnError from './challenges-an-empty-bearer-without-an-error.ts'
import describesItselfConsistently from './describes-itself-consistently.ts'
import findsPeopleInTheRealmOfTheActorAlone from './finds-people-in-the-realm-of-the-actor-alone.ts'
import forgetsKeysThatItsIssuerWithdrew from './forgets-keys-that-its-issuer-withdrew.ts'
import holdsActorTokensToTheirTime from './holds-actor-tokens-to-their-time.ts'
import holdsWhatATokenIsBoundTo from './holds-what-a-token-is-bound-to.ts'
import knowsForWhomATokenWasGiven from './knows-for-whom-a-token-was-given.ts'
import learnsNewKeysOfItsIssuer from './learns-new-keys-of-its-issuer.ts'
import letsServersActOnlyWhereGranted from './lets-servers-act-only-where-granted.ts'
import namesItsIssuerInItsResourceMetadata from './names-its-issuer-in-its-resource-metadata.ts'
import opensForEveryGoodTokenOfItsIssuer from './opens-for-every-good-token-of-its-issuer.ts'
import opensNothingForAForeignPassword from './opens-nothing-for-a-foreign-password.ts'
import opensNothingWithoutAToken from './opens-nothing-without-a-token.ts'
import readsEveryTimeInAToken from './reads-every-time-in-a-token.ts'
import readsJsonStrictly from './reads-json-strictly.ts'
import readsTheCompactFormAlone from './reads-the-compact-form-alone.ts'
import refusesATamperedToken from './refuses-a-tampered-token.ts'
import refusesATokenSignedByAnyoneElse from './refuses-a-token-signed-by-anyone-else.ts'
import refusesAnUnsignedToken from './refuses-an-unsigned-token.ts'
import refusesEveryAlgorithmButThatOfTheKey from './refuses-every-algorithm-but-that-of-the-key.ts'
import refusesHeadersThatItDoesNotUnderstand from './refuses-headers-that-it-does-not-understand.ts'
import refusesSignaturesThatDoNotHold from './refuses-signatures-that-do-not-hold.ts'
import refusesTokensFromOthersAndForOthers from './refuses-tokens-from-others-and-for-others.ts'
import takesAPairOfTokensOfAnActingServer from './takes-a-pair-of-tokens-of-an-acting-server.ts'
import takesActorTokensForItselfAlone from './takes-actor-tokens-for-itself-alone.ts'
import takesKeysFromItsIssuerAlone from './takes-keys-from-its-issuer-alone.ts'
import takesOneAuthorizationHeader from './takes-one-authorization-header.ts'
import takesTokensFromTheAuthorizationHeaderAlone from './takes-tokens-from-the-authorization-header-alone.ts'
import tellsKindsOfTokensApart from './tells-kinds-of-tokens-apart.ts'
import verifiesWithNoWeakKey from './verifies-with-no-weak-key.ts'
import writesChallengesThatClientsCanRead from './writes-challenges-that-clients-can-read.ts'
import writesDiagnosticsAsClientsReadThem from './writes-diagnostics-as-clients-read-them.ts'

export const resourceServerModules: readonly ConformanceModule[] = Object.freeze([
  opensNothingWithoutAToken,
  challengesAnEmptyBearerWithoutAnError,
  writesChallengesThatClientsCanRead,
  opensForEveryGoodTokenOfItsIssuer,
  refusesATamperedToken,
  refusesAnUnsignedToken,
  refusesATokenSignedByAnyoneElse,
  refusesEveryAlgorithmButThatOfTheKey,
  refusesSignaturesThatDoNotHold,
  verifiesWithNoWeakKey,
  takesKeysFromItsIssuerAlone,
  readsTheCompactFormAlone,
  readsJsonStrictly,
  refusesHeadersThatItDoesNotUnderstand,
  tellsKindsOfTokensApart,
  refusesTokensFromOthersAndForOthers,
  readsEveryTimeInAToken,
  knowsForWhomATokenWasGiven,
  holdsWhatATokenIsBoundTo,
  asksForTheScopeThatIsMissing,
  asksForAStrongerSignIn,
  acceptsNoTokenInTheAddress,
  takesTokensFromTheAuthorizationHeaderAlone,
  takesOneAuthorizationHeader,
  describesItselfConsistently,
  namesItsIssuerInItsResourceMetadata,
  writesDiagnosticsAsClientsReadThem,
  opensNothingForAForeignPassword,
  takesAPairOfTokensOfAnActingServer,
  believesNoUnsignedOrForeignActor,
  bindsUserTokensToTheirActor,
  takesActorTokensForItselfAlone,
  findsPeopleInTheRealmOfTheActorAlone,
  letsServersActOnlyWhereGranted,
  holdsActorTokensToTheirTime,
  learnsNewKeysOfItsIssuer,
  forgetsKeysThatItsIssuerWithdrew,
])
