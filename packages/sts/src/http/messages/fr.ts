import type { Messages } from './en.ts'
import { factorsFr } from './factors-fr.ts'
import { portalActivityFr } from './portal-activity-fr.ts'
import { portalAppsFr } from './portal-apps-fr.ts'
import { portalFr } from './portal-fr.ts'
import { portalMailFr } from './portal-mail-fr.ts'
import { webauthnFr } from './webauthn-fr.ts'

/** French, with "vous". */
export const fr = {
  ...portalFr,
  ...portalMailFr,
  ...portalAppsFr,
  ...portalActivityFr,
  ...webauthnFr,
  ...factorsFr,
  reference: 'Référence {reference}',

  signInTitle: 'Se connecter',
  continueTo: 'pour continuer vers {app}',
  nameLabel: 'Adresse e-mail',
  nameMissing: 'Saisissez votre adresse e-mail, par exemple marie@example.com.',
  next: 'Suivant',
  passwordTitle: 'Saisissez votre mot de passe',
  passwordLabel: 'Mot de passe',
  passwordMissing: 'Saisissez votre mot de passe.',
  showPassword: 'Afficher le mot de passe',
  accountLabel: 'Compte',
  changeAccount: 'Changer',
  changeAccountLong: 'Changer de compte',
  signIn: 'Se connecter',
  wrongPassword: 'Cette adresse et ce mot de passe ne correspondent pas. Vérifiez les deux et réessayez.',
  triesLeftOne: 'Il vous reste {count} essai.',
  triesLeftOther: 'Il vous reste {count} essais.',
  signInPaused: 'Il y a eu trop d’essais avec cette adresse. Réessayez {when}.',

  factorTitle: 'Saisissez votre code',
  factorText: 'Ouvrez votre application d’authentification et saisissez le code qu’elle affiche pour {realm}.',
  codeLabel: 'Code à 6 chiffres',
  codeMissing: 'Saisissez les 6 chiffres que votre application affiche.',
  continue: 'Continuer',
  wrongCode: 'Ce code ne correspond pas.',
  wrongCodeHint: 'Chacun sert une seule fois : attendez le suivant.',
  factorPaused: 'Il y a eu trop de codes faux. Réessayez {when}.',
  factorHelp: 'Téléphone ou application perdus ? La personne qui gère {realm} peut vous en faire configurer une nouvelle.',
  factorLockedTitle: 'Votre application d’authentification est bloquée',
  factorLockedText: 'Il y a eu trop de codes faux, elle n’est donc plus acceptée.',
  factorGoneTitle: 'Il manque une deuxième étape',
  factorGoneText: 'Se connecter à {app} demande une deuxième étape, et votre compte n’en a aucune qui convienne ici.',

  enrollTitle: 'Configurez votre deuxième étape',
  enrollScanTitle: 'Reliez votre application',
  enrollScanText: 'Ouvrez votre application d’authentification, ajoutez un compte et scannez ce code.',
  enrollQrLabel: 'Code QR pour votre application d’authentification',
  enrollKeyTitle: 'Ou saisissez cette clé',
  enrollOnThisPhone: 'Vous lisez ceci sur ce téléphone ? Ouvrir l’application',
  enrollCodeLabel: 'Les 6 chiffres que votre application affiche',
  enrollConfirm: 'Confirmer',
  enrollWrongCode:
    'Ce code ne correspond pas. Saisissez le code que votre application affiche maintenant pour {realm}, et vérifiez que l’horloge de votre téléphone est à l’heure.',
  enrollExpired:
    'Cela a pris trop de temps, voici donc une nouvelle clé. Supprimez l’entrée que votre application vient de recevoir et scannez à nouveau.',

  blockedTitle: 'Vous ne pouvez pas continuer vers {app}',
  blockedText: 'Une règle de {realm} ne l’autorise pas.',
  blockedRuleTitle: 'La règle',
  whatToDo: 'Ce que vous pouvez faire',
  askAdministrator: 'Adressez-vous à la personne qui gère {realm} et donnez-lui la référence ci-dessous.',
  backToApp: 'Retour à {app}',

  consentTitle: '{app} demande un accès',
  consentText: 'Si vous l’autorisez, {app} pourra, avec le compte {name} :',
  consentAllow: 'Autoriser',
  consentDeny: 'Ne pas autoriser',
  consentHint: 'N’autorisez que si vous venez de commencer ceci vous-même dans {app}.',
  scopeOpenid: 'savoir qui vous êtes',
  scopeProfile: 'voir votre nom',
  scopeEmail: 'voir votre adresse e-mail',
  scopeOfflineAccess: 'garder l’accès pendant votre absence',
  scopeActiveSync: 'lire, envoyer et organiser vos messages, votre agenda et vos contacts (ActiveSync)',
  scopeExchange: 'lire, envoyer et organiser vos messages, votre agenda et vos contacts (Exchange Web Services)',
  scopeImap: 'lire et organiser vos messages (IMAP)',
  scopePop: 'lire vos messages (POP)',
  scopeSmtp: 'envoyer des messages en votre nom (SMTP)',
  scopeOther: 'utiliser {scope} chez {place}',
  scopeUnknown: 'utiliser {scope}',

  lostExpiredTitle: 'Cette connexion est terminée',
  lostExpiredText: 'Elle a déjà abouti, ou elle a attendu trop longtemps.',
  lostExpiredRemedy: 'Retournez dans votre application de messagerie et connectez-vous à nouveau depuis là.',
  lostCookiesTitle: 'Votre navigateur ne garde pas les cookies',
  lostCookiesText: 'La connexion a besoin d’un cookie, qui disparaît ensuite.',
  lostCookiesRemedy:
    'Autorisez les cookies pour ce site, retournez dans votre application de messagerie et connectez-vous à nouveau depuis là.',

  deviceTitle: 'Connecter un appareil',
  deviceText: 'Saisissez le code que votre appareil affiche.',
  deviceCodeLabel: 'Code de votre appareil',
  deviceConfirmTitle: 'Connecter cet appareil ?',
  deviceConfirmText: '{app} souhaite utiliser votre compte chez {realm}.',
  deviceCodeShown: 'Votre appareil affiche ce code',
  deviceWhere: 'Demandé depuis',
  deviceWith: 'Appareil',
  deviceWarning:
    'Ne dites oui que si vous avez l’appareil en main et avez commencé ceci vous-même. Personne de {realm} ne vous enverra jamais un code à saisir ici.',
  deviceYes: 'Oui, le connecter',
  deviceNo: 'Non, ce n’était pas moi',
  deviceDoneTitle: 'Votre appareil est connecté',
  deviceDoneText: '{app} est prêt sur votre appareil. Vous pouvez fermer cette page.',
  deviceCodeMissing: 'Saisissez le code que votre appareil affiche.',
  deviceCodeUnknown: 'Nous ne connaissons pas ce code. Vérifiez-le et saisissez-le à nouveau.',
  deviceCodeExpired: 'Ce code est trop ancien. Demandez-en un nouveau sur votre appareil.',
  deviceCodeUsed: 'Ce code a déjà servi. Demandez-en un nouveau sur votre appareil.',
  deviceAborted: 'Vous avez dit non, rien n’a donc été connecté.',

  logoutTitle: 'Se déconnecter ?',
  logoutText: 'Votre session chez {realm} est ouverte dans ce navigateur.',
  logoutYes: 'Se déconnecter',
  logoutNo: 'Garder la session',
  loggedOutTitle: 'Votre session est fermée',
  loggedOutText: 'Vous pouvez fermer cette page.',

  refusedTitle: 'La demande de l’application n’a pas été acceptée',
  refusedText: 'L’application qui vous a envoyé ici a demandé quelque chose que {realm} ne peut pas lui donner.',
  refusedTextNoRealm: 'L’application qui vous a envoyé ici a demandé quelque chose que nous ne pouvons pas lui donner.',
  refusedRemedy:
    'Revenez en arrière et réessayez. Si cela se reproduit, donnez les lignes ci-dessous à la personne qui gère l’application.',
  refusedDetails: 'Détails pour la personne qui gère l’application',

  problemTitleRequest: 'Cela n’est pas arrivé comme il faut',
  problemTitleStale: 'Cette page n’est plus à jour',
  problemTitleNotFound: 'Cette page n’existe pas',
  problemTitleTooMany: 'Un instant, s’il vous plaît',
  problemTitleBusy: 'Beaucoup de monde se connecte en ce moment',
  problemTitleUnavailable: 'Nous ne pouvons pas vous connecter maintenant',
  problemTitleFault: 'Quelque chose s’est mal passé chez nous',
  problemMalformed: 'Rien n’a été modifié. Revenez en arrière, rechargez la page et réessayez.',
  problemFormInvalid: 'Il manquait quelque chose dans le formulaire. Revenez en arrière, rechargez la page et réessayez.',
  problemFormNotOurs:
    'Rien n’a été modifié. Retournez dans votre application de messagerie et connectez-vous à nouveau depuis là.',
  problemTooLarge: 'C’était bien plus gros que tout ce que cette page demande. Revenez en arrière et réessayez.',
  problemNotFound: 'Vérifiez l’adresse, ou revenez d’où vous venez.',
  problemTooMany:
    'Trop de formulaires sont venus de votre réseau en une minute. Patientez une minute et réessayez. Rien n’a été vérifié.',
  problemBusy: 'Attendez quelques secondes et réessayez. Votre mot de passe n’a pas été vérifié.',
  problemUnavailable: 'Rien n’est perdu. Réessayez dans une minute.',
  problemFault:
    'Rien n’a été modifié. Réessayez ; si cela se reproduit, prévenez la personne qui gère ce service et donnez-lui la référence ci-dessous.',
} as const satisfies Messages
