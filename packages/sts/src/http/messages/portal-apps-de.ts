import type { PortalAppsMessages } from './portal-apps-en.ts'

/** German texts of apps that sign in with tokens. */
export const portalAppsDe = {
  authorizedTitle: 'Apps, die sich für Sie anmelden',
  authorizedText: 'Sie haben sie einmal zugelassen, seitdem fragen sie nicht mehr. Eine App auf zwei Geräten steht hier zweimal.',
  authorizedSince: 'Angemeldet {when}',
  authorizedUsed: 'Zuletzt benutzt {when}',
  authorizedAll: 'Alle diese Apps ({count})',
  authorizedNone: 'Im Moment meldet sich keine App für Sie an.',
  authorizedEnd: 'Beenden',
  authorizedEndLong: 'Zugang von {name} beenden, angemeldet {when}',
  authorizedEndTitle: 'Zugang von {name} beenden?',
  authorizedEndText: '{name} muss neu angemeldet werden. Was schon abgerufen ist, bleibt auf dem Gerät.',
  authorizedEndYes: 'Zugang beenden',
  authorizedKeep: 'Behalten',

  sessionEndTitle: 'Diese Anmeldung beenden?',
  sessionEndText: 'Wer diesen Browser benutzt, muss sich neu anmelden.',
  sessionEndApps:
    'Apps, die in diesem Browser während dieser Anmeldung Zugang bekommen haben, verlieren ihn auch und müssen neu angemeldet werden. Was sie schon abgerufen haben, bleibt auf dem Gerät.',
  sessionEndYes: 'Anmeldung beenden',
  sessionKeep: 'Behalten',
} as const satisfies PortalAppsMessages
