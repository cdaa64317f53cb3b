/**
 * A process clock that is moved instead of waited for: codes expire, sessions age and steps of authenticators pass at once.
 *
 * Postern takes its time as a parameter, but oidc-provider and jose read the process clock; so that one moves. Timers do not.
 */

export interface MovedClock extends Disposable {
  readonly clock: () => Date
  /** Moves the clock by so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>
}

/** From here on `Date` of this process is ahead by what was waited for, until it is disposed of. */
export function moveClock(): MovedClock {
  const Real = globalThis.Date
  let ahead = 0
  const now = () => Real.now() + ahead
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, asked) => Reflect.construct(target, given.length === 0 ? [now()] : given, asked),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  })
  return {
    clock: () => new Date(now()),
    wait: async (milliseconds) => {
      ahead += milliseconds
    },
    [Symbol.dispose]: () => {
      globalThis.Date = Real
    },
  }
}
