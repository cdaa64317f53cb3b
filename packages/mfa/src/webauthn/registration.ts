import type { AuthenticatorDetail } from '@postern/storage'
import type { RegistrationAnswer } from './answer.ts'
import { webauthnLibrary, webauthnReading } from './library.ts'
import { isUsableKey } from './public-key.ts'
import { checkClientData, type Refused, type RelyingParty, refuse } from './relying-party.ts'

/** ES256, EdDSA, RS256, the one that is liked best first (IANA COSE Algorithms). */
export const algorithms: readonly number[] = [-7, -8, -257]

/** Section 4, "credential id": at most this many bytes. */
const credentialIdLimit = 1023

/** A credential that may be bound. `publicKey` is a COSE key (RFC 9052 section 7). */
export type VerifiedRegistration = Readonly<{
  amr: 'hwk' | 'swk'
  credentialId: string
  publicKey: Uint8Array
  counter: number
  detail: AuthenticatorDetail
}>

/**
 * Whether an answer is a new credential for us (section 7.1). The library verifies structure, relying party, presence and
 * the rule that only a key that may be synced can be; the rest is done here: client data, length of the id, that the key is
 * of an algorithm that was asked for and can be used (nothing proves that before the first sign-in), and the statement about
 * its maker. We asked for none, so one with certificates is refused unread (R111): nothing here would trust it.
 *
 * Does NOT ask whether the challenge is ours (ceremonies.ts), nor whether the credential is bound to somebody already: the store
 * says so when it is confirmed (R112). Writes nothing.
 */
export async function verifyRegistration(
  answer: RegistrationAnswer,
  { party }: { readonly party: RelyingParty },
): Promise<VerifiedRegistration | Refused> {
  const data = checkClientData(answer.clientDataJSON, { party, type: 'webauthn.create' })
  if ('refused' in data) return data
  if (Buffer.from(answer.id, 'base64url').length > credentialIdLimit) return refuse('credential_id_too_long')
  const attestation = attestationOf(answer)
  if (attestation !== 'none' && attestation !== 'self') return refuse(attestation)

  const result = await webauthnLibrary()
    .verifyRegistrationResponse({
      response: responseOf(answer),
      expectedChallenge: data.challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      expectedType: 'webauthn.create',
      requireUserVerification: false,
      supportedAlgorithmIDs: [...algorithms],
    })
    .catch(refuseAny)
  if ('refused' in result) return result
  if (!result.verified) return refuse('signature_wrong')

  const { credential, aaguid, userVerified, credentialDeviceType, credentialBackedUp } = result.registrationInfo
  if (credential.id !== answer.id) return refuse('credential_id_other')
  if (!isUsableKey(credential.publicKey)) return refuse('key_unusable')
  const isSyncable = credentialDeviceType === 'multiDevice'
  return Object.freeze({
    amr: isSyncable ? 'swk' : 'hwk',
    credentialId: credential.id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    detail: Object.freeze({
      transports: answer.transports,
      backupEligible: isSyncable,
      backedUp: credentialBackedUp,
      deviceType: credentialDeviceType,
      aaguid,
      userVerified,
    }),
  })
}

/** `self`: signed with the very key that is being bound, which says nothing about its maker. */
function attestationOf({ attestationObject }: RegistrationAnswer): 'none' | 'self' | 'invalid' | 'attestation_unexpected' {
  try {
    const decoded = webauthnReading().decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
    const format = decoded.get('fmt')
    if (format === 'none') return 'none'
    return format === 'packed' && decoded.get('attStmt').get('x5c') === undefined ? 'self' : 'attestation_unexpected'
  } catch {
    return 'invalid' // decoding is all that happens here
  }
}

/** Nothing but verification stands behind this. The library says what is wrong in sentences; one of them has a name of its own. */
const refuseAny = (cause: unknown): Refused =>
  refuse(cause instanceof Error && cause.message.startsWith('Unexpected public key alg') ? 'algorithm_not_offered' : 'invalid')

const responseOf = ({ id, clientDataJSON, attestationObject }: RegistrationAnswer) => ({
  id,
  rawId: id,
  type: 'public-key' as const,
  response: { clientDataJSON, attestationObject },
  clientExtensionResults: {},
})
