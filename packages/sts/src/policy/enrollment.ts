/** What is known when somebody is about to set up a factor, in the middle of a sign-in or at the portal. */
export interface EnrollmentSignals {
  /** The account has a factor that the realm accepts. */
  readonly hasFactor: boolean
  /** It was shown, lately enough; or, without one, something that stands in for it was, such as an access pass. */
  readonly wasFactorShown: boolean
  /** The browser is in one of the realm's trusted networks. */
  readonly isTrustedNetwork: boolean
  /** An access pass was shown in this very attempt. */
  readonly hasPermit: boolean
  /** An administrator has put a telephone number there, to be confirmed. */
  readonly hasProposal: boolean
}

/** `kind` is what mfa is told: whether the account must have no factor yet. `proposed`: the administrator's number, and nothing else. */
export type EnrollmentPermission =
  | Readonly<{
      may: 'anything'
      kind: 'first' | 'further'
      because: 'factor_shown' | 'access_pass' | 'trusted_network'
    }>
  | Readonly<{ may: 'proposed'; kind: 'first' }>
  | Readonly<{ may: 'nothing' }>

const nothing: EnrollmentPermission = Object.freeze({ may: 'nothing' })

/**
 * Whether this person may set up a factor here, and what. A password alone never may: whoever has stolen it would bind a
 * telephone of their own (R98, R121). A message to a number that an administrator has entered reaches its owner, whoever
 * asks for it. Once there is a factor, neither network nor pass stands in for it: only itself does. Pure.
 */
export function decideEnrollment(signals: EnrollmentSignals): EnrollmentPermission {
  if (signals.hasFactor)
    return signals.wasFactorShown ? Object.freeze({ may: 'anything', kind: 'further', because: 'factor_shown' }) : nothing
  if (signals.wasFactorShown) return Object.freeze({ may: 'anything', kind: 'first', because: 'factor_shown' })
  if (signals.hasPermit) return Object.freeze({ may: 'anything', kind: 'first', because: 'access_pass' })
  if (signals.isTrustedNetwork) return Object.freeze({ may: 'anything', kind: 'first', because: 'trusted_network' })
  return signals.hasProposal ? Object.freeze({ may: 'proposed', kind: 'first' }) : nothing
}
