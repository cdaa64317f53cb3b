#!/usr/bin/env node
/** The command `postern-conformance`: what it does is command.ts. This file has the process: its arguments, streams and signals. */
import process from 'node:process'
import { runCommand } from './command.ts'

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    // Whoever asks twice does not want to wait for reports; programs that were started end with the process.
    if (interruption.signal.aborted) process.exit(1)
    interruption.abort(name)
  })

// Nobody reads on, as behind `| head`: the reports are still wanted.
process.stdout.on('error', () => interruption.abort('SIGPIPE'))

const code = await runCommand(process.argv.slice(2), {
  out: process.stdout,
  error: process.stderr,
  clock: () => new Date(),
  interruption: interruption.signal,
})
// The module of the moment may still wait for something: nobody waits for it.
if (interruption.signal.aborted) process.exit(code)
process.exitCode = code
