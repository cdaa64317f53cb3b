import { isWrongUsage } from './errors.ts'

/** What went wrong, for a terminal: the code, a sentence, and what to do next. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly problems: readonly string[]
  /** Of the process: 1 refused or failed, 2 wrong usage. */
  readonly exitCode: 1 | 2
}

/** By the name of the error's class, because only compose.ts may know the classes of storage. */
const remedies: Readonly<Record<string, string>> = {
  StorageUnavailable: 'The database does not answer. Check that it runs and that DATABASE_URL is right.',
  DirectoryInUse: 'Stop that process first. To administer a running service, give it PostgreSQL with DATABASE_URL.',
  SealingError:
    'Copy the master key of this installation to this machine (readable by its owner alone), or point POSTERN_MASTER_KEY_FILE at it.',
  MigrationError:
    'Nothing was changed. Use the release that fits this database, or restore the migrations as they were published.',
}

/** Pure. A refusal tells what to do itself; a fault is named, and its stack stays in the log. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return Object.freeze({ code: 'fault', message: String(error), problems: [], exitCode: 1 })
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'fault'
  const remedy = remedies[error.name]
  const problems =
    'problems' in error && Array.isArray(error.problems)
      ? error.problems.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
      : []
  const hint = code === 'fault' ? ' This is a fault of Postern: POSTERN_LOG_LEVEL=debug shows where.' : ''
  const sentence = remedy === undefined && hint === '' ? error.message : error.message.replace(/([^.!?:])$/, '$1.')
  return Object.freeze({
    code,
    message: `${sentence}${remedy === undefined ? hint : ` ${remedy}`}`,
    problems,
    exitCode: isWrongUsage(error) ? 2 : 1,
  })
}
