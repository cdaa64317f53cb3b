/** Why {@link decideMailAccess} decided as it did. */
export type DecidedReasonCode =
  | 'app_active'
  | 'app_password'
  | 'basic_allowed'
  | 'modern'
  | 'autodiscover_opens_no_mail'
  | 'app_pending'
  | 'app_quarantined'
  | 'app_blocked'
  | 'access_rule'
  | 'access_default'
  | 'protocol_blocked'
  | 'gating_blocks_protocol'
  | 'app_password_required'
  | 'modern_blocked'
  | 'app_passwords_off'

/** Every reason that the gate gives: those of the rules, and its own about what was shown to it. */
export type MailReasonCode =
  | DecidedReasonCode
  | 'conditional_access'
  | 'wrong_secret'
  | 'throttled'
  | 'token_refused'
  | 'token_of_another_account'
  | 'tls_required'
  | 'app_password_scope'
  | 'app_password_expired'
  | 'too_many_apps'
  | 'protocol_not_served'

export type MailOutcome = 'allow' | 'pending' | 'blocked'

/** What one rule said about one try, and why. */
export type MailReason = Readonly<{
  kind: 'authentication-policy' | 'gating' | 'access-rule' | 'access-default' | 'app'
  /** Its name, as administrators know it. */
  rule: string
  mode: 'on' | 'report-only'
  result: MailOutcome
  /** Absent: it let the app by, and that decides nothing. */
  code?: DecidedReasonCode
  /** A short English sentence for the audit trail and for administrators; not meant for the person. */
  text: string
}>
