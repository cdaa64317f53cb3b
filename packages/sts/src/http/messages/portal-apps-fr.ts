import type { PortalAppsMessages } from './portal-apps-en.ts'

/** French texts of apps that sign in with tokens. */
export const portalAppsFr = {
  authorizedTitle: 'Applications qui se connectent pour vous',
  authorizedText:
    'Vous les avez autorisées une fois, et elles continuent sans vous le demander. Une application sur deux appareils figure ici deux fois.',
  authorizedSince: 'Connectée {when}',
  authorizedUsed: 'Dernière utilisation {when}',
  authorizedAll: 'Toutes ces applications ({count})',
  authorizedNone: 'Aucune application ne se connecte pour vous en ce moment.',
  authorizedEnd: 'Terminer',
  authorizedEndLong: 'Mettre fin à l’accès de {name}, connectée {when}',
  authorizedEndTitle: 'Mettre fin à l’accès de {name} ?',
  authorizedEndText: 'L’application {name} devra être reconnectée. Ce qu’elle a déjà récupéré reste sur l’appareil.',
  authorizedEndYes: 'Mettre fin à l’accès',
  authorizedKeep: 'Conserver',

  sessionEndTitle: 'Terminer cette connexion ?',
  sessionEndText: 'La personne qui utilise ce navigateur devra se reconnecter.',
  sessionEndApps:
    'Les applications qui ont reçu un accès dans ce navigateur pendant cette connexion le perdent aussi et devront être reconnectées. Ce qu’elles ont déjà récupéré reste sur l’appareil.',
  sessionEndYes: 'Terminer la connexion',
  sessionKeep: 'Conserver',
} as const satisfies PortalAppsMessages
