/** system-timer is the timer of those who come back later by themselves: feeds and reports. It decides nothing. */

/** Calls `work` after `milliseconds`, once; returns what calls that off. */
export type SetTimer = (work: () => void, milliseconds: number) => () => void

/** The default: a timer that keeps no process alive. */
export const systemTimer: SetTimer = (work, milliseconds) => {
  const timer = setTimeout(work, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}
