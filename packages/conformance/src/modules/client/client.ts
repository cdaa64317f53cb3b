/** What a mail client owes to itself when issuer or mail server misbehave: one module a behaviour. To add one: a file here and a line. */
import type { ConformanceModule } from '../../conformance-module.ts'
import findsTheBearerChallengeAmongOthersInOneLine from './finds-the-bearer-challenge-among-others-in-one-line.ts'
import findsTheBearerChallengeInALineOfItsOwn from './finds-the-bearer-challenge-in-a-line-of-its-own.ts'
import getsItsMailFromServersThatBehave from './gets-its-mail-from-servers-that-behave.ts'
import givesARefusedCodeUp from './gives-a-refused-code-up.ts'
import givesUpOnTokensThatAreAlwaysRefused from './gives-up-on-tokens-that-are-always-refused.ts'
import keepsItsPasswordOnceBearerIsOffered from './keeps-its-password-once-bearer-is-offered.ts'
import keepsTwoIssuersApart from './keeps-two-issuers-apart.ts'
import leavesABrokenIssuerInPeace from './leaves-a-broken-issuer-in-peace.ts'
import passesOnTheClaimsThatItsMailServerAsksFor from './passes-on-the-claims-that-its-mail-server-asks-for.ts'
import pollsAsSlowlyAsItIsTold from './polls-as-slowly-as-it-is-told.ts'
import readsMetadataAnewWhenItHasExpired from './reads-metadata-anew-when-it-has-expired.ts'
import readsQuotedTextInChallengesAsText from './reads-quoted-text-in-challenges-as-text.ts'
import redeemsNoCodeOverPlainHttp from './redeems-no-code-over-plain-http.ts'
import refusesAnAnswerThatNamesAnotherIssuer from './refuses-an-answer-that-names-another-issuer.ts'
import refusesAnAnswerWithTheStateOfAnother from './refuses-an-answer-with-the-state-of-another.ts'
import refusesAnAnswerWithoutItsState from './refuses-an-answer-without-its-state.ts'
import refusesAnAnswerWithoutTheIssuerThatWasPromised from './refuses-an-answer-without-the-issuer-that-was-promised.ts'
import refusesAnIdTokenForAnotherClient from './refuses-an-id-token-for-another-client.ts'
import refusesAnIdTokenOfAnotherIssuer from './refuses-an-id-token-of-another-issuer.ts'
import refusesAnIdTokenSignedByWhatEverybodyKnows from './refuses-an-id-token-signed-by-what-everybody-knows.ts'
import refusesAnIdTokenThatAnotherPartyMayUse from './refuses-an-id-token-that-another-party-may-use.ts'
import refusesAnIdTokenThatAnyoneElseSigned from './refuses-an-id-token-that-anyone-else-signed.ts'
import refusesAnIdTokenThatBelongsToAnotherAccessToken from './refuses-an-id-token-that-belongs-to-another-access-token.ts'
import refusesAnIdTokenThatHasEnded from './refuses-an-id-token-that-has-ended.ts'
import refusesAnIdTokenWithTheNonceOfAnother from './refuses-an-id-token-with-the-nonce-of-another.ts'
import refusesAnUnsignedIdToken from './refuses-an-unsigned-id-token.ts'
import refusesMetadataOfAnotherIssuer from './refuses-metadata-of-another-issuer.ts'
import sendsNoRefreshTokenWhereAMailServerSays from './sends-no-refresh-token-where-a-mail-server-says.ts'
import showsATokenOnlyWhereItIsFor from './shows-a-token-only-where-it-is-for.ts'
import showsItsMailServerNothingButAccessTokens from './shows-its-mail-server-nothing-but-access-tokens.ts'
import showsNoTokenOverPlainHttp from './shows-no-token-over-plain-http.ts'
import signsInAnewWhenItsRefreshTokenWasRefused from './signs-in-anew-when-its-refresh-token-was-refused.ts'
import signsInMoreStronglyWhenItsMailServerAsks from './signs-in-more-strongly-when-its-mail-server-asks.ts'
import signsInNowhereThatARedirectOfMetadataLeadsTo from './signs-in-nowhere-that-a-redirect-of-metadata-leads-to.ts'
import signsInNowhereThatNobodyToldIt from './signs-in-nowhere-that-nobody-told-it.ts'
import stopsPollingWhenItWasDenied from './stops-polling-when-it-was-denied.ts'
import stopsWhenTheIssuerRefuses from './stops-when-the-issuer-refuses.ts'
import takesItsAnswerWhereItWasRegistered from './takes-its-answer-where-it-was-registered.ts'
import takesNoTokenOfAnotherKind from './takes-no-token-of-another-kind.ts'
import usesAFreshProofKeyForEverySignIn from './uses-a-fresh-proof-key-for-every-sign-in.ts'
import usesAFreshStateAndNonceForEverySignIn from './uses-a-fresh-state-and-nonce-for-every-sign-in.ts'
import usesTheRefreshTokenThatItGotLast from './uses-the-refresh-token-that-it-got-last.ts'
import waitsAsLongAsAnOverloadedIssuerSays from './waits-as-long-as-an-overloaded-issuer-says.ts'
import writesNoSecretIntoAnAddress from './writes-no-secret-into-an-address.ts'

export const clientModules: readonly ConformanceModule[] = Object.freeze([
  getsItsMailFromServersThatBehave,
  usesAFreshProofKeyForEverySignIn,
  usesAFreshStateAndNonceForEverySignIn,
  takesItsAnswerWhereItWasRegistered,
  refusesAnAnswerWithoutItsState,
  refusesAnAnswerWithTheStateOfAnother,
  refusesAnAnswerThatNamesAnotherIssuer,
  refusesAnAnswerWithoutTheIssuerThatWasPromised,
  stopsWhenTheIssuerRefuses,
  keepsTwoIssuersApart,
  refusesMetadataOfAnotherIssuer,
  signsInNowhereThatARedirectOfMetadataLeadsTo,
  readsMetadataAnewWhenItHasExpired,
  findsTheBearerChallengeAmongOthersInOneLine,
  findsTheBearerChallengeInALineOfItsOwn,
  readsQuotedTextInChallengesAsText,
  signsInNowhereThatNobodyToldIt,
  sendsNoRefreshTokenWhereAMailServerSays,
  usesTheRefreshTokenThatItGotLast,
  signsInAnewWhenItsRefreshTokenWasRefused,
  givesUpOnTokensThatAreAlwaysRefused,
  waitsAsLongAsAnOverloadedIssuerSays,
  leavesABrokenIssuerInPeace,
  signsInMoreStronglyWhenItsMailServerAsks,
  passesOnTheClaimsThatItsMailServerAsksFor,
  takesNoTokenOfAnotherKind,
  givesARefusedCodeUp,
  refusesAnIdTokenOfAnotherIssuer,
  refusesAnIdTokenForAnotherClient,
  refusesAnIdTokenThatAnotherPartyMayUse,
  refusesAnIdTokenThatHasEnded,
  refusesAnIdTokenWithTheNonceOfAnother,
  refusesAnIdTokenThatBelongsToAnotherAccessToken,
  refusesAnUnsignedIdToken,
  refusesAnIdTokenThatAnyoneElseSigned,
  refusesAnIdTokenSignedByWhatEverybodyKnows,
  pollsAsSlowlyAsItIsTold,
  stopsPollingWhenItWasDenied,
  writesNoSecretIntoAnAddress,
  showsItsMailServerNothingButAccessTokens,
  keepsItsPasswordOnceBearerIsOffered,
  redeemsNoCodeOverPlainHttp,
  showsNoTokenOverPlainHttp,
  showsATokenOnlyWhereItIsFor,
])
