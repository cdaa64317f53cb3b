/** What a token was refused with, code and detail in one text, so that a table can list both. */
import { TokenError } from '../errors.ts'

/** `code: detail`, or `accepted`. @throws what `run` throws, unless it is a TokenError */
export function refusal(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return textOf(error)
  }
}

/** As {@link refusal}, for a promise. */
export const refusalLater = (promised: Promise<unknown>): Promise<string> => promised.then(() => 'accepted', textOf)

function textOf(error: unknown): string {
  if (error instanceof TokenError) return `${error.code}: ${error.detail}`
  throw error
}
