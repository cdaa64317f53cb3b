/** Causes and remedies of the refusals between servers: assertions, actor tokens, acting for people, and calls. Total by type. */
import type { ServerClientErrorCode } from '../../packages/resource-server/src/client/errors.ts'
import type { ActorTokenErrorCode } from '../../packages/resource-server/src/server-to-server/errors.ts'
import type { DelegationRefused } from '../../packages/sts/src/protocol/grants/delegation-refusals.ts'
import type { GrantRefusalCode } from '../../packages/sts/src/protocol/grants/errors.ts'

export type Explained<Code extends string> = Readonly<Record<Code, { readonly cause: string; readonly remedy: string }>>

const report = 'Report it to whoever runs the other server: an honest one does not send this.'
const clocks = 'Check the clocks of both servers. Half a minute of difference is tolerated.'
const anew = 'Take a new token. A client of ours does so by itself.'

export const actorTokens: Explained<ActorTokenErrorCode> = {
  token_malformed: { cause: 'It is not a signed token in its one right form.', remedy: report },
  token_too_large: { cause: 'It is larger than any honest one.', remedy: report },
  header_not_allowed: {
    cause: 'Its header has members that bring keys along or change the rules, e.g. `x5c`, `jku` or `crit`.',
    remedy: 'Send `alg`, `typ`, `x5t` and at most `kid`. Keys come from registrations only.',
  },
  algorithm_not_allowed: { cause: 'It is not signed with RS256.', remedy: 'Sign it with RS256, by the key of the certificate.' },
  type_mismatch: { cause: 'It is another kind of token.', remedy: 'Send an actor token, or a user token with one in it.' },
  issuer_mismatch: {
    cause: 'No token service that is configured made it.',
    remedy: 'Add the issuer to `issuers`, if it is to be trusted.',
  },
  key_unknown: {
    cause: 'The certificate with its `x5t` is registered nowhere.',
    remedy: 'Register it with `postern client add-key`, or have it published where `postern partner show` says that it is read.',
  },
  certificate_of_another: {
    cause: 'The certificate belongs to another server than the one that the token names.',
    remedy: 'Give every server a certificate of its own. If all are right, somebody tries to be another server.',
  },
  certificate_not_valid: {
    cause: 'The certificate has ended, or has not begun.',
    remedy: 'Make a new one and register it before the old one goes.',
  },
  keys_unavailable: {
    cause: 'The keys of the issuer cannot be fetched. It says nothing about the token.',
    remedy: 'Check that the server reaches the issuer.',
  },
  signature_invalid: { cause: 'It was changed, or signed with another key.', remedy: report },
  audience_mismatch: {
    cause: 'It is meant for another server.',
    remedy: 'Compare `aud` with the configured audience, `client_id/host@realm`. Only the host may differ in case.',
  },
  realm_mismatch: {
    cause: 'Its parts name different realms, or one that is not this server’s.',
    remedy: 'Report it: an actor token of one realm around people of another is an attack (CVE-2025-55241).',
  },
  actor_mismatch: {
    cause: 'The user token names another server than the actor token in it.',
    remedy: 'Set `iss` of the user token to `nameid` of the actor token, letter for letter.',
  },
  actor_nested: { cause: 'There is a token in the actor token.', remedy: 'One server acts for one person; there are no chains.' },
  partner_unknown: {
    cause: 'The server is in no table of partners here, for the realm that the token names.',
    remedy: 'Add it to `partners` of the validator, with its realm, if it may call.',
  },
  token_expired: { cause: 'Its time is over.', remedy: anew },
  token_not_yet_valid: { cause: 'Its time has not come.', remedy: clocks },
  lifetime_too_long: {
    cause: 'It lives longer than is accepted: ten minutes for an assertion, an hour for an actor token.',
    remedy: 'Make it live shorter.',
  },
  outlives_actor: {
    cause: 'The user token ends after the actor token in it.',
    remedy: 'Set its `exp` to that of the actor token at most.',
  },
  claim_missing: { cause: 'A claim that must be there is not.', remedy: 'The detail in the log names it.' },
  claim_invalid: { cause: 'A claim has a wrong form.', remedy: 'The detail in the log names it.' },
  unsigned_not_allowed: {
    cause: 'The user token has no signature.',
    remedy:
      'Sign it with the certificate of the acting server. Or, knowing what it opens, use the dangerous switch of the partner.',
  },
  connection_not_secure: {
    cause: 'A user token without a signature came over a connection that is not known to be TLS.',
    remedy: 'Tell the validator `secure: true` from the socket, never from a header.',
  },
  delegation_missing: {
    cause: 'The actor token does not say `trustedfordelegation`.',
    remedy: 'Grant it: `postern delegation grant <client> --resource <name>`.',
  },
  act_as_not_granted: {
    cause: 'The table of this server does not let the partner act for people.',
    remedy: 'Give the partner `actAs` in the validator.',
  },
  operation_not_granted: {
    cause: 'The partner may act for people, but not in this operation.',
    remedy: 'Add the operation to `actAs.operations` of the partner.',
  },
  app_only_not_granted: {
    cause: 'The actor token came without a person, and the partner may not act in its own name.',
    remedy: 'Act for a person, or give the partner `appOnly` in the validator.',
  },
  nothing_granted: {
    cause: 'The token carries an empty list of what is granted.',
    remedy: 'Grant something, or ask for a new token.',
  },
  user_missing: { cause: 'The user token names nobody.', remedy: 'Send `upn`, `smtp`, `sip` or `nameid` with `nii`.' },
  user_namespace_not_allowed: {
    cause: 'Its `nii` is not one that this server reads.',
    remedy: 'Name the person by `upn` or `smtp`.',
  },
  user_unknown: {
    cause: 'Nobody in this realm has the name, or its names lead to different people.',
    remedy: 'Check the address at the server where the mailbox is.',
  },
  user_ambiguous: { cause: 'Several people have the name.', remedy: 'Make it belong to one account.' },
  user_inactive: { cause: 'The account is disabled.', remedy: 'Enable it, if the person is to be served.' },
  user_excluded: {
    cause: 'Nobody may act for this person, e.g. an administrator.',
    remedy: 'Leave it so. An administrator who needs mail from the other side has a second, ordinary account.',
  },
  token_replayed: { cause: 'A token that holds once was shown again.', remedy: 'Make a new one for each request.' },
  token_withdrawn: {
    cause: 'The server, its certificate or its delegation was withdrawn since the token was issued.',
    remedy: 'See `postern audit list`; a new token is issued once the server may have one again.',
  },
  status_unavailable: {
    cause: 'The issuer cannot be asked whether the token still holds. It says nothing about the token.',
    remedy: 'Check that the server reaches the issuer.',
  },
}

export const serverClients: Explained<ServerClientErrorCode> = {
  url_not_allowed: {
    cause: 'The address is not https, or holds a password.',
    remedy: 'Use https; http is for this machine and tests alone (`allowInsecureLoopback`).',
  },
  certificate_outdated: { cause: 'The certificate of the calling server has ended.', remedy: 'Make a new one and register it.' },
  challenge_missing: {
    cause: 'The other server answered 401 without a challenge.',
    remedy: 'Have it name the token services that it trusts (`trusted_issuers`).',
  },
  challenge_malformed: {
    cause: 'The challenge of the other server cannot be read.',
    remedy: 'Tell whoever runs the other server.',
  },
  issuer_not_trusted: {
    cause: 'The other server trusts none of the token services that this client trusts, or calls itself the token service.',
    remedy: 'Compare `trusted_issuers` of the challenge with `issuers` of the client.',
  },
  metadata_refused: {
    cause: 'The metadata of the token service is missing, malformed or about another issuer.',
    remedy: 'Open `{issuer}/metadata/json/1`; the address of the issuer must be the one that it names.',
  },
  issuer_unavailable: {
    cause: 'The token service does not answer, or asks to wait.',
    remedy: 'Try again later. It is the one refusal that is worth it.',
  },
  token_request_refused: {
    cause: 'The token service gave no token; `oauthError` says which refusal it was.',
    remedy: 'See `postern audit list --event actor_token.refused`: `reason` is there and nowhere else.',
  },
  answer_malformed: {
    cause: 'The answer of the token service cannot be read, or holds a token for another server than was asked for.',
    remedy: 'See what answers at its address.',
  },
  token_refused: {
    cause: 'The other server refused a token that was fetched a moment ago.',
    remedy: '`diagnostics` says why, and the log of the other server more.',
  },
}

export const actorGrants: Explained<GrantRefusalCode> = {
  invalid_request: {
    cause: 'A parameter is missing, or `realm` or `client_id` does not agree with the assertion.',
    remedy: 'Correct what the answer names.',
  },
  invalid_client: {
    cause:
      'The assertion is not accepted. Outsiders learn no more; `reason` in the audit trail is a code of the next table, or `client_unknown`, `client_disabled`, `assertion_replayed`.',
    remedy: 'See `postern audit list --event actor_token.refused`.',
  },
  invalid_resource: {
    cause: 'No resource has this name, or the client may not ask for it.',
    remedy:
      'Give the resource the name with `postern resource change --principal-id --name`, and the client access with `postern client grant`.',
  },
  unauthorized_client: {
    cause: 'The client is not registered for this grant, or a policy blocks it.',
    remedy: 'Register it with `--preset mail-server`, or see which policy blocks.',
  },
}

const subject = 'Get a new token of the person, for this client, and exchange that.'
export const delegations: Explained<DelegationRefused['code']> = {
  client_is_public: { cause: 'The client proves itself by nothing.', remedy: 'Register it with a key or a secret.' },
  token_bound_to_key: { cause: 'The request asks for a token that is bound to a key.', remedy: 'Ask without DPoP.' },
  use_unknown: { cause: '`requested_token_use` is something else than `on_behalf_of`.', remedy: 'Send `on_behalf_of`.' },
  assertion_missing: { cause: '`assertion` is missing.', remedy: 'Send the token of the person in it.' },
  subject_missing: {
    cause: '`subject_token` or `subject_token_type` is missing.',
    remedy: 'Send both (RFC 8693 section 2.1).',
  },
  subject_type_unknown: {
    cause: '`subject_token_type` is not known.',
    remedy: 'Use `urn:ietf:params:oauth:token-type:access_token` or `…:jwt`.',
  },
  requested_type_unknown: {
    cause: '`requested_token_type` is something else than an access token.',
    remedy: 'Leave it out, or ask for `urn:ietf:params:oauth:token-type:access_token`.',
  },
  actor_incomplete: { cause: 'One of `actor_token` and `actor_token_type` came alone.', remedy: 'Send both or none.' },
  actor_type_unknown: {
    cause: '`actor_token_type` is not known.',
    remedy: 'Leave both out: the client has proved itself already.',
  },
  actor_not_accepted: {
    cause: 'The actor token is not a good one of the client that asks.',
    remedy: 'Send its own, or none.',
  },
  subject_unreadable: { cause: 'The token is not one that was issued here, or was changed.', remedy: subject },
  subject_is_refresh_token: { cause: 'It is a refresh token.', remedy: 'Exchange the access token.' },
  subject_is_actor_token: { cause: 'It is an actor token, which names no person.', remedy: 'Exchange the token of the person.' },
  subject_is_id_token: { cause: 'It is an ID token, which opens nothing.', remedy: 'Exchange the access token.' },
  subject_is_app_only: { cause: 'It is the token of a program, without a person.', remedy: 'Use the grant client_credentials.' },
  subject_is_bound: { cause: 'It is bound to a key that this client does not have.', remedy: subject },
  subject_is_delegated: {
    cause: 'Somebody acts for the person in it already.',
    remedy: 'Nothing: one server acts for one person, there are no chains.',
  },
  subject_expired: { cause: 'Its time is over.', remedy: subject },
  subject_not_for_caller: {
    cause: 'It is for another server than the one that asks.',
    remedy: 'Make the client the principal of the resource that the token is for (`postern resource change --principal-id`).',
  },
  subject_withdrawn: { cause: 'It was revoked, or the person has signed out since.', remedy: 'Have the person sign in again.' },
  subject_client_disabled: { cause: 'The program that the person used is disabled.', remedy: 'Enable it, if it is to work.' },
  subject_family_ended: { cause: 'The sign-in that it comes from has ended.', remedy: 'Have the person sign in again.' },
  user_token_refused: {
    cause: 'The user token is not accepted; the detail has a code of the table of tokens between servers.',
    remedy: 'Do what that table says.',
  },
  user_token_not_of_caller: {
    cause: 'The user token was signed by another server than the one that asks.',
    remedy: 'A server exchanges its own user tokens only.',
  },
  account_refused: {
    cause: 'The account is disabled, or policy asks for more than the person has shown.',
    remedy: 'Try it: `postern policy try`. A second factor must have been shown where the token of the person was issued.',
  },
  group_excepted: {
    cause: 'The person is in a group that the delegation leaves out; administrators are always in one.',
    remedy: 'Leave it so, or grant the delegation anew without the group.',
  },
  target_missing: { cause: 'The request names no resource.', remedy: 'Send `resource`, or scopes that begin with its name.' },
  target_ambiguous: { cause: 'The request names several resources.', remedy: 'Ask once for each.' },
  target_unknown: {
    cause: 'There is no such resource, or the client may not ask for it.',
    remedy: 'Give it access: `postern client grant`.',
  },
  delegation_missing: {
    cause: 'The client may not act for people at this resource.',
    remedy: 'Grant it: `postern delegation grant <client> --resource <name>`.',
  },
  scope_empty: {
    cause: 'Of the scopes that were asked for nothing is left that client, delegation and resource all allow.',
    remedy: 'Compare `postern client show`, `postern delegation list` and `postern resource show`.',
  },
}
