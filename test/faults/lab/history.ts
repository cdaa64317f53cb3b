/**
 * history is what every client asked and saw, and what administrators did, in one order.
 *
 * Each entry carries the numbers at which it began and ended: of two entries one came first where it ended before the other
 * began, whatever clocks said. It keeps tokens as they are, since the checker looks for them. It judges nothing.
 * @module
 */

/** What a client wanted, for the checker. */
export type Act =
  | 'authorize'
  | 'redeem'
  | 'refresh'
  | 'revoke'
  | 'program-token'
  | 'device-token'
  | 'userinfo'
  | 'introspect'
  | 'factor'
  | 'metadata'
  | 'other'

export interface Answer {
  readonly status: number
  readonly text: string
  /** Parsed, where it is JSON. */
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** One request of a client. Without `answer` it got none: cut off, refused, or too late for it. */
export interface Asked {
  readonly client: string
  readonly act: Act
  readonly method: string
  readonly url: string
  readonly form: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly begun: number
  readonly begunAt: Date
  readonly ended?: number
  readonly endedAt?: Date
  readonly answer?: Answer
  /** What it tries to use up, where the form does not say: `totp:{account}:{step}`. */
  readonly oneTime?: string
  /** Whether that let the client in. */
  readonly proved?: boolean
}

/** What somebody with power did. `subject` is an id; it counts from `ended` on, when it was committed. */
export interface Deed {
  readonly deed:
    | 'account-disabled'
    | 'account-enabled'
    | 'client-disabled'
    | 'client-enabled'
    | 'signed-out'
    | 'password-changed'
    | 'family-revoked'
    | 'key-announced'
    | 'key-withdrawn'
    | 'counters-reset'
    | 'restored'
    | 'clock-moved'
  readonly subject: string
  readonly begun: number
  readonly ended: number
  readonly endedAt: Date
}

export interface History {
  readonly asked: readonly Asked[]
  readonly deeds: readonly Deed[]
  /** Words that must be in no table and no log: passwords, seeds, codes (I18). */
  readonly secrets: readonly { readonly what: string; readonly value: string }[]
  /** Token answers that were given to somebody who writes nothing down, such as whoever signs in first. */
  readonly unrecordedAnswers: number
  /** Recipients of the letters that the mail host of the world took; undefined where it sends none (I16). */
  readonly letters: readonly string[] | undefined
}

export interface RecordedHistory extends History {
  /** Begins a request; call what it returns with the answer, or with nothing. Returns the whole entry. */
  begin(asking: Omit<Asked, 'begun' | 'begunAt' | 'ended' | 'endedAt' | 'answer'>): (answer?: Answer, proved?: boolean) => Asked
  /** Does it, and writes down when it was done. */
  deed<T>(deed: Deed['deed'], subject: string, work: () => Promise<T>): Promise<T>
  secret(what: string, value: string): void
  unrecorded(answers: number): void
  /** From now on letters are expected, and these have come. */
  lettersCame(to: readonly string[]): void
}

export function createHistory(clock: () => Date = () => new Date()): RecordedHistory {
  const asked: Asked[] = []
  const deeds: Deed[] = []
  const secrets: { what: string; value: string }[] = []
  let number = 0
  let unrecordedAnswers = 0
  let letters: readonly string[] | undefined
  const next = () => {
    number += 1
    return number
  }
  return Object.freeze({
    asked,
    deeds,
    secrets,
    get unrecordedAnswers() {
      return unrecordedAnswers
    },
    get letters() {
      return letters
    },
    lettersCame(to: readonly string[]) {
      letters = Object.freeze([...(letters ?? []), ...to])
    },
    unrecorded(answers: number) {
      unrecordedAnswers += answers
    },
    begin(asking: Omit<Asked, 'begun' | 'begunAt' | 'ended' | 'endedAt' | 'answer'>) {
      const begun = Object.freeze({ ...asking, begun: next(), begunAt: clock() })
      const at = asked.push(begun) - 1
      return (answer?: Answer, proved?: boolean): Asked => {
        const known = { ...begun, ...(proved === undefined ? {} : { proved }) }
        const whole: Asked = Object.freeze(answer === undefined ? known : { ...known, ended: next(), endedAt: clock(), answer })
        asked[at] = whole
        return whole
      }
    },
    async deed<T>(deed: Deed['deed'], subject: string, work: () => Promise<T>): Promise<T> {
      const begun = next()
      const result = await work()
      deeds.push(Object.freeze({ deed, subject, begun, ended: next(), endedAt: clock() }))
      return result
    },
    secret: (what: string, value: string) => void secrets.push(Object.freeze({ what, value })),
  })
}

/** Claims of a JWT, unverified; empty where it is none. */
export function claimsOf(jwt: unknown): Readonly<Record<string, unknown>> {
  if (typeof jwt !== 'string') return {}
  try {
    const parsed: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export const isTokenAnswer = (one: Asked): one is Asked & { readonly answer: Answer } =>
  one.answer?.status === 200 && typeof one.answer.body.access_token === 'string'

export const refreshTokenIn = (one: Asked): string | undefined => {
  const token = one.answer?.status === 200 ? one.answer.body.refresh_token : undefined
  return typeof token === 'string' ? token : undefined
}
