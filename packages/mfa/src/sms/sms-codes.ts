/**
 * sms-codes keeps the codes that were sent: one for each authenticator, attempt and purpose, for ten minutes (R100).
 *
 * It owns how a code is drawn, kept, replaced and compared. The code itself is nowhere but in the message: what is kept is a
 * keyed digest, in a sealed row. It does not own sending, nor how many messages there may be.
 * @module
 */
import type { Authenticator } from '@postern/storage'
import { takeOne } from '../allowance.ts'
import { asText, type Digest, isSameDigest } from '../digest.ts'
import type { Occasion } from '../method.ts'

export const codeSeconds = 10 * 60
/** Of one code, whatever the gate lets through; the window is longer than a code lives. */
const evaluations = Object.freeze({ max: 1000, maxOfTag: 5, windowSeconds: 2 * codeSeconds })
const kind = 'SmsCode'

/** What a code is for. What was sent for one errand is good for no other. */
export interface Errand {
  readonly occasion: Occasion
  readonly authenticator: Authenticator
  readonly purpose: 'sign-in' | 'enrollment'
}

export type SentCode = Readonly<{ state: 'sent'; serial: string; digest: string; sentAt: Date; expiresAt: Date }>

/** Why there is no code, so that a page loaded again can say it. */
export type NoCode = Readonly<{ state: 'undeliverable' } | { state: 'limited'; until?: Date }>

export interface SmsCodes {
  /** A new code and what to keep of it. `serial` names it and does not open anything. */
  draw(errand: Errand, serial: string, now: Date): Readonly<{ code: string; kept: SentCode }>
  /** In the place of what was kept for the errand before. */
  keep(errand: Errand, kept: SentCode | NoCode, now: Date): Promise<void>
  /** `undefined`: nothing, or too old. */
  find(errand: Errand, now: Date): Promise<SentCode | NoCode | undefined>
  /** Counts, then compares. `spent`: it was held against five answers already, and is gone now. */
  compare(errand: Errand, kept: SentCode, digits: string, now: Date): Promise<'right' | 'wrong' | 'spent'>
  /** Uses it up. Of any number at once, one gets `true`. */
  burn(errand: Errand, kept: SentCode): Promise<boolean>
  drop(errand: Errand): Promise<void>
}

export function createSmsCodes({ random, digest }: { random: (bytes: number) => Uint8Array; digest: Digest }): SmsCodes {
  const idOf = ({ occasion, authenticator, purpose }: Errand): string =>
    JSON.stringify([purpose, authenticator.id, occasion.attempt])

  const digestOf = (errand: Errand, serial: string, code: string): Uint8Array =>
    digest('sms/code', errand.occasion.realm.realmId, idOf(errand), serial, code)

  const drop = ({ occasion, ...errand }: Errand) => occasion.realm.artifacts.destroy(kind, idOf({ occasion, ...errand }))

  return Object.freeze({
    drop,
    draw(errand, serial, now) {
      const code = drawCode(random)
      const kept: SentCode = Object.freeze({
        state: 'sent',
        serial,
        digest: asText(digestOf(errand, serial, code)),
        sentAt: now,
        expiresAt: new Date(now.getTime() + codeSeconds * 1000),
      })
      return Object.freeze({ code, kept })
    },
    async keep(errand, kept, now) {
      const { realm, accountId } = errand.occasion
      await realm.artifacts.upsert({
        kind,
        id: idOf(errand),
        payload: { ...kept },
        expiresAt: kept.state === 'sent' ? kept.expiresAt : new Date(now.getTime() + codeSeconds * 1000),
        keys: { accountId },
      })
    },
    async find(errand, now) {
      const found = await errand.occasion.realm.artifacts.find(kind, idOf(errand))
      return found === undefined || found.expiresAt <= now ? undefined : keptFrom(found.payload, found.expiresAt)
    },
    async compare(errand, kept, digits, now) {
      const { realm, accountId } = errand.occasion
      const taking = await realm.attempts.update({ subject: `account:${accountId}`, method: 'sms-code' }, (state) =>
        takeOne(state, evaluations, now, kept.serial),
      )
      if (!taking.taken) {
        await drop(errand)
        return 'spent'
      }
      const isRight = isSameDigest(digestOf(errand, kept.serial, digits), Buffer.from(kept.digest, 'base64url'))
      return isRight ? 'right' : 'wrong'
    },
    async burn(errand, kept) {
      // The claim outlives the row: a row that is written anew would forget that it was used.
      if (!(await errand.occasion.realm.replay.claim('sms-code', kept.serial, kept.expiresAt))) return false
      await drop(errand)
      return true
    },
  } satisfies SmsCodes)
}

/** Six digits, all equally likely: draws that would favour the low ones are thrown away. */
function drawCode(random: (bytes: number) => Uint8Array): string {
  for (let draws = 0; draws < 1000; draws += 1) {
    const [high = 0, middle = 0, low = 0] = random(3)
    const drawn = high * 65_536 + middle * 256 + low
    if (drawn < 16_000_000) return String(drawn % 1_000_000).padStart(6, '0')
  }
  throw new TypeError('The generator gives no even numbers.')
}

/** What `keep` wrote, as JSON gave it back. */
function keptFrom({ state, serial, digest, sentAt, until }: Readonly<Record<string, unknown>>, expiresAt: Date) {
  const time = (value: unknown): Date | undefined => (typeof value === 'string' ? new Date(value) : undefined)
  const sent = time(sentAt)
  if (state === 'sent' && typeof serial === 'string' && typeof digest === 'string' && sent !== undefined)
    return Object.freeze({ state, serial, digest, sentAt: sent, expiresAt })
  const freeAt = time(until)
  if (state === 'limited') return Object.freeze({ state, ...(freeAt && { until: freeAt }) })
  return state === 'undeliverable' ? Object.freeze({ state }) : undefined
}
