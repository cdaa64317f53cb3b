/**
 * What an issuer owes to everybody's safety: one module a behaviour, in the order of the report. Most need a person who signs in.
 * To add one: a file here and a line.
 */
import type { ConformanceModule } from '../../conformance-module.ts'
import advertisesOnlyS256ForPkce from './advertises-only-s256-for-pkce.ts'
import answersTokenErrorsAsTheStandardSays from './answers-token-errors-as-the-standard-says.ts'
import answersUnknownClientsLikeWrongSecrets from './answers-unknown-clients-like-wrong-secrets.ts'
import answersWhereverItSaysSo from './answers-wherever-it-says-so.ts'
import asksConfidentialClientsForProofEverywhere from './asks-confidential-clients-for-proof-everywhere.ts'
import bindsACodeToItsClient from './binds-a-code-to-its-client.ts'
import bindsACodeToItsRedirectAddress from './binds-a-code-to-its-redirect-address.ts'
import bindsADeviceCodeToItsClient from './binds-a-device-code-to-its-client.ts'
import bindsAPushedRequestToItsClient from './binds-a-pushed-request-to-its-client.ts'
import bindsARefreshTokenToItsClient from './binds-a-refresh-token-to-its-client.ts'
import bindsTokensToTheKeyThatAsked from './binds-tokens-to-the-key-that-asked.ts'
import checksTheCodeVerifier from './checks-the-code-verifier.ts'
import comparesRedirectAddressesExactly from './compares-redirect-addresses-exactly.ts'
import endsAFamilyByRevocation from './ends-a-family-by-revocation.ts'
import endsCodesWithinTenMinutes from './ends-codes-within-ten-minutes.ts'
import endsPushedRequestsInTime from './ends-pushed-requests-in-time.ts'
import escapesWhatItRepeats from './escapes-what-it-repeats.ts'
import forbidsCachingOfTokenAnswers from './forbids-caching-of-token-answers.ts'
import forbidsCachingWhereverATokenIs from './forbids-caching-wherever-a-token-is.ts'
import givesTokensForKnownResourcesAlone from './gives-tokens-for-known-resources-alone.ts'
import judgesClientAssertionsStrictly from './judges-client-assertions-strictly.ts'
import keepsGrantsToClientsThatHaveThem from './keeps-grants-to-clients-that-have-them.ts'
import keepsIntrospectionToKnownCallers from './keeps-introspection-to-known-callers.ts'
import leaksNothingByTheReferrer from './leaks-nothing-by-the-referrer.ts'
import leavesOneSuccessorOfParallelRefreshes from './leaves-one-successor-of-parallel-refreshes.ts'
import letsClientsOnLoopbackChooseTheirPort from './lets-clients-on-loopback-choose-their-port.ts'
import letsNoForeignScriptReadItsAuthorizationEndpoint from './lets-no-foreign-script-read-its-authorization-endpoint.ts'
import letsNobodyFrameItsPages from './lets-nobody-frame-its-pages.ts'
import namesItselfBesideEveryCode from './names-itself-beside-every-code.ts'
import namesItselfExactlyInItsMetadata from './names-itself-exactly-in-its-metadata.ts'
import namesItselfInAuthorizationResponses from './names-itself-in-authorization-responses.ts'
import offersNoWeakWay from './offers-no-weak-way.ts'
import pacesDevices from './paces-devices.ts'
import publishesOnlyStrongSigningKeys from './publishes-only-strong-signing-keys.ts'
import redeemsADeviceCodeOnce from './redeems-a-device-code-once.ts'
import redeemsNoCodeTwice from './redeems-no-code-twice.ts'
import refusesABoundTokenAsABearerToken from './refuses-a-bound-token-as-a-bearer-token.ts'
import refusesAForeignRedirectAddress from './refuses-a-foreign-redirect-address.ts'
import refusesAnUnknownClientWithoutRedirecting from './refuses-an-unknown-client-without-redirecting.ts'
import refusesDuplicateParameters from './refuses-duplicate-parameters.ts'
import refusesPkceInThePlain from './refuses-pkce-in-the-plain.ts'
import refusesTheImplicitFlow from './refuses-the-implicit-flow.ts'
import refusesThePasswordGrant from './refuses-the-password-grant.ts'
import requiresPkceOfPublicClients from './requires-pkce-of-public-clients.ts'
import rotatesRefreshTokensOfPublicClients from './rotates-refresh-tokens-of-public-clients.ts'
import saysOnlyInactiveOfDeadTokens from './says-only-inactive-of-dead-tokens.ts'
import saysOnlyInactiveOfExpiredTokens from './says-only-inactive-of-expired-tokens.ts'
import saysTheSameAtBothAddresses from './says-the-same-at-both-addresses.ts'
import sendsCredentialsOnToNobody from './sends-credentials-on-to-nobody.ts'
import sendsNobodyWhereAParameterSays from './sends-nobody-where-a-parameter-says.ts'
import signsPeopleInForTheClientsThatItIsTestedWith from './signs-people-in-for-the-clients-that-it-is-tested-with.ts'
import takesAClientAssertionOnce from './takes-a-client-assertion-once.ts'
import takesADpopProofOnce from './takes-a-dpop-proof-once.ts'
import takesEachTokenInItsOwnPlaceAlone from './takes-each-token-in-its-own-place-alone.ts'
import takesItsAddressFromNoHeader from './takes-its-address-from-no-header.ts'
import takesOnlyRightDpopProofs from './takes-only-right-dpop-proofs.ts'
import takesOnlyTheRegisteredProofOfAClient from './takes-only-the-registered-proof-of-a-client.ts'
import tellsADeviceThatItWasDenied from './tells-a-device-that-it-was-denied.ts'
import tellsNothingByRevocation from './tells-nothing-by-revocation.ts'
import tellsOnlyOwnersAboutTokens from './tells-only-owners-about-tokens.ts'
import usesAPushedRequestOnce from './uses-a-pushed-request-once.ts'
import widensNoScopeOnRefresh from './widens-no-scope-on-refresh.ts'
import writesAccessTokensAsRfc9068Says from './writes-access-tokens-as-rfc-9068-says.ts'
import writesUserCodesThatNobodyGuesses from './writes-user-codes-that-nobody-guesses.ts'

export const issuerModules: readonly ConformanceModule[] = Object.freeze([
  // The metadata.
  namesItselfExactlyInItsMetadata,
  saysTheSameAtBothAddresses,
  answersWhereverItSaysSo,
  offersNoWeakWay,
  takesItsAddressFromNoHeader,
  advertisesOnlyS256ForPkce,
  publishesOnlyStrongSigningKeys,
  // The authorization endpoint.
  signsPeopleInForTheClientsThatItIsTestedWith,
  refusesAnUnknownClientWithoutRedirecting,
  refusesAForeignRedirectAddress,
  comparesRedirectAddressesExactly,
  letsClientsOnLoopbackChooseTheirPort,
  sendsNobodyWhereAParameterSays,
  refusesTheImplicitFlow,
  refusesPkceInThePlain,
  requiresPkceOfPublicClients,
  refusesThePasswordGrant,
  keepsGrantsToClientsThatHaveThem,
  refusesDuplicateParameters,
  namesItselfInAuthorizationResponses,
  namesItselfBesideEveryCode,
  // Its pages.
  letsNobodyFrameItsPages,
  letsNoForeignScriptReadItsAuthorizationEndpoint,
  leaksNothingByTheReferrer,
  escapesWhatItRepeats,
  sendsCredentialsOnToNobody,
  // Codes.
  checksTheCodeVerifier,
  redeemsNoCodeTwice,
  bindsACodeToItsClient,
  bindsACodeToItsRedirectAddress,
  endsCodesWithinTenMinutes,
  // Tokens.
  rotatesRefreshTokensOfPublicClients,
  leavesOneSuccessorOfParallelRefreshes,
  widensNoScopeOnRefresh,
  bindsARefreshTokenToItsClient,
  givesTokensForKnownResourcesAlone,
  takesEachTokenInItsOwnPlaceAlone,
  writesAccessTokensAsRfc9068Says,
  // Answers of the token endpoint.
  answersTokenErrorsAsTheStandardSays,
  forbidsCachingOfTokenAnswers,
  forbidsCachingWhereverATokenIs,
  // Clients.
  asksConfidentialClientsForProofEverywhere,
  takesOnlyTheRegisteredProofOfAClient,
  judgesClientAssertionsStrictly,
  takesAClientAssertionOnce,
  answersUnknownClientsLikeWrongSecrets,
  // Revocation and introspection.
  endsAFamilyByRevocation,
  tellsNothingByRevocation,
  keepsIntrospectionToKnownCallers,
  saysOnlyInactiveOfDeadTokens,
  saysOnlyInactiveOfExpiredTokens,
  tellsOnlyOwnersAboutTokens,
  // Pushed requests.
  usesAPushedRequestOnce,
  bindsAPushedRequestToItsClient,
  endsPushedRequestsInTime,
  // Bound tokens.
  takesOnlyRightDpopProofs,
  takesADpopProofOnce,
  bindsTokensToTheKeyThatAsked,
  refusesABoundTokenAsABearerToken,
  // Devices.
  writesUserCodesThatNobodyGuesses,
  pacesDevices,
  redeemsADeviceCodeOnce,
  bindsADeviceCodeToItsClient,
  tellsADeviceThatItWasDenied,
])
