/** Says what time it is. Pure code takes `now`, code with I/O takes a `Clock`, and only the entries of the program say which one. */
export type Clock = () => Date

/** The clock of this machine. */
export const systemClock: Clock = () => new Date()
