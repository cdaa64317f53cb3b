import type { Authenticator, AuthenticatorDetail } from '@postern/storage'
import type { AssertionAnswer } from './answer.ts'
import { webauthnLibrary } from './library.ts'
import { checkClientData, type Refused, type RelyingParty, refuse, textOf, userHandleOf } from './relying-party.ts'

/** A signature that is right. `counter` and `detail` are what is to be kept about the credential. */
export type VerifiedAssertion = Readonly<{
  /** RFC 8176: `hwk` for a key that cannot leave its device, `swk` for one that is synced. */
  amr: 'hwk' | 'swk'
  /** The authenticator checked its owner (PIN, finger, face), now. */
  isUserVerified: boolean
  counter: number
  detail: AuthenticatorDetail
}>

/** `passkey`: it stands alone, so the authenticator must know its owner, and the answer must say whose it is. */
export type AssertionUse = 'second-factor' | 'passkey'

/**
 * Whether an answer was signed by this credential for us (section 7.2). The library verifies structure, relying party, presence and
 * signature; the rest is done here, because it leaves it to its caller (R110, R113, R114):
 * client data, the user handle, that a key that could (not) be synced still is one, user verification, the counter.
 *
 * A passkey must have verified its owner before, when a password stood beside it or when it was registered (section 4,
 * "uvInitialized"): otherwise whoever finds a bare key gives it a PIN of their own and signs in with it alone.
 *
 * The counter is compared after the signature, so that nobody without the key can make it look cloned. Does NOT ask whether
 * the challenge is ours or was used (ceremonies.ts), nor whether the credential is active. Writes nothing.
 */
export async function verifyAssertion(
  answer: AssertionAnswer,
  asked: { readonly party: RelyingParty; readonly credential: Authenticator; readonly use: AssertionUse },
): Promise<VerifiedAssertion | Refused> {
  const { party, credential, use } = asked
  const data = checkClientData(answer.clientDataJSON, { party, type: 'webauthn.get' })
  if ('refused' in data) return data
  const { accountId, credentialId, secret, detail, lastStep = 0 } = credential
  if (credentialId === undefined || credentialId !== answer.id) return refuse('credential_unknown')

  const result = await webauthnLibrary()
    .verifyAuthenticationResponse({
      response: responseOf(answer),
      expectedChallenge: data.challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      expectedType: 'webauthn.get',
      requireUserVerification: false, // below, after the signature
      credential: { id: credentialId, publicKey: new Uint8Array(secret), counter: 0 },
    })
    .catch(refuseAny)
  if ('refused' in result) return result
  if (!result.verified) return refuse('signature_wrong')

  const { newCounter, userVerified, credentialDeviceType, credentialBackedUp } = result.authenticationInfo
  const isHandleOurs = answer.userHandle === textOf(userHandleOf(accountId))
  if (use === 'passkey' ? !isHandleOurs : answer.userHandle !== undefined && !isHandleOurs) return refuse('user_handle_wrong')
  const isSyncable = credentialDeviceType === 'multiDevice'
  if (detail.backupEligible !== isSyncable) return refuse('backup_flag_changed')
  if (use === 'passkey' && !(userVerified && detail.userVerified === true)) return refuse('user_not_verified')
  if ((newCounter > 0 || lastStep > 0) && newCounter <= lastStep) return refuse('counter_went_back')

  return Object.freeze({
    amr: isSyncable ? 'swk' : 'hwk',
    isUserVerified: userVerified,
    counter: newCounter,
    detail: Object.freeze({ backedUp: credentialBackedUp, userVerified: detail.userVerified === true || userVerified }),
  })
}

/** Nothing but verification stands behind this: whatever it throws is about the answer, never about us. */
const refuseAny = (): Refused => refuse('invalid')

/** What the library reads; it is not given anything else. */
const responseOf = ({ id, clientDataJSON, authenticatorData, signature }: AssertionAnswer) => ({
  id,
  rawId: id,
  type: 'public-key' as const,
  response: { clientDataJSON, authenticatorData, signature },
  clientExtensionResults: {},
})
