import type { NoticeTexts } from './notice-texts.ts'

export const fr: NoticeTexts = {
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
      next: 'Si c’est la vôtre, adressez-vous à eux. Sinon, quelqu’un connaît votre mot de passe : changez-le maintenant, sur {portal}.',
    },
    app_password_shared: {
      subject: 'Une autre application utilise un mot de passe d’application',
      happened:
        'Une application qui ne l’avait pas encore utilisé a ouvert votre courrier avec le mot de passe d’application {label}.',
      next: 'Si c’est la vôtre, vous n’avez rien à faire. Sinon, quelqu’un a ce mot de passe d’application : révoquez-le sur {portal} et bloquez l’application.',
    },
    mail_apps_too_many: {
      subject: 'Trop d’applications pour votre courrier',
      happened:
        'Tant d’applications ont essayé d’ouvrir votre courrier qu’aucune autre n’est notée. Les suivantes ne reçoivent rien.',
      next: 'Retirez sur {portal} celles qui ne sont pas à vous et celles que vous n’utilisez plus. Si vous n’en connaissez aucune, quelqu’un connaît votre mot de passe : changez-le maintenant.',
    },
    mail_app_activated: {
      subject: 'Une application peut désormais ouvrir votre courrier',
      happened: 'Une application a été acceptée pour votre courrier. Elle se connecte avec votre mot de passe.',
      next: 'Si ce n’était pas vous, bloquez-la sur {portal} et changez votre mot de passe maintenant.',
    },
    app_password_created: {
      subject: 'Un mot de passe d’application a été créé pour votre compte',
      happened:
        'Un mot de passe pour une application de messagerie a été créé : {label}. Qui l’a peut lire votre courrier et en envoyer.',
      next: 'Si ce n’était pas vous, révoquez-le sur {portal}, changez votre mot de passe et prévenez les responsables de {realm}.',
    },
  },
}
