/** What servers ask of the issuer for each other: one module a behaviour, in the order of the report. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'
import actsOnlyWithATokenForTheActingServer from './acts-only-with-a-token-for-the-acting-server.ts'
import answersWithStringsOrNumbersByEndpoint from './answers-with-strings-or-numbers-by-endpoint.ts'
import givesNoTokenForAnUnregisteredResource from './gives-no-token-for-an-unregistered-resource.ts'
import letsNobodyActByATokenOfActing from './lets-nobody-act-by-a-token-of-acting.ts'
import namesAConcreteRealm from './names-a-concrete-realm.ts'
import namesOnePlaceToAskForActorTokens from './names-one-place-to-ask-for-actor-tokens.ts'
import namesTheActingServerInTokensForPeople from './names-the-acting-server-in-tokens-for-people.ts'
import namesTheSameCertificatesInItsFederationMetadata from './names-the-same-certificates-in-its-federation-metadata.ts'
import publishesCertificatesThatMatchTheirThumbprints from './publishes-certificates-that-match-their-thumbprints.ts'
import refusesAssertionsForSomebodyElse from './refuses-assertions-for-somebody-else.ts'
import refusesAssertionsThatLiveTooLong from './refuses-assertions-that-live-too-long.ts'
import refusesKeysInsideAnAssertion from './refuses-keys-inside-an-assertion.ts'
import refusesServersWithTheErrorFirst from './refuses-servers-with-the-error-first.ts'
import refusesTheCertificateOfAnother from './refuses-the-certificate-of-another.ts'
import refusesUnsignedAssertions from './refuses-unsigned-assertions.ts'
import refusesUnsignedUserTokens from './refuses-unsigned-user-tokens.ts'
import takesAnAssertionOnce from './takes-an-assertion-once.ts'
import takesAssertionsAsTheOriginalWritesThem from './takes-assertions-as-the-original-writes-them.ts'
import tellsNobodyWhichServersItKnows from './tells-nobody-which-servers-it-knows.ts'
import widensNoScopeForAnActingServer from './widens-no-scope-for-an-acting-server.ts'
import writesActorTokensAsServersReadThem from './writes-actor-tokens-as-servers-read-them.ts'

export const serverToServerModules: readonly ConformanceModule[] = Object.freeze([
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
