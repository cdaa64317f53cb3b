/** Coverage-guided fuzzing of the reader of `WWW-Authenticate`: challenges or ChallengeError, nothing else. Run by `pnpm fuzz`. */
import { parseChallenges } from './challenge-parser.ts'
import { ChallengeError } from './errors.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

export function fuzz(data: Buffer): void {
  const text = data.toString('latin1')
  // A server may send one line or many: a line feed of the input stands for the next line.
  for (const value of [text, text.split('\n')]) {
    try {
      for (const { scheme, token68, parameters } of parseChallenges(value)) {
        if (!TOKEN.test(scheme)) throw new TypeError('a scheme that is no token in lower case')
        if (token68 !== undefined && parameters.size > 0) throw new TypeError('both forms at once')
        for (const name of parameters.keys()) if (!TOKEN.test(name)) throw new TypeError('a name that is no token in lower case')
      }
    } catch (error) {
      if (!(error instanceof ChallengeError)) throw error
    }
  }
}
