#!/usr/bin/env node
/**
 * The program `postern`. Node keeps what it made of our modules, types stripped and compiled, so that the next process need
 * not do it again; that is switched on here, before the first of them is loaded. So this file is plain JavaScript: for one
 * of TypeScript Node would load its stripper, 15 MiB that no process gives back.
 */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Whoever may write there decides what runs here, so never a folder that everybody may write to, such as /tmp: systemd's
// CacheDirectory=, or beside the packages that this is made of. `NODE_COMPILE_CACHE` goes before. A folder that is not to be
// had costs time and nothing else.
const besidePackages = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))
enableCompileCache(join(process.env.CACHE_DIRECTORY || besidePackages, 'postern-compiled'))

await import('../src/cli.ts')
