/** Why the database did not do what it was asked, as far as trying again later may help. */
export type UnavailableReason =
  /** No connection, or it broke, or the server is starting, stopping or read-only. */
  | 'unreachable'
  /** It took longer than the configured limits. */
  | 'timeout'
  /** No connection became free, or the server has none left, or it is out of space or memory. */
  | 'exhausted'
  /** Deadlock or serialisation failure: this transaction was the one to give way. */
  | 'contention'

/** The database cannot answer now. Nothing is wrong with the request; the same one may succeed later (503). */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
  readonly code = 'storage_unavailable'
  readonly reason: UnavailableReason

  constructor(reason: UnavailableReason, options: { cause?: unknown } = {}) {
    super(`The database is not available (${reason})`, options)
    this.reason = reason
  }
}

export type SealingErrorCode =
  /** Not a sealed value of ours, or of a version that this release does not know. */
  | 'malformed'
  /** Sealed under another master key than the one given. */
  | 'unknown_key'
  /** Changed, or moved here from another row. */
  | 'not_authentic'

/** A sealed value did not open. Wrong master key, damage, or tampering; never an outcome of normal work. */
export class SealingError extends Error {
  override readonly name = 'SealingError'
  readonly code: SealingErrorCode

  constructor(code: SealingErrorCode, where: string, options: { cause?: unknown } = {}) {
    super(
      code === 'unknown_key'
        ? `What is in ${where} was sealed under another master key (${code})`
        : `A sealed value of ${where} did not open (${code})`,
      options,
    )
    this.code = code
  }
}

export type MigrationErrorCode =
  /** A number is missing or given twice. */
  | 'gap'
  /** A file name or one of the two first lines is not as it must be. */
  | 'malformed'
  /** A migration that was applied has another content now. */
  | 'edited'
  /** The database was migrated by a newer release, beside which this one cannot run. */
  | 'ahead'
  /** The SQL failed; `cause` says why. Nothing of this run was kept. */
  | 'failed'

/** The database cannot be brought to this release's schema. Nothing was changed. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationErrorCode

  constructor(code: MigrationErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

/**
 * A migration looked at the data and stopped, because people have to decide something first. Nothing was changed.
 * The message says what is wrong with which rows and what to do; it is for operators and holds no secret.
 */
export class UnfitData extends Error {
  override readonly name = 'UnfitData'
  readonly code = 'unfit_data'
}

/** The directory of an embedded database is open in another process; two would destroy it. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse'
  readonly code = 'directory_in_use'
  readonly pid: number

  constructor(directory: string, pid: number) {
    super(`The embedded database in ${directory} is open in process ${pid}`)
    this.pid = pid
  }
}
