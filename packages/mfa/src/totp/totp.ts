/**
 * totp knows codes that change with time (RFC 6238): 160-bit secret, HMAC-SHA-1, 6 digits, 30 seconds, which is what every
 * authenticator app understands.
 *
 * It owns the form of secret, code and otpauth URI, and which time steps are acceptable. It does not count attempts and
 * does not remember used steps: challenge.ts does.
 * @module
 */
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { Method } from '../method.ts'

const stepSeconds = 30
const base32 = new ScureBase32Plugin()

export const totp: Method = Object.freeze({
  id: 'totp',
  amr: 'otp',
  secretBytes: 20,

  present(secret, { issuerName, accountName }) {
    const typed = base32.encode(secret)
    return Object.freeze({
      secret: typed,
      secretInGroups: typed.match(/.{1,4}/g)?.join(' ') ?? typed,
      // A colon separates issuer and account in the label, so neither may bring its own.
      uri: generateURI({ issuer: withoutColon(issuerName), label: withoutColon(accountName), secret: typed }),
    })
  },

  match({ secret, lastStep }, code, now) {
    const token = digitsOf(code)
    if (token === undefined) return undefined
    const epoch = Math.floor(now.getTime() / 1000)
    const currentStep = Math.floor(epoch / stepSeconds)
    // otplib throws if the last step lies ahead, as it does after the clock was set back; then nothing is acceptable yet.
    if (lastStep !== undefined && lastStep >= currentStep) return undefined
    const result = verifySync({
      secret,
      token,
      epoch,
      period: stepSeconds,
      epochTolerance: [stepSeconds, 0], // the step before, for slow typists; none ahead (R96)
      ...(lastStep !== undefined && { afterTimeStep: lastStep }),
    })
    return result.valid && 'timeStep' in result ? result.timeStep : undefined
  },
} satisfies Method)

/** Apps show `123 456`, and some keyboards type full-width digits. `undefined`: not six digits. */
function digitsOf(code: string): string | undefined {
  if (code.length > 64) return undefined
  const digits = code.normalize('NFKC').replace(/[\s-]/g, '')
  return /^[0-9]{6}$/.test(digits) ? digits : undefined
}

const withoutColon = (name: string): string => name.toWellFormed().replaceAll(':', ' ')
