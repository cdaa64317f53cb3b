/** The front door of the library: validate tokens, refuse politely, and find the issuer behind a refusal. */
export type { AuthorizationServer } from './authorization-server.ts'
export { type ChallengeErrorName, type ChallengeOptions, challenge } from './challenge.ts'
export { type Challenge, parseChallenges } from './challenge-parser.ts'
export type { AccessTokenClaims } from './claims.ts'
export type { Clock } from './clock.ts'
export { diagnostics, oauthNotAvailableDiagnostics } from './diagnostics.ts'
export { type Discovered, type DiscoveryOptions, discover } from './discovery.ts'
export {
  ChallengeError,
  type ChallengeErrorCode,
  DiscoveryError,
  type DiscoveryErrorCode,
  SaslError,
  type SaslErrorCode,
  TokenError,
  type TokenErrorCode,
  tokenErrorCodes,
} from './errors.ts'
export {
  type Accepted,
  type AcceptedApp,
  type Admitted,
  createGuard,
  type Guard,
  type GuardOptions,
  type GuardWithLegacyOptions,
  type HeaderLine,
  type Judgement,
  type Refused,
  type RefusedApp,
  type RouteDemands,
} from './guard.ts'
export { type KeyKeeper, keepKeysIn } from './kept-keys.ts'
export { hidesAnotherPath, protocolOfExchangePath } from './legacy-auth/exchange-path.ts'
export { createLegacyAuth, type LegacyAuthOptions } from './legacy-auth/legacy-auth.ts'
export {
  type GatedAccepted,
  type GatedAccount,
  type GatedApp,
  type GatedRefused,
  type LegacyAuth,
  type MailProtocol,
  mailProtocols,
  type RequestFacts,
  type RequestHeaders,
} from './legacy-auth/legacy-auth-contract.ts'
export {
  type ProtectedResourceMetadata,
  type ProtectedResourceOptions,
  protectedResourceMetadata,
  protectedResourceMetadataPath,
} from './metadata.ts'
export {
  createRevocationFeed,
  type RevocationFeed,
  type RevocationFeedOptions,
  type RevokedAccess,
} from './revocations/revocation-feed.ts'
export type { IssuedToken, Revocations } from './revocations/revocations-contract.ts'
export {
  parseSasl,
  type SaslErrorChallengeOptions,
  type SaslMechanism,
  type SaslResponse,
  saslErrorChallenge,
  saslErrorFor,
} from './sasl.ts'
export { requireAnyScope, requireAssurance, requireRecentSignIn, requireScope, requireUser } from './scopes.ts'
export { createActorTokenValidator } from './server-to-server/actor-token.ts'
export type {
  Actor,
  ActorIssuer,
  ActorPartner,
  ActorTokenAccepted,
  ActorTokenRequest,
  ActorTokenStatus,
  ActorTokenUse,
  ActorTokenUser,
  ActorTokenValidator,
  ActorTokenValidatorOptions,
  FindIssuerKey,
  IssuerKey,
} from './server-to-server/actor-token-contract.ts'
export { actorDiagnostics } from './server-to-server/diagnostics.ts'
export { ActorTokenError, type ActorTokenErrorCode, actorTokenErrorCodes } from './server-to-server/errors.ts'
export {
  type MetadataDocument,
  type MetadataReadingOptions,
  parseMetadataDocument,
  readMetadataDocument,
} from './server-to-server/metadata-document.ts'
export { formatPrincipal, type Principal, parsePrincipal, securityTokenServiceId } from './server-to-server/principal.ts'
export {
  type AssertionValidator,
  type AssertionValidatorOptions,
  createAssertionValidator,
  type FindCertificate,
  type PartnerCertificate,
  type SelfIssuedAssertion,
} from './server-to-server/self-issued.ts'
export type { UserContext } from './server-to-server/user-token.ts'
export { createTokenValidator, type TokenValidator, type TokenValidatorOptions } from './validator.ts'
export type { SignatureAlgorithm } from './verification-key.ts'
