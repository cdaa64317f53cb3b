/** Every text of the notices. A gap is written `{name}`; notices.ts fills it. Subjects say what happened without detail. */

export type NoticeLanguage = 'en' | 'de' | 'fr'

/** `asked` is BCP 47; English for whom we have no words. */
export const noticeLanguageOf = (asked: string | undefined): NoticeLanguage => {
  const primary = asked?.toLowerCase().split('-')[0]
  return primary === 'de' || primary === 'fr' ? primary : 'en'
}

export const noticeKinds = [
  'factor_added',
  'factor_removed',
  'factor_replaced',
  'factors_reset',
  'number_changed',
  'recovery_codes_replaced',
  'recovery_code_used',
  'access_pass_given',
  'access_pass_used',
  'failed_signins',
  'signin_after_failures',
  'stale_password',
  'approval_denied',
  'password_changed',
  'browser_remembered',
  'mail_app_waiting',
  'mail_app_quarantined',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

interface NoticeText {
  readonly subject: string
  readonly happened: string
  /** What to do. */
  readonly next: string
}

interface Texts {
  readonly greeting: string
  readonly yourOrganisation: string
  readonly when: string
  readonly account: string
  readonly app: string
  readonly source: string
  readonly ourAddress: string
  readonly closing: string
  readonly untilForgotten: string
  readonly otherMethod: string
  readonly methods: Readonly<Record<string, string>>
  readonly kinds: Readonly<Record<NoticeKind, NoticeText>>
}

const en: Texts = {
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
      next: 'If it is yours, ask them. If it is not, somebody knows your password: change it now, and block the app at {portal}.',
    },
  },
}

const de: Texts = {
  greeting: 'Guten Tag {name},',
  yourOrganisation: 'Ihre Organisation',
  when: 'Wann',
  account: 'Konto',
  app: 'App oder Gerät',
  source: 'Netzwerkadresse',
  ourAddress: 'Sie melden sich an bei',
  closing:
    'Diese Nachricht hat eine Maschine geschrieben. Sie fragt nie nach einem Passwort oder Code, und wer Ihnen hilft, tut das auch nicht.',
  untilForgotten: 'Sie ihn vergessen lassen',
  otherMethod: 'eine Anmeldemethode',
  methods: {
    totp: 'eine Authenticator-App',
    sms: 'eine Telefonnummer',
    webauthn: 'ein Passkey oder Sicherheitsschlüssel',
    'recovery-codes': 'Wiederherstellungscodes',
    approval: 'Bestätigung im Portal',
  },
  kinds: {
    factor_added: {
      subject: 'Ihrem Konto wurde eine Anmeldemethode hinzugefügt',
      happened: 'Ihr Konto hat einen weiteren zweiten Schritt: {method}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factor_removed: {
      subject: 'Eine Anmeldemethode Ihres Kontos wurde entfernt',
      happened: 'Ein zweiter Schritt Ihres Kontos wurde entfernt: {method}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factor_replaced: {
      subject: 'Eine Anmeldemethode Ihres Kontos wurde ersetzt',
      happened: 'Ein zweiter Schritt Ihres Kontos wurde ersetzt: {method}. Der bisherige gilt nicht mehr.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    factors_reset: {
      subject: 'Alle zweiten Schritte Ihres Kontos wurden entfernt',
      happened:
        'Die Betreuung von {realm} hat jeden zweiten Schritt Ihres Kontos entfernt und alle Anmeldungen beendet. Bei der nächsten Anmeldung richten Sie einen neuen ein.',
      next: 'Haben Sie nicht darum gebeten, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    number_changed: {
      subject: 'Die Telefonnummer Ihres Kontos wurde geändert',
      happened: 'Codes für Ihr Konto gehen jetzt an eine andere Telefonnummer. Sie endet auf {number}.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    recovery_codes_replaced: {
      subject: 'Ihr Konto hat neue Wiederherstellungscodes',
      happened: 'Für Ihr Konto wurden neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.',
      next: 'Werfen Sie die alten weg. Waren Sie das nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    recovery_code_used: {
      subject: 'Anmeldung mit einem Wiederherstellungscode',
      happened: 'Jemand hat sich mit einem Wiederherstellungscode bei Ihrem Konto angemeldet. Übrige Codes: {left}.',
      next: 'Waren Sie das, erstellen Sie neue, wenn wenige übrig sind. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    access_pass_given: {
      subject: 'Für Ihr Konto wurde ein befristeter Zugangspass ausgegeben',
      happened: 'Die Betreuung von {realm} hat für Ihr Konto einen befristeten Zugangspass ausgegeben. Er endet am {until}.',
      next: 'Haben Sie nicht darum gebeten, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    access_pass_used: {
      subject: 'Anmeldung mit einem befristeten Zugangspass',
      happened: 'Jemand hat sich mit einem befristeten Zugangspass bei Ihrem Konto angemeldet.',
      next: 'Waren Sie das nicht, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    failed_signins: {
      subject: 'Jemand versucht, sich bei Ihrem Konto anzumelden',
      happened: 'Anmeldungen bei Ihrem Konto sind {count} Mal in Folge fehlgeschlagen. Niemand kam hinein.',
      next: 'Waren Sie das, warten Sie etwas und versuchen Sie es noch einmal. Wenn nicht, ist Ihr Passwort vielleicht bekannt: Ändern Sie es.',
    },
    signin_after_failures: {
      subject: 'Anmeldung nach vielen Fehlversuchen',
      happened: 'Jemand hat sich bei Ihrem Konto angemeldet, nachdem {count} Versuche in Folge fehlgeschlagen waren.',
      next: 'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort und melden Sie sich bei der Betreuung von {realm}.',
    },
    stale_password: {
      subject: 'Eine App verwendet noch Ihr altes Passwort',
      happened: 'Ein Mailprogramm oder Gerät von Ihnen versucht es immer wieder mit einem Passwort, das nicht mehr stimmt.',
      next: 'Geben Sie dort Ihr neues Passwort ein oder entfernen Sie das Konto. Bis dahin kann es keine Mails abrufen. Ihr Konto wird dadurch nicht gesperrt.',
    },
    approval_denied: {
      subject: 'Sie haben gemeldet: Diese Anmeldung war ich nicht',
      happened: 'Eine Anmeldung bei Ihrem Konto wurde abgewiesen, weil sie mit „Das war ich nicht“ beantwortet wurde.',
      next: 'Wer es versucht hat, kannte Ihr Passwort. Ändern Sie es jetzt.',
    },
    password_changed: {
      subject: 'Ihr Passwort wurde geändert',
      happened: 'Das Passwort Ihres Kontos wurde geändert.',
      next: 'Waren Sie das, geben Sie das neue in Ihren Mailprogrammen ein. Wenn nicht, melden Sie sich sofort bei der Betreuung von {realm}.',
    },
    browser_remembered: {
      subject: 'Ein Browser wird für Ihr Konto wiedererkannt',
      happened:
        'Ein Browser, in dem Sie sich angemeldet haben, wird wiedererkannt, bis {until}. Er wird vielleicht seltener nach dem zweiten Schritt gefragt.',
      next: 'Waren Sie das nicht, ändern Sie jetzt Ihr Passwort und lassen Sie bei Ihren Anmeldemethoden alle Browser vergessen.',
    },
    mail_app_waiting: {
      subject: 'Eine neue App wartet auf Ihre Freigabe',
      happened:
        'Eine App, die Ihr Passwort hat, wollte auf Ihre Mails zugreifen ({protocol}). Sie bekommt keine, bis Sie sie freigeben.',
      next: 'Ist es Ihre, melden Sie sich auf {portal} an und aktivieren Sie sie dort; beim nächsten Versuch kommt sie hinein. Wenn nicht, kennt jemand Ihr Passwort: Ändern Sie es jetzt und sperren Sie die App.',
    },
    mail_app_quarantined: {
      subject: 'Eine neue App wartet auf die Betreuung',
      happened:
        'Eine App, die Ihr Passwort hat, wollte auf Ihre Mails zugreifen ({protocol}). Apps dieser Art gibt die Betreuung von {realm} frei; bis dahin bekommt sie keine.',
      next: 'Ist es Ihre, fragen Sie dort nach. Wenn nicht, kennt jemand Ihr Passwort: Ändern Sie es jetzt und sperren Sie die App auf {portal}.',
    },
  },
}

const fr: Texts = {
  greeting: 'Bonjour {name},',
  yourOrganisation: 'votre organisation',
  when: 'Quand',
  account: 'Compte',
  app: 'Application ou appareil',
  source: 'Adresse réseau',
  ourAddress: 'Vous vous connectez sur',
  closing:
    'Ce message a été écrit par une machine. Il ne demande jamais de mot de passe ni de code, et personne qui vous aide ne le fait non plus.',
  untilForgotten: 'ce que vous le fassiez oublier',
  otherMethod: 'une méthode de connexion',
  methods: {
    totp: 'une application d’authentification',
    sms: 'un numéro de téléphone',
    webauthn: 'une clé d’accès ou de sécurité',
    'recovery-codes': 'des codes de secours',
    approval: 'l’approbation dans le portail',
  },
  kinds: {
    factor_added: {
      subject: 'Une méthode de connexion a été ajoutée à votre compte',
      happened: 'Une deuxième étape a été ajoutée à votre compte : {method}.',
      next: 'Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    factor_removed: {
      subject: 'Une méthode de connexion de votre compte a été retirée',
      happened: 'Une deuxième étape de votre compte a été retirée : {method}.',
      next: 'Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    factor_replaced: {
      subject: 'Une méthode de connexion de votre compte a été remplacée',
      happened: 'Une deuxième étape de votre compte a été remplacée : {method}. L’ancienne ne fonctionne plus.',
      next: 'Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    factors_reset: {
      subject: 'Toutes les deuxièmes étapes de votre compte ont été retirées',
      happened:
        'Les responsables de {realm} ont retiré chaque deuxième étape de votre compte et mis fin à toutes les connexions. Vous en configurerez une nouvelle à la prochaine connexion.',
      next: 'Si vous ne l’avez pas demandé, prévenez tout de suite les responsables de {realm}.',
    },
    number_changed: {
      subject: 'Le numéro de téléphone de votre compte a été changé',
      happened: 'Les codes de votre compte vont maintenant à un autre numéro de téléphone. Il se termine par {number}.',
      next: 'Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    recovery_codes_replaced: {
      subject: 'Votre compte a de nouveaux codes de secours',
      happened: 'De nouveaux codes de secours ont été créés pour votre compte. Les anciens ne fonctionnent plus.',
      next: 'Jetez les anciens. Si ce n’était pas vous, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    recovery_code_used: {
      subject: 'Connexion avec un code de secours',
      happened: 'Quelqu’un s’est connecté à votre compte avec un code de secours. Codes restants : {left}.',
      next: 'Si c’était vous, créez-en de nouveaux quand il en reste peu. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    access_pass_given: {
      subject: 'Un passe d’accès temporaire a été donné pour votre compte',
      happened: 'Les responsables de {realm} ont donné un passe d’accès temporaire pour votre compte. Il expire le {until}.',
      next: 'Si vous ne l’avez pas demandé, prévenez tout de suite les responsables de {realm}.',
    },
    access_pass_used: {
      subject: 'Connexion avec un passe d’accès temporaire',
      happened: 'Quelqu’un s’est connecté à votre compte avec un passe d’accès temporaire.',
      next: 'Si ce n’était pas vous, prévenez tout de suite les responsables de {realm}.',
    },
    failed_signins: {
      subject: 'Quelqu’un essaie de se connecter à votre compte',
      happened: 'Les connexions à votre compte ont échoué {count} fois de suite. Personne n’est entré.',
      next: 'Si c’était vous, attendez un peu et réessayez. Sinon, votre mot de passe est peut-être connu : changez-le.',
    },
    signin_after_failures: {
      subject: 'Une connexion après de nombreux échecs',
      happened: 'Quelqu’un s’est connecté à votre compte après {count} échecs de suite.',
      next: 'Si c’était vous, il n’y a rien à faire. Sinon, changez votre mot de passe maintenant et prévenez les responsables de {realm}.',
    },
    stale_password: {
      subject: 'Une application utilise encore votre ancien mot de passe',
      happened: 'Un de vos programmes de messagerie ou appareils essaie sans cesse un mot de passe qui n’est plus le bon.',
      next: 'Saisissez-y votre nouveau mot de passe, ou retirez-en le compte. D’ici là, il ne peut pas relever le courrier. Votre compte n’en est pas bloqué.',
    },
    approval_denied: {
      subject: 'Vous avez signalé : cette connexion, ce n’était pas moi',
      happened: 'Une connexion à votre compte a été refusée, car la réponse était « Ce n’était pas moi ».',
      next: 'Celui qui a essayé connaissait votre mot de passe. Changez-le maintenant.',
    },
    password_changed: {
      subject: 'Votre mot de passe a été changé',
      happened: 'Le mot de passe de votre compte a été changé.',
      next: 'Si c’était vous, saisissez le nouveau dans vos programmes de messagerie. Sinon, prévenez tout de suite les responsables de {realm}.',
    },
    browser_remembered: {
      subject: 'Un navigateur est reconnu pour votre compte',
      happened:
        'Un navigateur où vous vous êtes connecté est reconnu, jusqu’à {until}. La deuxième étape lui sera peut-être demandée moins souvent.',
      next: 'Si ce n’était pas vous, changez votre mot de passe maintenant et faites oublier tous les navigateurs dans vos méthodes de connexion.',
    },
    mail_app_waiting: {
      subject: 'Une nouvelle application attend votre accord',
      happened:
        'Une application qui a votre mot de passe a essayé d’ouvrir votre courrier ({protocol}). Elle ne reçoit rien tant que vous ne l’acceptez pas.',
      next: 'Si c’est la vôtre, connectez-vous sur {portal} et activez-la ; elle entrera à son prochain essai. Sinon, quelqu’un connaît votre mot de passe : changez-le maintenant et bloquez l’application.',
    },
    mail_app_quarantined: {
      subject: 'Une nouvelle application attend un administrateur',
      happened:
        'Une application qui a votre mot de passe a essayé d’ouvrir votre courrier ({protocol}). Les applications de ce genre sont acceptées par les responsables de {realm} ; d’ici là, elle ne reçoit rien.',
      next: 'Si c’est la vôtre, adressez-vous à eux. Sinon, quelqu’un connaît votre mot de passe : changez-le maintenant et bloquez l’application sur {portal}.',
    },
  },
}

export const noticeTexts = Object.freeze({ en, de, fr } as const satisfies Record<NoticeLanguage, Texts>)
