import type { AccountId } from '@postern/storage'
import { type ClientData, readClientData } from './answer.ts'

/** Who asks, as browsers see it: the host name that credentials belong to, and where pages may stand that ask for them. */
export type RelyingParty = Readonly<{ id: string; origins: readonly string[] }>

/**
 * Why an answer is refused; for the audit trail, and never for a page but `user_not_verified`. `invalid`: what the library
 * finds wrong, e.g. another relying party, nobody present, or a broken structure.
 */
export type WebauthnRefusal =
  | 'malformed'
  | 'challenge_unknown'
  | 'type_wrong'
  | 'origin_wrong'
  | 'embedded'
  | 'invalid'
  | 'signature_wrong'
  | 'credential_unknown'
  | 'account_unusable'
  | 'user_handle_wrong'
  | 'user_not_verified'
  | 'backup_flag_changed'
  | 'counter_went_back'
  | 'credential_id_too_long'
  | 'credential_id_other'
  | 'algorithm_not_offered'
  | 'attestation_unexpected'
  | 'key_unusable'

export type Refused = Readonly<{ refused: WebauthnRefusal }>

export const refuse = (refused: WebauthnRefusal): Refused => Object.freeze({ refused })

/**
 * Checks of client data that are equal for both ceremonies: type, origin from the list as it stands, and that the page stood
 * in no frame of somebody else (R109). The library compares neither `crossOrigin` of registrations nor one without
 * `topOrigin`. Does NOT ask whether the challenge is ours: ceremonies.ts did.
 */
export function checkClientData(
  clientDataJson: string,
  expected: { readonly party: RelyingParty; readonly type: 'webauthn.create' | 'webauthn.get' },
): ClientData | Refused {
  const data = readClientData(clientDataJson)
  if (data === undefined) return refuse('malformed')
  if (data.type !== expected.type) return refuse('type_wrong')
  if (!expected.party.origins.includes(data.origin)) return refuse('origin_wrong')
  return data.isEmbedded ? refuse('embedded') : data
}

/**
 * The user handle (section 5.4.3) of an account: the 16 bytes of its id, which tell nobody who it is.
 * @throws {TypeError} when it is no UUID
 */
export function userHandleOf(accountId: AccountId): Uint8Array<ArrayBuffer> {
  const digits = accountId.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new TypeError('an account id must be a UUID')
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
