/** One thing that is wrong with the configuration. Holds no value of a secret. */
export interface ConfigProblem {
  /** The setting as the operator wrote it: a variable, or a key and the file it stands in. */
  readonly where: string
  readonly wrong: string
  readonly example?: string
}

export type ConfigErrorCode =
  | 'configuration_invalid'
  | 'master_key_missing'
  | 'master_key_exposed'
  | 'master_key_invalid'
  | 'master_key_exists'

/** The configuration keeps the service from starting. The message is for the operator and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly problems: readonly ConfigProblem[]

  constructor(code: ConfigErrorCode, message: string, options: { problems?: readonly ConfigProblem[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.problems = Object.freeze([...(options.problems ?? [])])
  }
}

/** What each code means to the person on call; `docs/reference/errors.md` is made from it. */
export const configErrors = {
  configuration_invalid: {
    cause: 'Settings are missing, unknown or malformed.',
    remedy: 'Correct every line of the list; docs/reference/config.md describes each setting.',
  },
  master_key_missing: {
    cause: 'There is no master key where the configuration says.',
    remedy:
      'For a new installation run `postern init`. For one that exists copy its key here, or point POSTERN_MASTER_KEY_FILE at it.',
  },
  master_key_exposed: {
    cause: 'Other users of the machine may read the master key file.',
    remedy: 'Run `chmod 600` on the file. If others may have read it, treat the key as known.',
  },
  master_key_invalid: {
    cause: 'The master key is not 32 random bytes in base64.',
    remedy: 'Make one with `postern init`, or with `openssl rand -base64 32`.',
  },
  master_key_exists: {
    cause: 'A master key was to be made where there is one already.',
    remedy: 'Keep the key: what was sealed with it cannot be read with another.',
  },
} as const satisfies Record<ConfigErrorCode, { cause: string; remedy: string }>
