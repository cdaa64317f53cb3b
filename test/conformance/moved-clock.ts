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

/**
 * From here on `Date` of this process stands still but for what was waited for, until it is disposed of. It stands still because
 * some hostile tokens miss their time by one second, and a slow machine must not make them good.
 */
export function moveClock(): MovedClock {
  const Real = globalThis.Date
  const begun = Real.now()
  let ahead = 0
  const now = () => begun + ahead
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
