/** What a token was refused with, code and detail in one text, so that a table can list both. */
import { TokenError } from '../errors.ts'
import { ActorTokenError } from '../server-to-server/errors.ts'

/** `code: detail`, or `accepted`. @throws what `run` throws, unless it is a TokenError or an ActorTokenError */
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
  if (error instanceof TokenError || error instanceof ActorTokenError) return `${error.code}: ${error.detail}`
  throw error
}
