/**
 * webauthn knows keys that answer to one origin only (W3C Web Authentication Level 3): security keys and passkeys as a
 * second factor, and their binding.
 *
 * It owns the ceremonies: challenges, options, and what is kept about a credential. Signing in with a passkey alone is
 * passkeys.ts. It does not know pages, and it trusts no maker of authenticators: attestation is not asked for. A key that
 * is synced says `swk`; nothing here, and no `acr` of this house, claims AAL3 for either (NIST SP 800-63B-4 section 2.3).
 * @module
 */
import type { Authenticator } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { type Match, type Method, type Mismatch, type Occasion, type Prompt, waysOfAuthenticators } from '../method.ts'
import { readAssertion, readRegistration } from './answer.ts'
import { verifyAssertion } from './assertion.ts'
import { type Ceremony, type CeremonyPlace, challengeSeconds, createCeremonies } from './ceremonies.ts'
import { webauthnLibrary } from './library.ts'
import { algorithms, verifyRegistration } from './registration.ts'
import { type RelyingParty, userHandleOf, type WebauthnRefusal } from './relying-party.ts'

export interface WebauthnParts {
  readonly random: (bytes: number) => Uint8Array
  readonly clock: Clock
  readonly relyingParty: RelyingParty
}

export function createWebauthn({ random, clock, relyingParty: party }: WebauthnParts): Method {
  const ceremonies = createCeremonies({ random })
  const place = ({ realm, attempt, accountId }: Occasion, ceremony: Ceremony): CeremonyPlace => ({
    realm,
    ceremony,
    attempt,
    accountId,
  })

  async function begin(occasion: Occasion, authenticators: readonly Authenticator[]): Promise<Prompt> {
    const challenge = await ceremonies.open(place(occasion, 'second-factor'), clock())
    const options = await webauthnLibrary().generateAuthenticationOptions({
      rpID: party.id,
      challenge: bytesOf(challenge),
      timeout: challengeSeconds * 1000,
      userVerification: 'preferred',
      allowCredentials: authenticators.flatMap(describe),
    })
    return Object.freeze({ kind: 'webauthn', options: Object.freeze({ ...options }) })
  }

  return Object.freeze({
    id: 'webauthn',
    strength: 'phishing-resistant',
    rules: 'unguessable',
    waysOf: async (_occasion, authenticators) => waysOfAuthenticators(authenticators),
    begin,

    async match(occasion, authenticators, text, now) {
      const answer = readAssertion(text)
      if (answer === undefined) return becauseOf('malformed')
      if (!(await ceremonies.take(place(occasion, 'second-factor'), answer.clientDataJSON, now))) return 'expired'
      // Only those of this account are looked at, so another's key is unknown here, however right its signature is.
      const credential = authenticators.find(({ credentialId }) => credentialId === answer.id)
      if (credential === undefined) return becauseOf('credential_unknown')
      const verified = await verifyAssertion(answer, { party, credential, use: 'second-factor' })
      if ('refused' in verified) return becauseOf(verified.refused)
      const used = { at: now, counter: verified.counter, detail: verified.detail }
      return Object.freeze({
        amr: Object.freeze([verified.amr]),
        authenticatorId: credential.id,
        burn: () => noteUse(occasion.realm, credential, used),
      } satisfies Match)
    },

    enrollment: Object.freeze({
      // Key and id are not known before the browser has answered.
      draft: async () => Object.freeze({ secret: new Uint8Array(), detail: Object.freeze({}) }),

      async present(occasion) {
        const { realm, accountId } = occasion
        const challenge = await ceremonies.open(place(occasion, 'registration'), clock())
        const options = await webauthnLibrary().generateRegistrationOptions({
          rpName: occasion.issuerName,
          rpID: party.id,
          userName: occasion.accountName,
          userDisplayName: occasion.accountName,
          userID: userHandleOf(accountId),
          challenge: bytesOf(challenge),
          timeout: challengeSeconds * 1000,
          attestationType: 'none',
          excludeCredentials: (await realm.authenticators.list(accountId)).flatMap(describe),
          authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
          supportedAlgorithmIDs: [...algorithms],
        })
        return Object.freeze({ kind: 'webauthn', options: Object.freeze({ ...options }) })
      },

      async match(occasion, _pending, text, now) {
        const answer = readRegistration(text)
        if (answer === undefined) return becauseOf('malformed')
        if (!(await ceremonies.take(place(occasion, 'registration'), answer.clientDataJSON, now)))
          return becauseOf('challenge_unknown')
        const verified = await verifyRegistration(answer, { party })
        if ('refused' in verified) return becauseOf(verified.refused)
        const { amr, credentialId, publicKey: secret, counter: step, detail } = verified
        return Object.freeze({ amr: Object.freeze([amr]), proof: Object.freeze({ credentialId, secret, step, detail }) })
      },
    } satisfies Method['enrollment']),
  } satisfies Method)
}

/**
 * Keeps what a use has shown. A counter that counts is accepted once and upwards only, so that of a key and its copy that
 * answer at the same time one is refused. `false`: it was not the first, or the credential is not active any more.
 */
export const noteUse = (
  realm: Occasion['realm'],
  { id }: Authenticator,
  { at, counter, detail }: { at: Date; counter: number; detail: Authenticator['detail'] },
): Promise<boolean> =>
  counter > 0
    ? realm.authenticators.acceptStep(id, { step: counter, at, detail })
    : realm.authenticators.touch(id, { at, detail })

const becauseOf = (because: WebauthnRefusal): Mismatch => Object.freeze({ because })

/** How options name a credential. One that is pending has no id yet. */
const describe = ({ method, credentialId, detail }: Authenticator) =>
  method === 'webauthn' && credentialId !== undefined
    ? [{ id: credentialId, transports: Array.isArray(detail.transports) ? [...detail.transports] : [] }]
    : []

const bytesOf = (challenge: string) => new Uint8Array(Buffer.from(challenge, 'base64url'))
