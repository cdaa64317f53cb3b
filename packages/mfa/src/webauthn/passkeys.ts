import type { AccountId, RealmSettings, RealmStore } from '@postern/storage'
import type { Evidence } from '../challenge.ts'
import { readAssertion } from './answer.ts'
import { verifyAssertion } from './assertion.ts'
import { challengeSeconds, createCeremonies } from './ceremonies.ts'
import { webauthnLibrary } from './library.ts'
import type { WebauthnRefusal } from './relying-party.ts'
import { noteUse, type WebauthnParts } from './webauthn.ts'

/** What became of a sign-in by passkey. `because` and `accountId` of a wrong one are for the audit trail, never for a stranger. */
export type PasskeyOutcome =
  | Readonly<{ outcome: 'proved'; accountId: AccountId; evidence: Evidence }>
  | Readonly<{ outcome: 'wrong'; because: WebauthnRefusal; accountId?: AccountId }>
  /** The challenge is too old, was answered already, or was never of this attempt. */
  | Readonly<{ outcome: 'expired' }>

type Attempt = Readonly<{ attempt: string; settings: Pick<RealmSettings, 'disabledMethods'> }>

/**
 * Signing in with a passkey alone: no name is typed, the passkey says whose it is. It goes through no counter, because there
 * is nothing to guess at: neither wrong passwords nor wrong codes keep its owner out (R92).
 */
export interface Passkeys {
  /**
   * Options for `navigator.credentials.get`, the same for everybody: they name no credential (R87). `undefined`: this realm has
   * switched the method off.
   */
  begin(realm: RealmStore, attempt: Attempt): Promise<Readonly<Record<string, unknown>> | undefined>
  /**
   * Checks an answer. The passkey must have verified its owner, so `amr` says `mfa` beside `swk` or `hwk`. The account must be
   * active. Does NOT ask any policy.
   */
  verify(realm: RealmStore, shown: Attempt & { readonly answer: string }): Promise<PasskeyOutcome>
}

export function createPasskeys({ random, clock, relyingParty: party }: WebauthnParts): Passkeys {
  const ceremonies = createCeremonies({ random })
  const isOff = ({ settings }: Attempt): boolean => settings.disabledMethods?.includes('webauthn') === true

  return Object.freeze({
    async begin(realm, shown) {
      if (isOff(shown)) return undefined
      const challenge = await ceremonies.open({ realm, ceremony: 'passkey', attempt: shown.attempt }, clock())
      const options = await webauthnLibrary().generateAuthenticationOptions({
        rpID: party.id,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        timeout: challengeSeconds * 1000,
        userVerification: 'required',
      })
      return Object.freeze({ ...options })
    },

    async verify(realm, shown) {
      if (isOff(shown)) return expired
      const at = clock()
      const answer = readAssertion(shown.answer)
      if (answer === undefined) return wrong('malformed')
      const place = { realm, ceremony: 'passkey', attempt: shown.attempt } as const
      if (!(await ceremonies.take(place, answer.clientDataJSON, at))) return expired

      const credential = await realm.authenticators.findByCredentialId(answer.id)
      if (credential === undefined || credential.method !== 'webauthn' || credential.state !== 'active') {
        return wrong('credential_unknown')
      }
      const { accountId } = credential
      const verified = await verifyAssertion(answer, { party, credential, use: 'passkey' })
      if ('refused' in verified) return wrong(verified.refused, accountId)
      if ((await realm.accounts.find(accountId))?.status !== 'active') return wrong('account_unusable', accountId)
      const isFirst = await noteUse(realm, credential, { at, counter: verified.counter, detail: verified.detail })
      if (!isFirst) return wrong('counter_went_back', accountId)
      const evidence = Object.freeze({ amr: Object.freeze([verified.amr, 'mfa']), at })
      return Object.freeze({ outcome: 'proved', accountId, evidence })
    },
  } satisfies Passkeys)
}

const expired: PasskeyOutcome = Object.freeze({ outcome: 'expired' })

const wrong = (because: WebauthnRefusal, accountId?: AccountId): PasskeyOutcome =>
  Object.freeze({ outcome: 'wrong', because, ...(accountId && { accountId }) })
