#!/usr/bin/env node
/**
 * cli is the command `postern`. It does one thing before anything else is loaded, and hands over to `commands.ts`.
 *
 * Node keeps what it made of our modules, types stripped and compiled, so that the next process need not do it again. This file
 * comes before that, so it is plain JavaScript: for TypeScript Node would load its stripper, 15 MiB that no process gives back.
 * @module
 */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Whoever may write there decides what runs here, so never a folder that everybody may write to, such as /tmp: systemd's
// CacheDirectory=, or beside the packages that this is made of. `NODE_COMPILE_CACHE` goes before. A folder that is not to be
// had costs time and nothing else.
const besidePackages = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))
enableCompileCache(join(process.env.CACHE_DIRECTORY || besidePackages, 'postern-compiled'))

const { run } = await import('./commands.ts')
const exitCode = await run(process.argv)
if (exitCode === undefined) flushCompileCache()
else {
  process.exitCode = exitCode
  // A worker that could not start would wait for ever for what its supervisor says.
  if (process.connected) process.disconnect()
}
