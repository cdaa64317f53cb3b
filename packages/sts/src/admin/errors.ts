export type OperationErrorCode =
  | 'invalid'
  | 'missing'
  | 'conflict'
  | 'in_use'
  | 'password_refused'
  | 'key_refused'
  | 'metadata_refused'
  | 'policy_invalid'
  | 'last_administrator'

export interface WrongMember {
  /** Empty: the input as a whole. */
  readonly member: string
  readonly message: string
}

/**
 * An administrator's operation was refused and changed nothing. The message is for the administrator: what is wrong and
 * what to do. `problems`: one line for each member of the input that is wrong.
 */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused'
  readonly code: OperationErrorCode
  readonly problems: readonly string[]
  /** The members of the input that are wrong, for a caller whose people know them by other names. */
  readonly members: readonly WrongMember[]

  /** Without a message it is made from the problems, and without problems they are made from the members. */
  constructor(
    code: OperationErrorCode,
    message: string,
    options: { problems?: readonly string[]; members?: readonly WrongMember[]; cause?: unknown } = {},
  ) {
    const members = options.members ?? []
    const problems = options.problems ?? members.map((one) => (one.member === '' ? one.message : `${one.member}: ${one.message}`))
    super(message === '' ? problems.join('; ') : message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.problems = Object.freeze([...problems])
    this.members = Object.freeze([...members])
  }
}

const wrongUsage: ReadonlySet<OperationErrorCode> = new Set(['invalid', 'policy_invalid'])

/** Pure: whether what was handed in is wrong by itself. All other refusals are about what it meets: another realm might take it. */
export const isWrongUsage = (error: unknown): boolean => error instanceof OperationRefused && wrongUsage.has(error.code)

/** What each code means; `docs/reference/errors.md` is made from it. */
export const operationErrors = {
  invalid: { cause: 'The input is not what the operation takes.', remedy: 'Correct every member that the answer names.' },
  missing: {
    cause: 'What the operation is about does not exist in this realm.',
    remedy: 'List what there is, e.g. `postern client list`, and check `--realm`.',
  },
  conflict: { cause: 'The name, address or identifier is taken.', remedy: 'Choose another, or change the existing one.' },
  in_use: { cause: 'Something else needs what was to be removed.', remedy: 'End that use first; the answer names it.' },
  password_refused: {
    cause: 'The password is too short, too long, or one that attackers try first.',
    remedy: 'Choose another, or let Postern generate one.',
  },
  key_refused: {
    cause: 'The key or certificate cannot be read, is too weak, or is private.',
    remedy: 'Hand in a PEM certificate, a PEM public key or a public JWK: RSA of 2048 bits or more, or P-256.',
  },
  metadata_refused: {
    cause: 'The metadata document of another server cannot be read, or says what must not be followed. What was known stays.',
    remedy: 'The answer says which of the two, and what to do.',
  },
  policy_invalid: {
    cause: 'The definition of the policy does not mean anything.',
    remedy: 'Correct every member that the answer names.',
  },
  last_administrator: {
    cause: 'Afterwards no administrator of the realm could sign in with a second factor any more.',
    remedy: 'Give an access pass with it, or let another administrator set up a second factor first.',
  },
} as const satisfies Record<OperationErrorCode, { cause: string; remedy: string }>
