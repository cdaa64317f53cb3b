/** Every behaviour that the kit knows, in the order of its report. To add one: a file in modules/ and a line here. */
import type { ConformanceModule } from './conformance-module.ts'
import acceptsNoTokenInTheAddress from './modules/accepts-no-token-in-the-address.ts'
import advertisesOnlyS256ForPkce from './modules/advertises-only-s256-for-pkce.ts'
import answersTokenErrorsAsTheStandardSays from './modules/answers-token-errors-as-the-standard-says.ts'
import challengesAnEmptyBearerWithoutAnError from './modules/challenges-an-empty-bearer-without-an-error.ts'
import describesItselfConsistently from './modules/describes-itself-consistently.ts'
import forbidsCachingOfTokenAnswers from './modules/forbids-caching-of-token-answers.ts'
import keepsIntrospectionToKnownCallers from './modules/keeps-introspection-to-known-callers.ts'
import namesItselfExactlyInItsMetadata from './modules/names-itself-exactly-in-its-metadata.ts'
import namesItselfInAuthorizationResponses from './modules/names-itself-in-authorization-responses.ts'
import publishesOnlyStrongSigningKeys from './modules/publishes-only-strong-signing-keys.ts'
import refusesAForeignRedirectAddress from './modules/refuses-a-foreign-redirect-address.ts'
import refusesATamperedToken from './modules/refuses-a-tampered-token.ts'
import refusesATokenSignedByAnyoneElse from './modules/refuses-a-token-signed-by-anyone-else.ts'
import refusesAnUnknownClientWithoutRedirecting from './modules/refuses-an-unknown-client-without-redirecting.ts'
import refusesAnUnsignedToken from './modules/refuses-an-unsigned-token.ts'
import refusesDuplicateParameters from './modules/refuses-duplicate-parameters.ts'
import refusesPkceInThePlain from './modules/refuses-pkce-in-the-plain.ts'
import refusesTheImplicitFlow from './modules/refuses-the-implicit-flow.ts'
import refusesThePasswordGrant from './modules/refuses-the-password-grant.ts'

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
])
