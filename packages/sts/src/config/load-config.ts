import { readFileSync } from 'node:fs'
import { type Config, parseConfig } from './parse.ts'

/** Reads the environment and the files that it names. `overrides`: values of the command line. */
export function loadConfig(options: { overrides?: Readonly<Record<string, unknown>> } = {}): Config {
  return parseConfig({
    variables: process.env,
    readFile: readIfThere,
    directory: process.cwd(),
    ...(options.overrides === undefined ? {} : { overrides: options.overrides }),
  })
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
