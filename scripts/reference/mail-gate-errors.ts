/** Causes and remedies of what the gate for mail apps refuses. Total by type. */
import type { MailgateErrorCode } from '../../packages/sts/src/mailgate/errors.ts'
import type { DecidedReasonCode, MailReasonCode } from '../../packages/sts/src/policy/mail/reasons.ts'
import type { Explained } from './server-to-server-errors.ts'

type AllowingReason = Extract<
  DecidedReasonCode,
  'app_active' | 'app_password' | 'basic_allowed' | 'modern' | 'autodiscover_opens_no_mail'
>

const rules = '`postern mailapp try` tells which rule says so. `because` of the answer does, too.'
const owner = 'Its owner opens the portal and activates it there.'

export const mailGateQuestions: Explained<MailgateErrorCode> = {
  unknown_mail_server: {
    cause: 'Whoever asked is no active client with this secret, or a client that is no mail server.',
    remedy: 'Check its client id and secret; make it a mail server with `postern mailapp server-put`.',
  },
  protocol_not_served: {
    cause: 'The mail server may not ask about this protocol.',
    remedy: 'Add the protocol with `postern mailapp server-put`.',
  },
  request_malformed: {
    cause: 'The question is not of the form that the gate knows.',
    remedy: 'Correct the members that are named.',
  },
  activesync_query_malformed: {
    cause: 'The query of an ActiveSync request names no device, or two of them.',
    remedy: 'Hand on the query as it came. An honest phone does not send this.',
  },
}

export const mailGateReasons: Explained<Exclude<MailReasonCode, AllowingReason>> = {
  app_pending: { cause: 'The app waits for its owner.', remedy: owner },
  app_quarantined: {
    cause: 'A rule has the app wait for an administrator.',
    remedy: 'Activate it with `postern mailapp activate`.',
  },
  app_blocked: {
    cause: 'Its owner or an administrator has blocked the app.',
    remedy: 'Unblock it in the portal, or remove it there.',
  },
  access_rule: { cause: 'An app access rule blocks this app.', remedy: rules },
  access_default: { cause: 'No app access rule speaks of this app, and the realm blocks such apps.', remedy: rules },
  protocol_blocked: {
    cause: 'The authentication policy takes no password of any kind for this protocol.',
    remedy: 'Use an app that signs in with a browser, or change the policy.',
  },
  gating_blocks_protocol: {
    cause: 'Gating is on for the account, and switches off POP, IMAP, SMTP and RPC where the policy does not name them.',
    remedy: 'Name the protocol in the authentication policy, if it is wanted.',
  },
  app_password_required: {
    cause:
      "The account's own password opens no mail here: the authentication policy takes app passwords only, or the app got in by one and nobody let it in with the password.",
    remedy:
      'Make an app password in the portal and type it into the app, or activate the app there, where the policy leaves that.',
  },
  modern_blocked: { cause: 'The authentication policy takes no tokens for this protocol.', remedy: rules },
  app_passwords_off: { cause: 'The authentication policy takes no app passwords.', remedy: 'Activate the app in the portal.' },
  conditional_access: { cause: 'A policy keeps the account, the network or the protocol out.', remedy: rules },
  wrong_secret: {
    cause: 'A wrong password, a name that nobody has, or a disabled account: nobody is told which.',
    remedy: 'Correct the password in the app. An app password has 20 letters and digits.',
  },
  throttled: {
    cause: 'Too many wrong passwords. What came now was not checked, and the app is told what a wrong one is told.',
    remedy: 'Wait, and correct the password in the app. Other networks are heard.',
  },
  token_refused: {
    cause: 'The token has ended, was withdrawn, is for another server, or lacks the scope of the protocol.',
    remedy: 'Sign in again in the app.',
  },
  token_of_another_account: {
    cause: 'The token is good, and its owner is not who was named.',
    remedy: 'Correct the user name in the app.',
  },
  tls_required: { cause: 'The password came over a connection that is not encrypted.', remedy: 'Switch TLS on in the app.' },
  app_password_scope: {
    cause: 'The app password is right, and is for another protocol, network or app.',
    remedy: 'Make one for this app in the portal.',
  },
  app_password_expired: { cause: 'The app password is right, and its time is over.', remedy: 'Make another one in the portal.' },
  too_many_apps: {
    cause: 'Twenty apps of the account wait already, or it has two hundred in all.',
    remedy: 'Activate, block or remove some in the portal.',
  },
  protocol_not_served: {
    cause: 'The mail server may not ask about this protocol.',
    remedy: 'Add it with `postern mailapp server-put`.',
  },
}
