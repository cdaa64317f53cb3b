/** The process clock, for programs that give no other. Everything else takes time as a parameter. */

export const systemClock = (): Date => new Date()

/** Resolves after that many milliseconds. */
export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
