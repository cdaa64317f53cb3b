/** docs/reference/errors.md: every code by which something is refused, what it means and what to do. Total by type: a new code stops this file from compiling. */
import type { ConformanceErrorCode } from '../../packages/conformance/src/errors.ts'
import type { FactorErrorCode } from '../../packages/mfa/src/errors.ts'
import type {
  ChallengeErrorCode,
  DiscoveryErrorCode,
  SaslErrorCode,
  TokenErrorCode,
} from '../../packages/resource-server/src/errors.ts'
import type { MigrationErrorCode, SealingErrorCode, UnfitData } from '../../packages/storage/src/errors.ts'
import type { AccountsErrorCode } from '../../packages/sts/src/accounts/errors.ts'
import { operationErrors } from '../../packages/sts/src/admin/errors.ts'
import { configErrors } from '../../packages/sts/src/config/errors.ts'
import type { RequestProblemCode } from '../../packages/sts/src/http/problems.ts'
import { readingRefusals } from '../../packages/sts/src/partners/errors.ts'
import type { PolicyErrorCode } from '../../packages/sts/src/policy/errors.ts'
import type { RegistrationRefusalCode } from '../../packages/sts/src/protocol/registration/errors.ts'
import type { StartErrorCode } from '../../packages/sts/src/start-refused.ts'
import { mailGateQuestions, mailGateReasons } from './mail-gate-errors.ts'
import { code, renderHead, renderMarkdownTable } from './page.ts'
import { actorGrants, actorTokens, delegations, type Explained, serverClients } from './server-to-server-errors.ts'

const start: Explained<StartErrorCode> = {
  port_taken: { cause: 'Another program listens on the port.', remedy: 'Stop it, or choose another port with POSTERN_PORT.' },
  port_forbidden: { cause: 'The user of the process may not use the port.', remedy: 'Choose a port above 1023 behind a proxy.' },
  worker_failed: { cause: 'A worker process could not start or stop.', remedy: 'Read its log: the first error says why.' },
}

const storage: Explained<'storage_unavailable' | 'directory_in_use'> = {
  storage_unavailable: {
    cause: 'The database does not answer, or not in time.',
    remedy: 'Check that it runs and has connections left. The service answers 503 meanwhile and recovers by itself.',
  },
  directory_in_use: {
    cause: 'The embedded database is open in another process.',
    remedy: 'Stop that process first, or use PostgreSQL.',
  },
}

const registrations: Explained<RegistrationRefusalCode> = {
  invalid_redirect_uri: {
    cause: 'An address is not exact, or not one that this kind of app may have. The answer says which, by its place.',
    remedy:
      'Loopback (`http://127.0.0.1/…`) or a scheme made from a domain (`com.example.mail:/…`); `https` with a registration token.',
  },
  invalid_client_metadata: {
    cause: 'A member of the registration is missing, malformed or not offered. The answer names it.',
    remedy:
      'Correct it or leave it out. Scopes: those of resources that are open to registered apps (`postern resource change --open-to-registered`).',
  },
  invalid_token: {
    cause: 'The registration token is unknown, used up or over, or the registration access token is not of this client.',
    remedy: '`postern client registration-token` makes a new one. An app that lost its own registers anew.',
  },
  temporarily_unavailable: {
    cause: 'A thousand apps have registered themselves within an hour, and nobody signed in with them.',
    remedy: 'Somebody may be filling the realm: set `--client-registration token`, and see `postern client list-registered`.',
  },
}

const sealing: Explained<SealingErrorCode> = {
  malformed: {
    cause: 'A sealed value is not one of ours, or of a newer release.',
    remedy: 'Use the release that wrote it, or restore the row from a backup.',
  },
  unknown_key: {
    cause: 'The database is used with another master key than the one given. Nothing was changed.',
    remedy: 'Copy the master key of this installation to this machine, or point POSTERN_MASTER_KEY_FILE at it.',
  },
  not_authentic: {
    cause: 'A sealed value was changed or moved to another row.',
    remedy: 'Somebody wrote to the database by hand. Restore the row from a backup, and find out who.',
  },
}

const migration: Explained<MigrationErrorCode | UnfitData['code']> = {
  gap: { cause: 'A number among the migrations is missing or given twice.', remedy: 'Use the release as it was published.' },
  malformed: { cause: 'A migration file does not begin as it must.', remedy: 'See migrations/README.md.' },
  edited: {
    cause: 'A migration that was applied has another content now.',
    remedy: 'Restore it; changes go into a new migration.',
  },
  ahead: { cause: 'A newer release has migrated the database.', remedy: 'Use that release or a newer one.' },
  failed: {
    cause: 'The SQL of a migration failed; nothing of the run was kept.',
    remedy: 'The cause in the log says why, e.g. missing rights.',
  },
  unfit_data: {
    cause: 'The data cannot be brought over before somebody decides, e.g. two clients have the same certificate.',
    remedy: 'The message names the rows and what to do. Do that with the release that ran before, then start this one again.',
  },
}

const accounts: Explained<AccountsErrorCode> = {
  pepper_unknown: {
    cause: 'A password was hashed under another master key.',
    remedy: 'Point POSTERN_MASTER_KEY_FILE at the right key, or set the password anew.',
  },
  account_missing: { cause: 'The account was removed meanwhile.', remedy: 'Nothing: there is nobody to do it for.' },
}

const factors: Explained<FactorErrorCode> = {
  already_bound: {
    cause: 'The account has a second factor already, or the credential belongs to an account.',
    remedy: 'Sign in with it first; an administrator can reset it with `postern account reset-factors`.',
  },
  method_off: {
    cause: 'The realm has switched this kind of second factor off.',
    remedy: 'Choose another kind; an administrator sees what is off with `postern realm show`.',
  },
}

const policies: Explained<PolicyErrorCode> = {
  policy_invalid: {
    cause: 'The definition of a policy does not mean anything.',
    remedy: 'Correct every member that is named. A policy that nobody understands blocks rather than being ignored.',
  },
}

const requests: Explained<RequestProblemCode> = {
  malformed: { cause: 'The body of the request cannot be read.', remedy: 'Send a form in UTF-8.' },
  duplicate_parameter: { cause: 'A parameter came twice.', remedy: 'Send each once (RFC 6749 section 3.1).' },
  form_invalid: { cause: 'A field of the form is missing or too long.', remedy: 'Fill it in and send it again.' },
  form_not_ours: {
    cause: 'The form was not made for this browser, or is out of date.',
    remedy: 'Reload the page. Cookies must be allowed.',
  },
  too_large: { cause: 'The request is larger than any honest one.', remedy: 'Send less.' },
  unsupported_media_type: { cause: 'The body is no form.', remedy: 'Send application/x-www-form-urlencoded.' },
  connection_closed: { cause: 'The connection ended before the request did.', remedy: 'Try again.' },
  not_found: {
    cause: 'There is nothing at this address, or no such realm.',
    remedy: 'Check the address; documents name the canonical one.',
  },
  method_not_allowed: { cause: 'The address knows another method.', remedy: 'See the Allow header.' },
  too_many_requests: {
    cause: 'One address sent more forms in a minute than POSTERN_FORMS_PER_MINUTE allows.',
    remedy: 'Wait for the seconds of Retry-After. Raise the setting where many people share one address.',
  },
  busy: { cause: 'Too many passwords are being checked.', remedy: 'Wait for the seconds of Retry-After.' },
  unavailable: { cause: 'The database is away.', remedy: 'Wait for the seconds of Retry-After.' },
  fault: { cause: 'A fault of the service.', remedy: 'The log knows the reference number.' },
}

const refresh = 'Ask for a new token.'
const report = 'Report it to whoever runs the issuer: an honest one does not send this.'
const tokens: Explained<TokenErrorCode> = {
  token_malformed: { cause: 'It is not a signed token in its one right form.', remedy: report },
  token_too_large: { cause: 'It is larger than 8 KB.', remedy: 'Ask for fewer scopes.' },
  header_not_allowed: { cause: 'Its header has members that name keys or change the rules.', remedy: report },
  algorithm_not_allowed: {
    cause: 'It is signed by an algorithm that is not accepted.',
    remedy: 'Set the algorithm of the resource to one that the server accepts.',
  },
  type_mismatch: { cause: 'It is another kind of token, e.g. an ID token.', remedy: 'Send the access token.' },
  issuer_mismatch: { cause: 'Another issuer made it.', remedy: 'Sign in at the issuer that the 401 answer names.' },
  key_unknown: { cause: 'The issuer does not publish its key.', remedy: refresh },
  keys_unavailable: { cause: 'The keys of the issuer cannot be fetched.', remedy: 'Check that the server reaches the issuer.' },
  signature_invalid: { cause: 'It was changed.', remedy: refresh },
  audience_mismatch: {
    cause: 'It is meant for another server.',
    remedy: 'Ask for this resource; its name is in the metadata that the 401 answer names.',
  },
  token_expired: { cause: 'Its time is over.', remedy: 'Use the refresh token.' },
  token_revoked: {
    cause: 'What it came from has ended: the account, its password, the session, the client or the refresh family.',
    remedy: 'Use the refresh token; where that has ended too, sign in again.',
  },
  token_not_yet_valid: { cause: 'Its time has not come.', remedy: 'Check the clocks.' },
  lifetime_too_long: {
    cause: 'It lives longer than the server accepts.',
    remedy: 'Shorten `accessTokenSeconds` of the resource.',
  },
  claim_missing: { cause: 'A claim that must be there is not.', remedy: report },
  claim_invalid: { cause: 'A claim has a wrong form.', remedy: report },
  sender_constraint_missing: {
    cause: 'It is bound to a key that was not proved.',
    remedy: 'Send it with DPoP, or ask for an unbound one.',
  },
  insufficient_scope: {
    cause: 'It does not carry the scope that the request needs.',
    remedy: 'Ask for the scope that the challenge names; an administrator may have to grant it.',
  },
  user_required: { cause: 'It is the token of a program, and the request needs a person.', remedy: 'Sign a person in.' },
  assurance_insufficient: { cause: 'The sign-in was not strong enough.', remedy: 'Sign in again with a stronger factor.' },
  authentication_too_old: { cause: 'The sign-in is too long ago.', remedy: 'Sign in again.' },
}

const challenges: Explained<ChallengeErrorCode> = {
  challenge_malformed: {
    cause: 'A `WWW-Authenticate` value cannot be read.',
    remedy: 'The server must send what RFC 9110 section 11.6.1 allows.',
  },
  challenge_too_large: { cause: 'A `WWW-Authenticate` value is larger than any honest one.', remedy: 'Do not trust the server.' },
  parameter_repeated: { cause: 'A challenge has a parameter twice.', remedy: 'The server must send each once.' },
}

const server = 'Tell whoever runs the server.'
const discovery: Explained<DiscoveryErrorCode> = {
  url_not_allowed: { cause: 'The address is not https, or holds a password.', remedy: 'Use the https address of the server.' },
  address_not_allowed: {
    cause: 'The host name leads into a private network.',
    remedy: 'Allow it explicitly where that is meant.',
  },
  unreachable: { cause: 'The server did not answer.', remedy: 'Check name, network and certificate.' },
  timed_out: { cause: 'The server did not answer in time.', remedy: 'Try again later.' },
  answer_too_large: { cause: 'The answer is larger than any honest one.', remedy: server },
  redirect_not_allowed: {
    cause: 'A redirect leads to another host, or away from https.',
    remedy: 'Use the address that it leads to, if you trust it.',
  },
  status_unexpected: {
    cause: 'The answer has another status than 401.',
    remedy: 'Check that the address is one that needs a token.',
  },
  challenge_missing: { cause: 'The 401 answer has no Bearer challenge.', remedy: 'The server does not take tokens here.' },
  challenge_malformed: { cause: 'The challenge cannot be read.', remedy: server },
  challenge_incomplete: { cause: 'The challenge names no issuer.', remedy: server },
  oauth_not_offered: { cause: 'The server takes no token for this mailbox.', remedy: 'Ask its administrator.' },
  document_malformed: { cause: 'A metadata document cannot be read.', remedy: server },
  resource_mismatch: { cause: 'The metadata is about another resource.', remedy: server },
  issuer_mismatch: { cause: 'The metadata is about another issuer.', remedy: 'Do not go on: this is how mix-up attacks begin.' },
  issuer_not_allowed: { cause: 'The issuer is not one that the client trusts.', remedy: 'Add it to the trusted ones, if it is.' },
}

const sasl: Explained<SaslErrorCode> = {
  response_malformed: { cause: 'The response is not XOAUTH2 or OAUTHBEARER.', remedy: 'Check the mechanism of the client.' },
  response_too_large: { cause: 'The response is larger than any honest one.', remedy: 'Check the client.' },
  user_missing: { cause: 'The response names no user.', remedy: 'Set the user name in the client.' },
  token_missing: { cause: 'The response holds no token.', remedy: 'Sign in again in the client.' },
  channel_binding_unsupported: {
    cause: 'The client wants channel binding, which is not offered.',
    remedy: 'Use the mechanism without `-PLUS`.',
  },
}

const conformance: Explained<ConformanceErrorCode> = {
  target_invalid: { cause: 'The description of the target cannot be used.', remedy: 'Correct what is named.' },
  target_unreachable: { cause: 'The target does not answer.', remedy: 'Start it, and check its address.' },
  answer_too_large: { cause: 'The target sent more than any honest one.', remedy: 'See what answers there.' },
  answer_malformed: { cause: 'The target sent what cannot be read.', remedy: 'See what answers there.' },
  not_given: { cause: 'A module needs what the target file does not name.', remedy: 'It is skipped; give it to have it tried.' },
  wait_too_long: { cause: 'A module would wait longer than a minute.', remedy: 'It is skipped; `--patient` has it tried.' },
}

const sections: readonly (readonly [title: string, words: string, table: Explained<string>])[] = [
  ['Configuration', 'The service does not start (`ConfigError`).', configErrors],
  ['Start', 'The service cannot listen (`StartRefused`).', start],
  [
    'Administration',
    'An operation was refused and changed nothing (`OperationRefused`). The command ends with 2 for `invalid` and `policy_invalid`, which are wrong usage, and with 1 for the others.',
    operationErrors,
  ],
  [
    'Metadata of partners',
    'The metadata document of a partner changed nothing. `postern partner show` tells it, and the event `partner.metadata_refused`.',
    readingRefusals,
  ],
  [
    'Apps that register themselves',
    'An app was not registered, or may not see its registration (`RegistrationRefused`): `error` of the answer, and of the event `client.refused`.',
    registrations,
  ],
  [
    'Actor tokens: asking for one',
    'The token service gave a server no actor token (`GrantRefused`): `error` of the answer, and of the event `actor_token.refused`.',
    actorGrants,
  ],
  [
    'Tokens between servers',
    'A mail server or the token service did not accept an assertion, an actor token or a user token (`ActorTokenError`). It is `reason` in the events `actor_token.refused` and `actor_token.use_refused`.',
    actorTokens,
  ],
  [
    'Acting for a person',
    'On-behalf-of or token exchange was refused (`DelegationRefused`). The code is in the audit trail, not in the answer.',
    delegations,
  ],
  ['Calls to other servers', 'The server client came to nothing (`ServerClientError`).', serverClients],
  ['Questions to the gate', 'A mail server asked the gate, and got no decision (`MailgateError`).', mailGateQuestions],
  [
    'Mail apps at the gate',
    'A mail app was not let in: `reason` of the answer to the mail server, and of the events `mailapp.refused` and `mailapp.appeared`.',
    mailGateReasons,
  ],
  ['Requests', 'A page or form was refused (`RequestProblem`).', requests],
  ['Accounts', 'Raised inside the service (`AccountsError`).', accounts],
  ['Second factors', 'Raised inside the service (`FactorError`).', factors],
  ['Policies', 'A policy cannot be read (`PolicyError`).', policies],
  ['Database', '`StorageUnavailable`, `DirectoryInUse`.', storage],
  ['Sealed values', '`SealingError`.', sealing],
  ['Migrations', 'The schema was left as it was (`MigrationError`, `UnfitData`).', migration],
  ['Access tokens', 'The resource server library refused a token (`TokenError`).', tokens],
  ['Challenges', 'The resource server library cannot read a challenge (`ChallengeError`).', challenges],
  ['Discovery', 'The resource server library found no issuer (`DiscoveryError`).', discovery],
  ['SASL', 'The resource server library cannot use a SASL response (`SaslError`).', sasl],
  ['Conformance kit', 'The kit cannot test the target (`ConformanceError`).', conformance],
]

export function renderErrorsReference(): string {
  const parts = sections.map(([title, words, table]) => {
    const rows = Object.entries(table).map(([name, { cause, remedy }]) => [code(name), cause, remedy])
    return `## ${title}\n\n${words}\n\n${renderMarkdownTable(['Code', 'What happened', 'What to do'], rows)}`
  })
  const words =
    'Every code by which something is refused. A refusal on a page, in an answer or in the log carries a reference number; `postern audit show <reference>` tells what was decided.'
  return `${renderHead('Refusals', words)}\n${parts.join('\n\n')}\n`
}
