import { errors } from 'oidc-provider'
import { ON_BEHALF_OF, type TOKEN_EXCHANGE } from './delegation-rules.ts'

/** Which OAuth error each refusal is. `subject` differs by grant: see {@link toAnswer}. */
type Answer = 'subject' | 'request' | 'target' | 'scope' | 'client'

/**
 * Why a client may not act for a person, from code to wire. `text` goes out; the code is for the audit trail alone. What is
 * wrong with a token is not told one by one: whoever shows somebody else's learns nothing of it (R35).
 */
const delegationRefusals = {
  client_is_public: { answer: 'client', text: 'this grant is for clients that prove who they are' },
  token_bound_to_key: { answer: 'request', text: 'this grant gives no tokens that are bound to a key' },
  use_unknown: { answer: 'request', text: "'requested_token_use' must be 'on_behalf_of'" },
  assertion_missing: { answer: 'request', text: "parameter 'assertion' is missing" },
  subject_missing: { answer: 'request', text: "parameters 'subject_token' and 'subject_token_type' are needed" },
  subject_type_unknown: { answer: 'request', text: "this 'subject_token_type' is not supported" },
  requested_type_unknown: { answer: 'request', text: "this 'requested_token_type' is not supported" },
  actor_incomplete: { answer: 'request', text: "'actor_token' and 'actor_token_type' go together" },
  actor_type_unknown: { answer: 'request', text: "this 'actor_token_type' is not supported" },
  actor_not_accepted: { answer: 'request', text: 'the actor token is not accepted' },
  subject_unreadable: { answer: 'subject', text: undefined },
  subject_is_refresh_token: { answer: 'subject', text: undefined },
  subject_is_actor_token: { answer: 'subject', text: undefined },
  subject_is_id_token: { answer: 'subject', text: undefined },
  subject_is_app_only: { answer: 'subject', text: undefined },
  subject_is_bound: { answer: 'subject', text: undefined },
  subject_is_delegated: { answer: 'subject', text: undefined },
  subject_expired: { answer: 'subject', text: undefined },
  subject_not_for_caller: { answer: 'subject', text: undefined },
  subject_withdrawn: { answer: 'subject', text: undefined },
  subject_client_disabled: { answer: 'subject', text: undefined },
  subject_family_ended: { answer: 'subject', text: undefined },
  user_token_refused: { answer: 'subject', text: undefined },
  user_token_not_of_caller: { answer: 'subject', text: undefined },
  account_refused: { answer: 'subject', text: undefined },
  group_excepted: { answer: 'subject', text: undefined },
  target_missing: { answer: 'target', text: 'name the resource, by a parameter or by its scopes' },
  target_ambiguous: { answer: 'target', text: 'a token is for one resource; the request names several' },
  target_unknown: { answer: 'target', text: 'this client may not ask for this resource' },
  delegation_missing: { answer: 'client', text: 'this client may not act for people at this resource' },
  scope_empty: { answer: 'scope', text: 'this client may use none of these scopes for people' },
} as const satisfies Record<string, { readonly answer: Answer; readonly text: string | undefined }>

type DelegationRefusalCode = keyof typeof delegationRefusals

/** A refusal to let a client act for somebody. `detail` may say more than the code, for the audit trail alone. */
export class DelegationRefused extends Error {
  readonly code: DelegationRefusalCode
  readonly detail: string | undefined

  constructor(code: DelegationRefusalCode, detail?: string, options?: { cause: unknown }) {
    super(`the delegation was refused: ${code}`, options)
    this.name = 'DelegationRefused'
    this.code = code
    this.detail = detail
  }
}

/**
 * The refusal as oidc-provider answers it. A token that is handed in and not accepted is `invalid_grant` where it is an
 * assertion (RFC 7521 section 4.1) and `invalid_request` where it is exchanged (RFC 8693 section 2.2.2).
 */
export function toAnswer(refusal: DelegationRefused, grant: typeof ON_BEHALF_OF | typeof TOKEN_EXCHANGE) {
  const { code } = refusal
  const { answer, text } = delegationRefusals[code]
  const detail = refusal.detail === undefined ? code : `${code}: ${refusal.detail}`
  if (answer === 'client') return new errors.UnauthorizedClient(text, { detail })
  if (answer === 'target') return new errors.InvalidTarget(text, { detail })
  if (answer === 'scope') return new errors.InvalidScope(text, '', { detail })
  if (answer === 'request') return new errors.InvalidRequest(text, 400, { detail })
  return grant === ON_BEHALF_OF
    ? new errors.InvalidGrant({ detail })
    : new errors.InvalidRequest('the subject token is not accepted', 400, { detail })
}
