import { type Logger, pino } from 'pino'

/** A log at its most talkative whose lines are kept, for tests of what must not be in it. */
export function createKeptLog(): { log: Logger; lines(): string } {
  const kept: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void kept.push(line) })
  return { log, lines: () => kept.join('') }
}
