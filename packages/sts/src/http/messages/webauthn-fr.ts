import type { webauthnEn } from './webauthn-en.ts'

export const webauthnFr = {
  webauthnSignIn: 'Se connecter avec une clé d’accès',
  webauthnTitle: 'Utilisez votre clé d’accès ou de sécurité',
  webauthnText:
    'Votre navigateur demande votre empreinte, votre visage ou votre code PIN, ou la clé que vous avez enregistrée pour {realm}.',
  webauthnButton: 'Utiliser ma clé',
  webauthnWrong: 'Cette clé n’a pas été acceptée. Utilisez celle que vous avez enregistrée pour ce compte, ou un autre moyen.',

  webauthnCreateTitle: 'Créer une clé d’accès',
  webauthnCreateText:
    'Votre navigateur demande où la garder : sur cet appareil, sur votre téléphone ou sur une clé de sécurité. Vous vous connecterez ensuite avec votre empreinte, votre visage ou votre code PIN.',
  webauthnCreateButton: 'Créer la clé d’accès',
  webauthnCreateWrong: 'Cette clé n’a pas pu être enregistrée. Réessayez, ou prenez un autre appareil ou une autre clé.',
  webauthnCreateTaken: 'Cette clé est déjà enregistrée. Prenez-en une autre.',
  webauthnLabel: 'Clé d’accès',
  webauthnLabelNext: 'Clé d’accès {number}',

  webauthnRefused:
    'Cette clé d’accès n’a pas été acceptée ici. Prenez-en une autre, ou saisissez votre adresse e-mail et votre mot de passe.',
  webauthnUnverified:
    'Cette clé n’a pas vérifié que c’est bien vous. Donnez-lui un code PIN ou une empreinte, ou saisissez votre adresse e-mail et votre mot de passe.',
  webauthnExpired: 'Cela a pris trop de temps. Veuillez réessayer.',

  webauthnCancelled:
    'Rien n’est venu de votre clé : l’opération a été annulée ou a pris trop de temps. Appuyez sur le bouton pour réessayer.',
  webauthnUnsuited: 'Cet appareil ou cette clé ne sait pas faire ce qui est demandé ici. Prenez-en un autre.',
  webauthnElsewhere:
    'Ce navigateur ne peut pas utiliser de clés d’accès ou de sécurité ici. Prenez un autre navigateur ou un autre moyen.',
  webauthnBroken: 'Votre appareil ou votre clé n’a pas répondu comme prévu. Appuyez sur le bouton pour réessayer.',
  webauthnNoScript: 'Les clés d’accès et de sécurité ont besoin de JavaScript, qui est désactivé dans ce navigateur.',
} as const satisfies Record<keyof typeof webauthnEn, string>
