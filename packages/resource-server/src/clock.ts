/** Says what time it is. Everything here that looks at time takes one, so that tests can stop it. */
export type Clock = () => Date

/** The machine's clock: the default where the caller gives none. */
export const machineClock: Clock = () => new Date()
