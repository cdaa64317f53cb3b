/**
 * sms knows codes that are sent to a telephone, as a text message or read out in a call (R100, R104-R106).
 *
 * It owns when a code is sent, kept, replaced and accepted, and how a number is bound. It does not own the counting of wrong
 * answers (the gate), nor how messages travel (a MessageSender). SMS is restricted (NIST SP 800-63B-4 section 3.1.3.3): pages
 * tell people that there are better ways.
 *
 * Call `begin` outside of a transaction: the code has to be kept for good before it is sent. The order is: charge, keep, send.
 * Whatever breaks in between, at most one message goes, and a resend mends what is missing.
 * @module
 */
import type { Authenticator, AuthenticatorDetail, AuthenticatorId } from '@postern/storage'
import type { Clock } from '../clock.ts'
import { asText, type Digest } from '../digest.ts'
import { enrollmentCounterOf, isOfStrangersToo } from '../enrollment-counters.ts'
import { identifierFrom } from '../identifier.ts'
import { type EnrollmentInput, type Method, type Occasion, type Prompt, waysOfAuthenticators } from '../method.ts'
import { codeRules } from '../throttle.ts'
import { digitsOf } from '../totp/totp.ts'
import { chargeMessage, resendSeconds } from './budget.ts'
import type { Delivery, MessageSender } from './message-sender.ts'
import { countryPrefixOf, maskPhoneNumber, parsePhoneNumber, prefixAllowed } from './phone-number.ts'
import { codeSeconds, createSmsCodes, type Errand, type NoCode, type SentCode } from './sms-codes.ts'
import { languageOf, renderCodeText } from './sms-text.ts'

/** A sender was asked to take a message. For the audit trail: holds neither number nor code. */
export type MessageSent = Readonly<{
  occasion: Occasion
  authenticatorId: AuthenticatorId
  purpose: Errand['purpose']
  channel: 'sms' | 'voice'
  delivery: Delivery
}>

export interface SmsParts {
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  readonly digest: Digest
  readonly messages: MessageSender
  readonly relyingParty: Readonly<{ id: string }>
  /** Called once for each message, after it went or did not. Awaited. */
  readonly messageSent?: ((sent: MessageSent) => Promise<void>) | undefined
}

export function createSms({ clock, random, digest, messages, relyingParty, messageSent }: SmsParts): Method {
  const codes = createSmsCodes({ random, digest })

  const charge = ({ occasion, authenticator, purpose }: Errand, now: Date) => {
    const { realm, accountId, attempt, source } = occasion
    const number = numberOf(authenticator)
    return chargeMessage(
      realm.attempts,
      {
        accountId,
        errand: asText(digest('sms/errand', realm.realmId, purpose, authenticator.id, attempt)).slice(0, 12),
        phoneDigest: asText(digest('sms/phone', realm.realmId, number)),
        prefix: countryPrefixOf(number) ?? 'unknown',
        source,
        isProposal: purpose === 'enrollment' && isOfStrangersToo(authenticator),
      },
      now,
    )
  }

  /** Says why nothing was sent; a code that still lives stays good. */
  async function refuse(errand: Errand, why: NoCode, now: Date): Promise<Prompt> {
    const kept = await codes.find(errand, now)
    if (kept?.state !== 'sent') await codes.keep(errand, why, now)
    return promptOf(errand.authenticator, why)
  }

  async function send(errand: Errand, { again }: { again: boolean }): Promise<Prompt> {
    const { occasion, authenticator, purpose } = errand
    const now = clock()
    const before = await codes.find(errand, now)
    if (before?.state === 'sent' && (!again || resendAtOf(before.sentAt) > now)) return promptOf(authenticator, before)
    const to = numberOf(authenticator)
    if (!prefixAllowed(to, occasion.settings.smsPrefixes)) return refuse(errand, { state: 'limited' }, now)
    const pausedUntil = await pausedBeyondCode(errand, now)
    if (pausedUntil !== undefined) return refuse(errand, { state: 'limited', until: pausedUntil }, now)
    const charged = await charge(errand, now)
    // Somebody is sending it at this moment, or has a moment ago.
    if (!charged.taken && charged.because === 'spacing') return promptOf(authenticator, timesOf(charged.at))
    if (!charged.taken) return refuse(errand, { state: 'limited', until: charged.until }, now)

    const serial = identifierFrom(random(16))
    const { code, kept } = codes.draw(errand, serial, now)
    await codes.keep(errand, kept, now)
    const channel = channelOf(authenticator)
    const { issuerName } = occasion
    const language = languageOf(occasion.language)
    const text = renderCodeText({ code, channel, language, issuerName, host: relyingParty.id })
    const delivery = await messages.send({ id: serial, to, text, channel, language })
    if (delivery.outcome === 'undeliverable') {
      await codes.keep(errand, { state: 'undeliverable' }, now)
      await charged.giveBack()
    }
    await messageSent?.(Object.freeze({ occasion, authenticatorId: authenticator.id, purpose, channel, delivery }))
    return promptOf(authenticator, delivery.outcome === 'undeliverable' ? { state: 'undeliverable' } : kept)
  }

  return Object.freeze({
    id: 'sms',
    strength: 'second-factor',
    rules: codeRules,
    waysOf: async (_occasion, authenticators) =>
      authenticators.flatMap((one) =>
        waysOfAuthenticators([one]).map((way) => Object.freeze({ ...way, hint: maskPhoneNumber(numberOf(one)) })),
      ),

    async begin(occasion, authenticators, options) {
      const authenticator = authenticators.find(({ isDefault }) => isDefault) ?? authenticators[0]
      if (authenticator === undefined) throw new TypeError('There is no number to send a code to.')
      return send({ occasion, authenticator, purpose: 'sign-in' }, options)
    },

    async match(occasion, authenticators, answer, now) {
      const digits = digitsOf(answer)
      let isLiving = false
      for (const authenticator of authenticators) {
        const errand: Errand = { occasion, authenticator, purpose: 'sign-in' }
        const kept = await codes.find(errand, now)
        if (kept?.state !== 'sent') continue
        const compared = digits === undefined ? 'wrong' : await codes.compare(errand, kept, digits, now)
        if (compared !== 'spent') isLiving = true
        if (compared !== 'right') continue
        const { id } = authenticator
        const burn = async () => (await codes.burn(errand, kept)) && (await occasion.realm.authenticators.touch(id, { at: now }))
        return Object.freeze({ amr: amrOf(authenticator), authenticatorId: id, burn })
      }
      return isLiving ? undefined : 'expired'
    },

    enrollment: Object.freeze({
      async draft(occasion, input) {
        const wanted = await numberWanted(occasion, input)
        if (wanted === undefined) return invalid
        const { number, channel } = wanted
        if (!prefixAllowed(number, occasion.settings.smsPrefixes)) return notAllowed
        const detail: AuthenticatorDetail = Object.freeze({ channel, masked: maskPhoneNumber(number) })
        return Object.freeze({ secret: new TextEncoder().encode(number), detail })
      },
      begin: (occasion, authenticator) => send({ occasion, authenticator, purpose: 'enrollment' }, { again: true }),
      async present(occasion, authenticator) {
        const kept = await codes.find({ occasion, authenticator, purpose: 'enrollment' }, clock())
        // None that lives: what was sent at the beginning has run out, and the times say so.
        return Object.freeze({ kind: 'message', prompt: promptOf(authenticator, kept ?? timesOf(authenticator.createdAt)) })
      },
      async match(occasion, authenticator, answer, now) {
        const errand: Errand = { occasion, authenticator, purpose: 'enrollment' }
        const digits = digitsOf(answer)
        const kept = await codes.find(errand, now)
        if (digits === undefined || kept?.state !== 'sent') return undefined
        const compared = await codes.compare(errand, kept, digits, now)
        // Confirming burns it: the store makes a pending one active once.
        return compared === 'right' ? Object.freeze({ amr: amrOf(authenticator), proof: Object.freeze({}) }) : undefined
      },
      async confirmed(occasion, authenticator) {
        await codes.drop({ occasion, authenticator, purpose: 'enrollment' })
        const { realm, accountId } = occasion
        for (const one of await realm.authenticators.list(accountId))
          if (one.method === 'sms' && one.state === 'proposed' && numberOf(one) === numberOf(authenticator))
            await realm.authenticators.remove(one.id)
      },
    } satisfies Method['enrollment']),
  } satisfies Method)
}

/** Until when no answer is looked at, if that is longer than a code lives: sending one would cost and help nobody. */
async function pausedBeyondCode(
  { occasion: { realm, accountId }, authenticator, purpose }: Errand,
  now: Date,
): Promise<Date | undefined> {
  const method = purpose === 'sign-in' ? 'sms' : enrollmentCounterOf(authenticator)
  const state = await realm.attempts.find({ subject: `account:${accountId}`, method })
  return state?.blockedUntil !== undefined && state.blockedUntil > after(now, codeSeconds) ? state.blockedUntil : undefined
}

/** The number that was typed, or the one that an administrator proposed for this account. */
async function numberWanted({ realm, accountId }: Occasion, { phone, channel = 'sms', proposedId }: EnrollmentInput) {
  if (proposedId === undefined) {
    const number = phone === undefined ? undefined : parsePhoneNumber(phone)
    return number === undefined ? undefined : { number, channel }
  }
  const found = await realm.authenticators.find(proposedId as AuthenticatorId) // whatever it is, the store looks
  const isTheirs = found?.accountId === accountId && found.method === 'sms' && found.state === 'proposed'
  return isTheirs ? { number: numberOf(found), channel: channelOf(found) } : undefined
}

const invalid = Object.freeze({ refused: 'phone_invalid' as const })
const notAllowed = Object.freeze({ refused: 'phone_not_allowed' as const })

type Times = Readonly<{ state: 'sent'; sentAt: Date; expiresAt: Date }>

const timesOf = (sentAt: Date): Times => ({ state: 'sent', sentAt, expiresAt: after(sentAt, codeSeconds) })

function promptOf(authenticator: Authenticator, kept: SentCode | Times | NoCode): Prompt {
  const to = maskPhoneNumber(numberOf(authenticator))
  if (kept.state === 'undeliverable') return Object.freeze({ kind: 'undeliverable', to })
  if (kept.state === 'limited') return Object.freeze({ kind: 'limited', ...(kept.until && { until: kept.until }) })
  const { sentAt, expiresAt } = kept
  return Object.freeze({ kind: 'sent', to, channel: channelOf(authenticator), resendAt: resendAtOf(sentAt), expiresAt })
}

const numberOf = ({ secret }: Authenticator): string => new TextDecoder().decode(secret)

const channelOf = ({ detail }: Authenticator): 'sms' | 'voice' => (detail.channel === 'voice' ? 'voice' : 'sms')

/** A call is `tel` (RFC 8176); `sms` stands beside it because in this house it names the code to a telephone. */
const amrOf = (authenticator: Authenticator): readonly string[] =>
  Object.freeze(channelOf(authenticator) === 'voice' ? ['sms', 'tel'] : ['sms'])

const after = (time: Date, seconds: number): Date => new Date(time.getTime() + seconds * 1000)

const resendAtOf = (sentAt: Date): Date => after(sentAt, resendSeconds)
