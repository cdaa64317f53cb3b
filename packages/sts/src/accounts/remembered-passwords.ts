import { type CheckedSecret, createSharedWork, type SecretMemory } from '@postern/mfa'
import type { RealmStore } from '@postern/storage'
import { normalise } from './password.ts'
import type { PasswordCheck, PasswordOutcome, PasswordTry } from './password-check.ts'
import { isTooLong } from './password-rules.ts'
import { sourceOf } from './source.ts'

/**
 * How often the gate hears a wrong password before the memory answers alone. It writes down three, and at the third the
 * owner is told of an app that keeps an old password.
 */
const timesHeard = 3

/** The version of what an account without a password, or a name that nobody has, is compared with. */
const nothing = 'nothing'

/**
 * Puts a memory in front of a check, for apps that send the password at every request.
 *
 * A right password is remembered for the network and the app that showed it, and goes on being right there while the counter
 * refuses others, until its time ends. That gives a guesser little: from any other place, or under any other app's name,
 * nothing is remembered, and at the same place five wrong ones end it (see `SecretMemory.find`), after which it must come past
 * the counter anew. What it spares is an owner whose phone is shut out by a stranger's failures while it has been let in all
 * along.
 *
 * A wrong one that the gate has heard three times is `wrong` and `repeated` from then on for the rest of its day, without a
 * hash and without a write, also where the counter would refuse it: it was heard, and it tells nobody anything new. Names
 * that nobody has are remembered the same way (R87). That a repeated password is answered sooner tells whoever sends it that
 * it was tried here before, which "repeated" tells too.
 *
 * Equal tries that are in flight at once, as of an app that opens five connections, are one: the first is checked, and a
 * wrong one is a repeated one for the others.
 *
 * The stored hash is part of what is remembered, so a new password forgets both; an account that is disabled is treated as a
 * name that nobody has, whatever is remembered of it.
 */
export function createRememberedCheck(parts: { check: PasswordCheck; memory: SecretMemory }): PasswordCheck {
  const { check, memory } = parts
  const checks = createSharedWork<PasswordOutcome>()
  return async (realm, tried) => {
    const { named, known } = tried.person
    const secret = secretOf(realm, tried)
    const remembered = memory.find(secret)
    if (remembered?.answer === 'right' && known !== undefined) return Object.freeze({ outcome: 'proved', isRemembered: true })
    const repeated = () => Object.freeze({ outcome: 'wrong', repeated: true, ...(named && { accountId: named }) } as const)
    if (remembered?.answer === 'wrong' && remembered.times >= timesHeard) return repeated()

    const { isFirst, done } = checks.share(JSON.stringify(secret), async () => {
      const outcome = await check(realm, { ...tried, isKnownWrong: remembered?.answer === 'wrong' })
      if (outcome.outcome !== 'throttled') memory.remember(secret, outcome.outcome === 'proved' ? 'right' : 'wrong')
      return outcome
    })
    const outcome = await done
    return isFirst || outcome.outcome !== 'wrong' ? outcome : repeated()
  }
}

function secretOf({ realmId }: RealmStore, { person: { known }, subject, password, source, app }: PasswordTry): CheckedSecret {
  const isLong = isTooLong(password)
  return {
    purpose: isLong ? 'password that is too long' : 'password',
    subject: `${realmId} ${subject}`,
    version: known?.stored ?? nothing,
    // All long ones are one, as for the counter.
    secret: isLong ? '' : normalise(password),
    place: JSON.stringify([source === undefined ? '' : sourceOf(source), app ?? '']),
  }
}
