/** How long somebody still waits for a sender. Both only fall, and are 0 at least. In milliseconds. */
export interface Patience {
  /** Time left to begin handing the message over. When it is used up, nothing may be handed over any more. */
  takeLeft(): number
  /** Time left to hear what became of a message that was handed over. */
  answerLeft(): number
}

/**
 * Starts the wait. It is measured by the monotonic clock and not by `Clock`: a person's wait goes on while tests or
 * operators set the time.
 */
export function startPatience(limits: { takeMilliseconds: number; answerMilliseconds: number }): Patience {
  const began = performance.now()
  const left = (limit: number) => Math.max(0, Math.floor(limit - (performance.now() - began)))
  return Object.freeze({
    takeLeft: () => left(limits.takeMilliseconds),
    answerLeft: () => left(limits.answerMilliseconds),
  })
}

/** A timer that keeps the process for that long: somebody waits. */
export const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** What `work` brings, or `late` when it does not come in time. `work` must not reject. */
export async function within<T, L>(work: Promise<T>, milliseconds: number, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined
  const alarm = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), milliseconds)
  })
  try {
    return await Promise.race([work, alarm])
  } finally {
    clearTimeout(timer)
  }
}
