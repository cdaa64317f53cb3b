/**
 * commands is the command line of `postern`: arguments in, exit code out (0 done, 1 refused or failed, 2 wrong usage).
 *
 * It owns which command loads what: a process that serves loads nothing of the administrators', and one that only watches
 * over its workers loads no service. Starting and stopping is in `main.ts` and `supervise.ts`.
 * @module
 */
import cluster from 'node:cluster'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import release from '../package.json' with { type: 'json' }
import { loadConfig } from './config/load-config.ts'

function parseWorkers(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value) || Number(value) > 128)
    throw new InvalidArgumentError('It must be a whole number from 1 to 128.')
  return Number(value)
}

async function runServe(options: { workers?: number }): Promise<void> {
  const config = loadConfig({ overrides: { ...options } })
  if (config.workers > 1 && cluster.isPrimary) {
    const { supervise } = await import('./supervise.ts')
    return supervise(config)
  }
  const { serve } = await import('./main.ts')
  await serve(config)
}

async function runDemo(): Promise<void> {
  const { runDemo: run } = await import('./demo/demo.ts')
  await run(loadConfig({ overrides: { development: true } }))
}

async function createProgram(first: string | undefined): Promise<Command> {
  const program = new Command('postern')
    .description('Modern authentication for your own mail servers')
    .version(release.version, '--version', 'print the release')
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
  program
    .command('serve')
    .description('Start the service')
    .option('--workers <number>', 'processes on this machine', parseWorkers)
    .action(runServe)
  program.command('demo').description('Start the service with a demo realm, for trying things out').action(runDemo)
  if (first === 'serve' || first === '--version') return program
  const { addAdministration } = await import('./administration.ts')
  addAdministration(program)
  return program
}

/** The exit code. Commands that stay, such as `serve`, set none: signals end them. */
export async function run(argv: readonly string[]): Promise<number | undefined> {
  try {
    const program = await createProgram(argv[2])
    await program.parseAsync(argv)
    return undefined
  } catch (error) {
    // commander has printed its own words, and ends help and version this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { describeFailure } = await import('./admin/failures.ts')
    const { code, message, problems, exitCode } = describeFailure(error)
    if (argv.includes('--json')) process.stderr.write(`${JSON.stringify({ error: { code, message, problems } })}\n`)
    else process.stderr.write(`postern: ${message}\n`)
    if (/^(?:debug|trace)$/.test(process.env.POSTERN_LOG_LEVEL ?? '') && error instanceof Error)
      process.stderr.write(`${error.stack}\n`)
    return exitCode
  }
}
