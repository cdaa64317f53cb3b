/**
 * totp knows codes that change with time (RFC 6238): 160-bit secret, HMAC-SHA-1, 6 digits, 30 seconds, which is what every
 * authenticator app understands.
 *
 * It owns the form of secret, code and otpauth URI, and which time steps are acceptable. It does not count attempts; that
 * a step is used once is the store's promise (`acceptStep`), kept by challenge.ts.
 * @module
 */
import type { Authenticator } from '@postern/storage'
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import { type Method, type Names, type Presentation, waysOfAuthenticators } from '../method.ts'
import { codeRules } from '../throttle.ts'

const stepSeconds = 30
const secretBytes = 20
const base32 = new ScureBase32Plugin()

export function createTotp({ random }: { random: (bytes: number) => Uint8Array }): Method {
  return Object.freeze({
    id: 'totp',
    strength: 'second-factor',
    rules: codeRules,
    waysOf: async (_occasion, authenticators) => waysOfAuthenticators(authenticators),

    async match({ realm }, authenticators, answer, now) {
      for (const authenticator of authenticators) {
        const step = stepOf(authenticator, answer, { now, offsets: offsetsOf(authenticator) })
        if (step === undefined) continue
        const { id } = authenticator
        return Object.freeze({
          amr: ['otp'],
          authenticatorId: id,
          burn: () => realm.authenticators.acceptStep(id, { step, at: now }),
        })
      }
      return undefined
    },

    enrollment: Object.freeze({
      draft: async () => Object.freeze({ secret: random(secretBytes), detail: Object.freeze({}) }),
      present: async (occasion, { secret }) => present(secret, occasion),
      async match(_occasion, pending, answer, now) {
        const step = stepOf(pending, answer, { now, offsets: [...usualOffsets, ...driftOffsets] })
        if (step === undefined) return undefined
        const drift = step - stepAt(now)
        const detail = driftOffsets.includes(drift) ? { drift } : {}
        return Object.freeze({ amr: ['otp'], proof: Object.freeze({ step, detail: Object.freeze(detail) }) })
      },
    } satisfies Method['enrollment']),
  } satisfies Method)
}

export function present(secret: Uint8Array, { issuerName, accountName }: Names): Extract<Presentation, { kind: 'totp' }> {
  const typed = base32.encode(secret)
  return Object.freeze({
    kind: 'totp',
    secret: typed,
    secretInGroups: typed.match(/.{1,4}/g)?.join(' ') ?? typed,
    // A colon separates issuer and account in the label, so neither may bring its own.
    uri: generateURI({ issuer: withoutColon(issuerName), label: withoutColon(accountName), secret: typed }),
  })
}

const stepAt = (now: Date): number => Math.floor(now.getTime() / 1000 / stepSeconds)

/** This step, and the one before for slow typists; none ahead (R96). */
const usualOffsets: readonly number[] = [0, -1]
/** How far off a phone may be that was off when it was bound. Nobody else gets a third step to guess at. */
const driftOffsets: readonly number[] = [1, -2]

/** The steps at which a code is accepted, counted from now: the usual ones, and where the phone's clock was when it was bound. */
function offsetsOf({ detail }: Pick<Authenticator, 'detail'>): readonly number[] {
  const { drift } = detail
  return typeof drift === 'number' && driftOffsets.includes(drift) ? [...usualOffsets, drift] : usualOffsets
}

/**
 * Which time step the code stands for. `undefined`: none that is acceptable now, or one that is not newer than the last one.
 * Does NOT make sure that it was not used meanwhile.
 */
export function stepOf(
  { secret, lastStep }: Pick<Authenticator, 'secret' | 'lastStep'>,
  code: string,
  { now, offsets = usualOffsets }: { now: Date; offsets?: readonly number[] },
): number | undefined {
  const token = digitsOf(code)
  if (token === undefined) return undefined
  return offsets
    .map((offset) => stepAt(now) + offset)
    .filter((step) => step >= 0 && (lastStep === undefined || step > lastStep))
    .find((step) => verifySync({ secret, token, epoch: step * stepSeconds, period: stepSeconds, epochTolerance: 0 }).valid)
}

/** Apps show `123 456`, and some keyboards type full-width digits. `undefined`: not six digits. */
export function digitsOf(code: string): string | undefined {
  if (code.length > 64) return undefined
  const digits = code.normalize('NFKC').replace(/[\s-]/g, '')
  return /^[0-9]{6}$/.test(digits) ? digits : undefined
}

const withoutColon = (name: string): string => name.toWellFormed().replaceAll(':', ' ')
