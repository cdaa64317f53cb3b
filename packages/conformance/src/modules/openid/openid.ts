/** What the OpenID Foundation's plans look at, in the order of the report: config, basic, sign-out, registration. */
import type { ConformanceModule } from '../../conformance-module.ts'
import answersPromptNoneWithoutAPage from './answers-prompt-none-without-a-page.ts'
import answersUserinfoHoweverTheTokenIsSent from './answers-userinfo-however-the-token-is-sent.ts'
import asksAgainForPromptLogin from './asks-again-for-prompt-login.ts'
import checksSectorsOfClients from './checks-sectors-of-clients.ts'
import comparesQueriesOfRegisteredAddresses from './compares-queries-of-registered-addresses.ts'
import describesWhatOpenidDiscoveryDemands from './describes-what-openid-discovery-demands.ts'
import followsRegisteredRequestAddresses from './follows-registered-request-addresses.ts'
import followsRequestAddressesOrSaysThatItDoesNot from './follows-request-addresses-or-says-that-it-does-not.ts'
import followsRequestObjectsOrSaysThatItDoesNot from './follows-request-objects-or-says-that-it-does-not.ts'
import givesClaimsThatAreAskedForByName from './gives-claims-that-are-asked-for-by-name.ts'
import givesTheClaimsThatScopesStandFor from './gives-the-claims-that-scopes-stand-for.ts'
import ignoresUnknownParameters from './ignores-unknown-parameters.ts'
import keepsToMaxAge from './keeps-to-max-age.ts'
import leavesIdTokensUnsignedOnlyForClientsThatRegisteredForIt from './leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it.ts'
import namesWhereSignOutsBegin from './names-where-sign-outs-begin.ts'
import needsNoNonceInTheCodeFlow from './needs-no-nonce-in-the-code-flow.ts'
import postsAnswersByAFormWhenAsked from './posts-answers-by-a-form-when-asked.ts'
import readsKeysOfClientsAnew from './reads-keys-of-clients-anew.ts'
import redeemsACodeOnce from './redeems-a-code-once.ts'
import refreshesForTheSamePersonAndClient from './refreshes-for-the-same-person-and-client.ts'
import refusesRequestsWithoutAResponseType from './refuses-requests-without-a-response-type.ts'
import registersClientsThatThenSignPeopleIn from './registers-clients-that-then-sign-people-in.ts'
import registersNoAddressWithAFragment from './registers-no-address-with-a-fragment.ts'
import saysThatItTellsClientsOfSignOuts from './says-that-it-tells-clients-of-sign-outs.ts'
import sendsBackWhoSignedOut from './sends-back-who-signed-out.ts'
import sendsNobodyToUnregisteredAddresses from './sends-nobody-to-unregistered-addresses.ts'
import sendsNobodyToUnregisteredAddressesAfterSigningOut from './sends-nobody-to-unregistered-addresses-after-signing-out.ts'
import showsWhatClientsRegisteredAboutThemselves from './shows-what-clients-registered-about-themselves.ts'
import signsAPersonInByTheCodeFlow from './signs-a-person-in-by-the-code-flow.ts'
import signsIdTokensByAPublishedKey from './signs-id-tokens-by-a-published-key.ts'
import signsIdTokensByRs256ForClientsThatRegisteredForIt from './signs-id-tokens-by-rs256-for-clients-that-registered-for-it.ts'
import signsOutWithoutSendingAway from './signs-out-without-sending-away.ts'
import signsUserinfoForClientsThatRegisteredForIt from './signs-userinfo-for-clients-that-registered-for-it.ts'
import takesAProofKeyAndAsksForIt from './takes-a-proof-key-and-asks-for-it.ts'
import takesAcrValues from './takes-acr-values.ts'
import takesAssertionsForItsOwnName from './takes-assertions-for-its-own-name.ts'
import takesAuthorizationRequestsByPost from './takes-authorization-requests-by-post.ts'
import takesEveryDisplay from './takes-every-display.ts'
import takesItsOwnIdTokensAsHints from './takes-its-own-id-tokens-as-hints.ts'
import takesRequestsInAnyOrder from './takes-requests-in-any-order.ts'
import takesSecretsInTheForm from './takes-secrets-in-the-form.ts'
import takesWishesOfClients from './takes-wishes-of-clients.ts'
import tellsClientsOfSignOutsByASignedToken from './tells-clients-of-sign-outs-by-a-signed-token.ts'

export const openidModules: readonly ConformanceModule[] = Object.freeze([
  describesWhatOpenidDiscoveryDemands,
  signsAPersonInByTheCodeFlow,
  refusesRequestsWithoutAResponseType,
  signsIdTokensByAPublishedKey,
  leavesIdTokensUnsignedOnlyForClientsThatRegisteredForIt,
  answersUserinfoHoweverTheTokenIsSent,
  needsNoNonceInTheCodeFlow,
  givesTheClaimsThatScopesStandFor,
  takesRequestsInAnyOrder,
  takesEveryDisplay,
  asksAgainForPromptLogin,
  answersPromptNoneWithoutAPage,
  keepsToMaxAge,
  ignoresUnknownParameters,
  takesItsOwnIdTokensAsHints,
  takesWishesOfClients,
  takesAcrValues,
  redeemsACodeOnce,
  sendsNobodyToUnregisteredAddresses,
  takesAuthorizationRequestsByPost,
  takesSecretsInTheForm,
  takesAssertionsForItsOwnName,
  takesAProofKeyAndAsksForIt,
  followsRequestObjectsOrSaysThatItDoesNot,
  followsRequestAddressesOrSaysThatItDoesNot,
  givesClaimsThatAreAskedForByName,
  refreshesForTheSamePersonAndClient,
  postsAnswersByAFormWhenAsked,
  namesWhereSignOutsBegin,
  sendsBackWhoSignedOut,
  signsOutWithoutSendingAway,
  sendsNobodyToUnregisteredAddressesAfterSigningOut,
  saysThatItTellsClientsOfSignOuts,
  tellsClientsOfSignOutsByASignedToken,
  registersClientsThatThenSignPeopleIn,
  signsIdTokensByRs256ForClientsThatRegisteredForIt,
  signsUserinfoForClientsThatRegisteredForIt,
  comparesQueriesOfRegisteredAddresses,
  registersNoAddressWithAFragment,
  showsWhatClientsRegisteredAboutThemselves,
  readsKeysOfClientsAnew,
  checksSectorsOfClients,
  followsRegisteredRequestAddresses,
])
