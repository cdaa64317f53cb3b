import type { NoticeTexts } from './notice-texts.ts'

export const en: NoticeTexts = {
  greeting: 'Hello {name},',
  yourOrganisation: 'your organisation',
  when: 'When',
  account: 'Account',
  app: 'App or device',
  source: 'Network address',
  ourAddress: 'You sign in at',
  closing: 'This message was written by a machine. It never asks for a password or a code, and nobody who helps you does.',
  untilForgotten: 'you have it forgotten',
  otherMethod: 'a sign-in method',
  methods: {
    totp: 'an authenticator app',
    sms: 'a telephone number',
    webauthn: 'a passkey or security key',
    'recovery-codes': 'recovery codes',
    approval: 'approval in the portal',
  },
  kinds: {
    factor_added: {
      subject: 'A sign-in method was added to your account',
      happened: 'A second step was added to your account: {method}.',
      next: 'If this was you, there is nothing to do. If it was not, change your password now and tell the people who run {realm}.',
    },
    factor_removed: {
      subject: 'A sign-in method was removed from your account',
      happened: 'A second step was removed from your account: {method}.',
      next: 'If this was you, there is nothing to do. If it was not, change your password now and tell the people who run {realm}.',
    },
    factor_replaced: {
      subject: 'A sign-in method of your account was replaced',
      happened: 'A second step of your account was replaced: {method}. The one before works no more.',
      next: 'If this was you, there is nothing to do. If it was not, change your password now and tell the people who run {realm}.',
    },
    factors_reset: {
      subject: 'All second steps of your account were removed',
      happened:
        'The people who run {realm} removed every second step of your account and ended every sign-in. You set up a new one at the next sign-in.',
      next: 'If you did not ask for this, tell the people who run {realm} at once.',
    },
    number_changed: {
      subject: 'The telephone number of your account was changed',
      happened: 'Codes for your account now go to another telephone number. It ends in {number}.',
      next: 'If this was you, there is nothing to do. If it was not, change your password now and tell the people who run {realm}.',
    },
    recovery_codes_replaced: {
      subject: 'Your account has new recovery codes',
      happened: 'A new set of recovery codes was made for your account. The old ones work no more.',
      next: 'Throw the old codes away. If this was not you, change your password now and tell the people who run {realm}.',
    },
    recovery_code_used: {
      subject: 'A recovery code was used to sign in',
      happened: 'Somebody signed in to your account with a recovery code. Codes left: {left}.',
      next: 'If this was you, make a new set when few are left. If it was not, change your password now and tell the people who run {realm}.',
    },
    access_pass_given: {
      subject: 'A temporary access pass was given for your account',
      happened: 'The people who run {realm} gave out a temporary access pass for your account. It ends on {until}.',
      next: 'If you did not ask for one, tell the people who run {realm} at once.',
    },
    access_pass_used: {
      subject: 'A temporary access pass was used to sign in',
      happened: 'Somebody signed in to your account with a temporary access pass.',
      next: 'If this was not you, tell the people who run {realm} at once.',
    },
    failed_signins: {
      subject: 'Somebody tries to sign in to your account',
      happened: 'Sign-ins to your account failed {count} times in a row. Nobody came in.',
      next: 'If this was you, wait a little and try again. If it was not, your password may be known: change it.',
    },
    signin_after_failures: {
      subject: 'A sign-in after many failed tries',
      happened: 'Somebody signed in to your account, after {count} tries in a row had failed.',
      next: 'If this was you, there is nothing to do. If it was not, change your password now and tell the people who run {realm}.',
    },
    stale_password: {
      subject: 'An app still uses your old password',
      happened: 'A mail program or device of yours keeps trying a password that is not right any more.',
      next: 'Enter your new password there, or remove the account from it. Until then it cannot fetch mail. Your account is not locked by it.',
    },
    approval_denied: {
      subject: 'You said: this sign-in was not me',
      happened: 'A sign-in to your account was turned away, because it was answered with "It was not me".',
      next: 'Whoever tried knew your password. Change it now.',
    },
    password_changed: {
      subject: 'Your password was changed',
      happened: 'The password of your account was changed.',
      next: 'If this was you, enter the new one in your mail programs. If it was not, tell the people who run {realm} at once.',
    },
    browser_remembered: {
      subject: 'A browser is remembered for your account',
      happened: 'A browser in which you signed in is remembered, until {until}. It may be asked for a second step less often.',
      next: 'If this was not you, change your password now and have all browsers forgotten among your sign-in methods.',
    },
    mail_app_waiting: {
      subject: 'A new app waits for you to let it in',
      happened: 'An app that has your password tried to open your mail ({protocol}). It gets none until you let it in.',
      next: 'If it is yours, sign in at {portal} and activate it there; it works at its next try. If it is not, somebody knows your password: change it now, and block the app.',
    },
    mail_app_quarantined: {
      subject: 'A new app waits for an administrator',
      happened:
        'An app that has your password tried to open your mail ({protocol}). Apps of this kind have to be let in by the people who run {realm}; until then it gets none.',
      next: 'If it is yours, ask them. If it is not, somebody knows your password: change it now, at {portal}.',
    },
    mail_app_activated: {
      subject: 'A mail app was let in to your mail',
      happened: 'A mail app was activated: it may read and send your mail with your password from now on.',
      next: 'If this was you, there is nothing to do. If it was not, block the app, change your password now and tell the people who run {realm}.',
    },
    app_password_created: {
      subject: 'An app password was made for your account',
      happened: 'An app password was made for your account: {label}. Whoever has it can read and send your mail.',
      next: 'If this was you, there is nothing to do. If it was not, revoke it, change your password now and tell the people who run {realm}.',
    },
    app_password_shared: {
      subject: 'A further app uses an app password',
      happened: 'An app that had not used it before opened your mail with the app password {label}.',
      next: 'If it is yours, there is nothing to do. If it is not, somebody has this app password: revoke it at {portal}, and block the app.',
    },
    mail_apps_too_many: {
      subject: 'Too many apps for your mail',
      happened: 'So many apps have tried to open your mail that no further one is kept. Further ones get no mail.',
      next: 'Remove those that are not yours, and those that you no longer use, at {portal}. If you know none of them, somebody knows your password: change it now.',
    },
  },
}
