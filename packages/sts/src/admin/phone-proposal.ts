import { maskPhoneNumber } from '@postern/mfa'
import type { Account, AuthenticatorId } from '@postern/storage'
import type { RealmPorts } from './operation.ts'

export type PhoneChannel = 'sms' | 'voice'

/**
 * Puts a telephone number there for its owner to confirm, in the place of an earlier proposal. Nothing is accepted at sign-in
 * before they have. `'bound'`: the account has this very number as a factor, and nothing was changed.
 */
export async function proposePhone(
  { kept, clock, newId }: Pick<RealmPorts, 'kept' | 'clock' | 'newId'>,
  account: Account,
  phone: { number: string; channel: PhoneChannel },
): Promise<AuthenticatorId | 'bound'> {
  const secret = new TextEncoder().encode(phone.number)
  const numbers = (await kept.authenticators.list(account.id)).filter(({ method }) => method === 'sms')
  const isBound = numbers.some((one) => one.state === 'active' && Buffer.from(one.secret).equals(secret))
  if (isBound) return 'bound'
  for (const { id, state } of numbers) if (state === 'proposed') await kept.authenticators.remove(id)
  const id = newId() as AuthenticatorId // made here, so it names no other kind of thing
  const masked = maskPhoneNumber(phone.number)
  await kept.authenticators.add({
    id,
    accountId: account.id,
    method: 'sms',
    label: masked,
    secret,
    state: 'proposed',
    detail: { channel: phone.channel, masked },
    createdAt: clock(),
  })
  return id
}
