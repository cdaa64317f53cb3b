import type { RealmSettings } from '@postern/storage'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** What a new realm begins with. Durations in seconds. */
export const defaultSettings: RealmSettings = Object.freeze({
  accessTokenSeconds: hour,
  idTokenSeconds: hour,
  // A code lives 60 s at most (R22, ASVS 10.4.3 level 3).
  authorizationCodeSeconds: minute,
  deviceCodeSeconds: 15 * minute,
  // NIST SP 800-63B section 2.2.3: everybody signs in anew after a day at the latest (R124).
  sessionSeconds: day,
  interactionSeconds: hour,
  // A mail client that is used once a quarter stays signed in (R41); a year ends every family (R40).
  refreshIdleSeconds: 90 * day,
  refreshAbsoluteSeconds: 365 * day,
  refreshReplaySeconds: 10,
})
