/** English texts of apps that sign in with tokens, and of ending a sign-in with what it gave to apps. */
export const portalAppsEn = {
  authorizedTitle: 'Apps that sign in for you',
  authorizedText: 'You let them in once, and they go on without asking you. An app on two devices is here twice.',
  authorizedSince: 'Signed in {when}',
  authorizedUsed: 'Last used {when}',
  authorizedAll: 'All of these apps ({count})',
  authorizedNone: 'No app signs in for you at the moment.',
  authorizedEnd: 'End',
  authorizedEndLong: 'End the access of {name}, signed in {when}',
  authorizedEndTitle: 'End the access of {name}?',
  authorizedEndText: '{name} has to be signed in again. What it has fetched already stays on the device.',
  authorizedEndYes: 'End access',
  authorizedKeep: 'Keep it',

  sessionEndTitle: 'End this sign-in?',
  sessionEndText: 'Whoever uses that browser has to sign in again.',
  sessionEndApps:
    'Apps that were given access in that browser during this sign-in lose it as well, and have to be signed in again. What they have fetched already stays on the device.',
  sessionEndYes: 'End sign-in',
  sessionKeep: 'Keep it',
} as const

/** Every text of these pages in one language. */
export type PortalAppsMessages = Readonly<Record<keyof typeof portalAppsEn, string>>
