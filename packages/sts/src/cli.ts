#!/usr/bin/env node
/**
 * cli runs the command that the process was started with. `bin/postern.js` starts it with what Node kept of the last start;
 * started by itself it does the same, slower.
 * @module
 */
import { flushCompileCache } from 'node:module'

const { run } = await import('./commands.ts')
const exitCode = await run(process.argv)
if (exitCode === undefined) flushCompileCache()
else {
  process.exitCode = exitCode
  // A worker that could not start would wait for ever for what its supervisor says.
  if (process.connected) process.disconnect()
}
