/** Every behaviour that the kit knows, in the order of its report. To add one: a file in modules/ and a line here. */
import type { ConformanceModule } from './conformance-module.ts'
import acceptsNoTokenInTheAddress from './modules/accepts-no-token-in-the-address.ts'
import actsOnlyWithATokenForTheActingServer from './modules/acts-only-with-a-token-for-the-acting-server.ts'
import answersWithStringsOrNumbersByEndpoint from './modules/answers-with-strings-or-numbers-by-endpoint.ts'
import challengesAnEmptyBearerWithoutAnError from './modules/challenges-an-empty-bearer-without-an-error.ts'
import describesItselfConsistently from './modules/describes-itself-consistently.ts'
import givesNoTokenForAnUnregisteredResource from './modules/gives-no-token-for-an-unregistered-resource.ts'
import { issuerModules } from './modules/issuer/issuer.ts'
import letsNobodyActByATokenOfActing from './modules/lets-nobody-act-by-a-token-of-acting.ts'
import namesAConcreteRealm from './modules/names-a-concrete-realm.ts'
import namesOnePlaceToAskForActorTokens from './modules/names-one-place-to-ask-for-actor-tokens.ts'
import namesTheActingServerInTokensForPeople from './modules/names-the-acting-server-in-tokens-for-people.ts'
import namesTheSameCertificatesInItsFederationMetadata from './modules/names-the-same-certificates-in-its-federation-metadata.ts'
import publishesCertificatesThatMatchTheirThumbprints from './modules/publishes-certificates-that-match-their-thumbprints.ts'
import refusesATamperedToken from './modules/refuses-a-tampered-token.ts'
import refusesATokenSignedByAnyoneElse from './modules/refuses-a-token-signed-by-anyone-else.ts'
import refusesAnUnsignedToken from './modules/refuses-an-unsigned-token.ts'
import refusesAssertionsForSomebodyElse from './modules/refuses-assertions-for-somebody-else.ts'
import refusesAssertionsThatLiveTooLong from './modules/refuses-assertions-that-live-too-long.ts'
import refusesKeysInsideAnAssertion from './modules/refuses-keys-inside-an-assertion.ts'
import refusesServersWithTheErrorFirst from './modules/refuses-servers-with-the-error-first.ts'
import refusesTheCertificateOfAnother from './modules/refuses-the-certificate-of-another.ts'
import refusesUnsignedAssertions from './modules/refuses-unsigned-assertions.ts'
import refusesUnsignedUserTokens from './modules/refuses-unsigned-user-tokens.ts'
import takesAnAssertionOnce from './modules/takes-an-assertion-once.ts'
import takesAssertionsAsTheOriginalWritesThem from './modules/takes-assertions-as-the-original-writes-them.ts'
import tellsNobodyWhichServersItKnows from './modules/tells-nobody-which-servers-it-knows.ts'
import widensNoScopeForAnActingServer from './modules/widens-no-scope-for-an-acting-server.ts'
import writesActorTokensAsServersReadThem from './modules/writes-actor-tokens-as-servers-read-them.ts'

export const modules: readonly ConformanceModule[] = Object.freeze([
  ...issuerModules,
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
