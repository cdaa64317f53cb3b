import type { Account, AccountId, RealmStore } from '@postern/storage'
import { createFactors } from '../../factors.ts'
import { createAttemptGate } from '../../gate.ts'
import type { Occasion } from '../../method.ts'
import { createPasskeys } from '../passkeys.ts'
import { createWebauthn } from '../webauthn.ts'
import { party } from './bound-credential.ts'
import type { Lies, SoftAuthenticator } from './soft-authenticator.ts'

/** Everything that asks for keys, over a real store, with a clock that stands still. `newAccount` makes one that nobody has. */
export function stageOf(realm: RealmStore, newAccount: () => Account) {
  let seconds = 0
  let drawn = 0
  const clock = () => new Date(Date.parse('2026-03-01T12:00:00Z') + seconds * 1000)
  const random = (bytes: number) =>
    Uint8Array.from({ length: bytes }, () => {
      drawn += 1
      return (drawn * 167 + (drawn >> 8) * 31) % 256
    })
  const parts = { clock, random, relyingParty: party }
  const factors = createFactors({ clock, random, gate: createAttemptGate({ clock }), methods: [createWebauthn(parts)] })
  const passkeys = createPasskeys(parts)
  const settings = {}

  const occasionOf = (accountId: AccountId, attempt = 'the sign-in of this browser'): Occasion => ({
    realm,
    accountId,
    settings,
    attempt,
    language: 'en',
    issuerName: 'Contoso',
    accountName: 'mary@contoso.com',
  })

  async function beginEnrollment(occasion: Occasion, kind: 'first' | 'further' = 'first') {
    const begun = await factors.beginEnrollment(occasion, { method: 'webauthn', label: 'Passkey', kind })
    if ('refused' in begun || begun.presentation.kind !== 'webauthn') throw new TypeError('a passkey is always presented')
    return { authenticatorId: begun.authenticatorId, options: begun.presentation.options }
  }

  async function enrol(occasion: Occasion, key: SoftAuthenticator, lies: Lies = {}, kind: 'first' | 'further' = 'first') {
    const { authenticatorId, options } = await beginEnrollment(occasion, kind)
    return factors.confirmEnrollment(occasion, { authenticatorId, answer: key.create(options, lies), kind })
  }

  async function begin(occasion: Occasion) {
    const prompt = await factors.begin(occasion, { method: 'webauthn' })
    if (prompt?.kind !== 'webauthn') throw new TypeError('a key is asked for')
    return prompt.options
  }

  return {
    realm,
    clock,
    factors,
    passkeys,
    occasionOf,
    beginEnrollment,
    enrol,
    begin,
    verify: (occasion: Occasion, answer: string) => factors.verify(occasion, { method: 'webauthn', answer }),
    async beginPasskey(attempt = 'the sign-in of this browser') {
      const options = await passkeys.begin(realm, { attempt, settings })
      if (options === undefined) throw new TypeError('passkeys are not switched off')
      return options
    },
    verifyPasskey: (answer: string, attempt = 'the sign-in of this browser') =>
      passkeys.verify(realm, { attempt, settings, answer }),
    async addAccount(change: Partial<Account> = {}): Promise<AccountId> {
      const account = { ...newAccount(), ...change }
      await realm.accounts.add(account)
      return account.id
    },
    pass(more: number): void {
      seconds += more
    },
  }
}

export type WebauthnStage = ReturnType<typeof stageOf>
