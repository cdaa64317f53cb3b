/** What an issuer owes to everybody's safety: one module a behaviour, in the order of the report. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'
import advertisesOnlyS256ForPkce from './advertises-only-s256-for-pkce.ts'
import answersTokenErrorsAsTheStandardSays from './answers-token-errors-as-the-standard-says.ts'
import forbidsCachingOfTokenAnswers from './forbids-caching-of-token-answers.ts'
import keepsIntrospectionToKnownCallers from './keeps-introspection-to-known-callers.ts'
import namesItselfExactlyInItsMetadata from './names-itself-exactly-in-its-metadata.ts'
import namesItselfInAuthorizationResponses from './names-itself-in-authorization-responses.ts'
import publishesOnlyStrongSigningKeys from './publishes-only-strong-signing-keys.ts'
import refusesAForeignRedirectAddress from './refuses-a-foreign-redirect-address.ts'
import refusesAnUnknownClientWithoutRedirecting from './refuses-an-unknown-client-without-redirecting.ts'
import refusesDuplicateParameters from './refuses-duplicate-parameters.ts'
import refusesPkceInThePlain from './refuses-pkce-in-the-plain.ts'
import refusesTheImplicitFlow from './refuses-the-implicit-flow.ts'
import refusesThePasswordGrant from './refuses-the-password-grant.ts'

export const issuerModules: readonly ConformanceModule[] = Object.freeze([
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
])
