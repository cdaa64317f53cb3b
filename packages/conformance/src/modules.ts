/** Every behaviour that the kit knows, in the order of its report. To add one: a file in modules/ and a line here. */
import type { ConformanceModule } from './conformance-module.ts'
import acceptsNoTokenInTheAddress from './modules/accepts-no-token-in-the-address.ts'
import actsOnlyWithATokenForTheActingServer from './modules/acts-only-with-a-token-for-the-acting-server.ts'
import advertisesOnlyS256ForPkce from './modules/advertises-only-s256-for-pkce.ts'
import answersTokenErrorsAsTheStandardSays from './modules/answers-token-errors-as-the-standard-says.ts'
import answersWithStringsOrNumbersByEndpoint from './modules/answers-with-strings-or-numbers-by-endpoint.ts'
import challengesAnEmptyBearerWithoutAnError from './modules/challenges-an-empty-bearer-without-an-error.ts'
import describesItselfConsistently from './modules/describes-itself-consistently.ts'
import forbidsCachingOfTokenAnswers from './modules/forbids-caching-of-token-answers.ts'
import givesNoTokenForAnUnregisteredResource from './modules/gives-no-token-for-an-unregistered-resource.ts'
import keepsIntrospectionToKnownCallers from './modules/keeps-introspection-to-known-callers.ts'
import letsNobodyActByATokenOfActing from './modules/lets-nobody-act-by-a-token-of-acting.ts'
import namesAConcreteRealm from './modules/names-a-concrete-realm.ts'
import namesItselfExactlyInItsMetadata from './modules/names-itself-exactly-in-its-metadata.ts'
import namesItselfInAuthorizationResponses from './modules/names-itself-in-authorization-responses.ts'
import namesOnePlaceToAskForActorTokens from './modules/names-one-place-to-ask-for-actor-tokens.ts'
import namesTheActingServerInTokensForPeople from './modules/names-the-acting-server-in-tokens-for-people.ts'
import namesTheSameCertificatesInItsFederationMetadata from './modules/names-the-same-certificates-in-its-federation-metadata.ts'
import publishesCertificatesThatMatchTheirThumbprints from './modules/publishes-certificates-that-match-their-thumbprints.ts'
import publishesOnlyStrongSigningKeys from './modules/publishes-only-strong-signing-keys.ts'
import refusesAForeignRedirectAddress from './modules/refuses-a-foreign-redirect-address.ts'
import refusesATamperedToken from './modules/refuses-a-tampered-token.ts'
import refusesATokenSignedByAnyoneElse from './modules/refuses-a-token-signed-by-anyone-else.ts'
import refusesAnUnknownClientWithoutRedirecting from './modules/refuses-an-unknown-client-without-redirecting.ts'
import refusesAnUnsignedToken from './modules/refuses-an-unsigned-token.ts'
import refusesAssertionsForSomebodyElse from './modules/refuses-assertions-for-somebody-else.ts'
import refusesAssertionsThatLiveTooLong from './modules/refuses-assertions-that-live-too-long.ts'
import refusesDuplicateParameters from './modules/refuses-duplicate-parameters.ts'
import refusesKeysInsideAnAssertion from './modules/refuses-keys-inside-an-assertion.ts'
import refusesPkceInThePlain from './modules/refuses-pkce-in-the-plain.ts'
import refusesServersWithTheErrorFirst from './modules/refuses-servers-with-the-error-first.ts'
import refusesTheCertificateOfAnother from './modules/refuses-the-certificate-of-another.ts'
import refusesTheImplicitFlow from './modules/refuses-the-implicit-flow.ts'
import refusesThePasswordGrant from './modules/refuses-the-password-grant.ts'
import refusesUnsignedAssertions from './modules/refuses-unsigned-assertions.ts'
import refusesUnsignedUserTokens from './modules/refuses-unsigned-user-tokens.ts'
import takesAnAssertionOnce from './modules/takes-an-assertion-once.ts'
import takesAssertionsAsTheOriginalWritesThem from './modules/takes-assertions-as-the-original-writes-them.ts'
import tellsNobodyWhichServersItKnows from './modules/tells-nobody-which-servers-it-knows.ts'
import widensNoScopeForAnActingServer from './modules/widens-no-scope-for-an-acting-server.ts'
import writesActorTokensAsServersReadThem from './modules/writes-actor-tokens-as-servers-read-them.ts'

export const modules: readonly ConformanceModule[] = Object.freeze([
  namesItselfExactlyInItsMetadata,
  advertisesOnlyS256ForPkce,
  publishesOnlyStrongSigningKeys,
  refusesAnUnknownClientWithoutRedirecting,
  refusesAForeignRedirectAddress,
  refusesTheImplicitFlow,
  refusesPkceInThePlain,
  refusesThePasswordGrant,
  refusesDuplicateParameters,
  namesItselfInAuthorizationResponses,
  answersTokenErrorsAsTheStandardSays,
  forbidsCachingOfTokenAnswers,
  keepsIntrospectionToKnownCallers,
  challengesAnEmptyBearerWithoutAnError,
  refusesATamperedToken,
  refusesAnUnsignedToken,
  refusesATokenSignedByAnyoneElse,
  acceptsNoTokenInTheAddress,
  describesItselfConsistently,
  namesOnePlaceToAskForActorTokens,
  namesAConcreteRealm,
  publishesCertificatesThatMatchTheirThumbprints,
  namesTheSameCertificatesInItsFederationMetadata,
  writesActorTokensAsServersReadThem,
  answersWithStringsOrNumbersByEndpoint,
  takesAssertionsAsTheOriginalWritesThem,
  refusesServersWithTheErrorFirst,
  refusesUnsignedAssertions,
  refusesKeysInsideAnAssertion,
  refusesTheCertificateOfAnother,
  tellsNobodyWhichServersItKnows,
  refusesAssertionsThatLiveTooLong,
  refusesAssertionsForSomebodyElse,
  takesAnAssertionOnce,
  givesNoTokenForAnUnregisteredResource,
  actsOnlyWithATokenForTheActingServer,
  namesTheActingServerInTokensForPeople,
  widensNoScopeForAnActingServer,
  letsNobodyActByATokenOfActing,
  refusesUnsignedUserTokens,
])
