/**
 * A run as people watch it: a line for each result, and a bar below them where the output is a terminal.
 *
 * It owns what is written when. How results read is report/terminal-report.ts.
 */
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import type { Verdict } from './conformance-module.ts'
import { renderProgress, renderResult } from './report/terminal-report.ts'
import type { ModuleResult, Progress } from './runner.ts'

/** What of an output is used; a file or a pipe is no terminal. */
export interface Output extends Partial<Pick<WriteStream, 'isTTY' | 'columns'>> {
  write(text: string): unknown
}

export interface Terminal {
  say(line: string): void
  progress(progress: Progress): void
  result(result: ModuleResult): void
  /** The last lines; the bar goes. */
  end(lines: readonly string[]): void
}

const COLOURS: Readonly<Record<Verdict, 'green' | 'yellow' | 'red' | 'dim'>> = {
  pass: 'green',
  warn: 'yellow',
  fail: 'red',
  skip: 'dim',
}

const CLEAR = '\r\u001b[2K'

/** @param options.silent writes nothing: standard output belongs to the report. */
export function createTerminal(output: Output, options: { readonly silent: boolean; readonly verbose: boolean }): Terminal {
  const live = output.isTTY === true && !options.silent
  let bar = ''
  const write = (text: string) => {
    if (!options.silent) output.write(text)
  }
  const line = (text: string) => write(live ? `${CLEAR}${text}\n${bar}` : `${text}\n`)
  /** Colours the first word of each line that is a verdict. Pipes and files get none; NO_COLOR is heard. */
  const coloured = (text: string, verdict: Verdict): string =>
    live ? text.replace(/^\S+/, (word) => styleText(COLOURS[verdict], word, { stream: process.stdout })) : text
  return {
    say: line,
    progress(progress) {
      if (!live) return
      bar = renderProgress(progress, (output.columns ?? 80) - 1)
      write(`${CLEAR}${bar}`)
    },
    result: (result) => line(coloured(renderResult(result, { verbose: options.verbose }), result.verdict)),
    end(lines) {
      bar = ''
      for (const one of lines) line(one)
    },
  }
}
