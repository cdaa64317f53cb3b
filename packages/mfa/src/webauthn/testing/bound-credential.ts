import type { AccountId, Authenticator, AuthenticatorId } from '@postern/storage'
import { readRegistration } from '../answer.ts'
import { verifyRegistration } from '../registration.ts'
import { type RelyingParty, textOf, userHandleOf } from '../relying-party.ts'
import type { Lies, SoftAuthenticator } from './soft-authenticator.ts'

export const party: RelyingParty = Object.freeze({ id: 'sts.contoso.com', origins: ['https://sts.contoso.com'] })
export const mary = 'e3b0c442-98fc-4c14-9afb-f4c8996fb924' as AccountId // a brand has no runtime part

export const creationOptions = (accountId: AccountId = mary) => ({
  rp: { id: party.id },
  user: { id: textOf(userHandleOf(accountId)) },
  challenge: 'c'.repeat(43),
})

export const register = async (key: SoftAuthenticator, lies: Lies = {}) => {
  const answer = readRegistration(key.create(creationOptions(), lies))
  return answer === undefined ? ({ refused: 'malformed' } as const) : verifyRegistration(answer, { party })
}

/** As the store would hold it after enrolment. */
export async function bind(key: SoftAuthenticator): Promise<Authenticator> {
  const verified = await register(key)
  if ('refused' in verified) throw new TypeError(`the test key was refused: ${verified.refused}`)
  const { credentialId, publicKey: secret, counter: lastStep, detail } = verified
  return {
    id: 'f3b0c442-98fc-4c14-9afb-f4c8996fb925' as AuthenticatorId, // a brand has no runtime part
    accountId: mary,
    method: 'webauthn',
    label: 'Key',
    state: 'active',
    isDefault: false,
    createdAt: new Date(0),
    secret,
    detail,
    credentialId,
    lastStep,
  }
}
