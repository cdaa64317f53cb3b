import { Presets, SingleBar } from 'cli-progress'

/** A bar on standard error while something takes long; nothing where that is no terminal, so that logs stay readable. */
export function createProgressBar(stream: NodeJS.WriteStream): {
  readonly progress: (done: number, total: number) => void
  /** To be called whatever became of the work: the cursor comes back. */
  readonly stop: () => void
} {
  if (stream.isTTY !== true) return { progress: () => undefined, stop: () => undefined }
  const bar = new SingleBar(
    { stream, format: '{bar} {percentage} %  {value} of {total}  {eta_formatted} left', clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  )
  let isBegun = false
  return {
    progress(done, total) {
      if (!isBegun) bar.start(total, done)
      else bar.update(done)
      isBegun = true
    },
    stop() {
      if (isBegun) bar.stop()
    },
  }
}
