#!/usr/bin/env node
/** The command `postern-conformance`: what it does is command.ts. */
import process from 'node:process'
import { runCommand } from './command.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  out: process.stdout,
  error: process.stderr,
  clock: () => new Date(),
})
