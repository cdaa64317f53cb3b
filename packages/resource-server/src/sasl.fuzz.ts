/** Coverage-guided fuzzing of the readers of XOAUTH2 and OAUTHBEARER: a response or SaslError. Run by `pnpm fuzz`. */
import { SaslError } from './errors.ts'
import { parseSasl } from './sasl.ts'

export function fuzz(data: Buffer): void {
  const text = data.toString('latin1')
  // As it is, and encoded, so that the fields behind the encoding are reached as well.
  for (const mechanism of ['XOAUTH2', 'OAUTHBEARER'] as const)
    for (const response of [text, data.toString('base64')]) {
      try {
        const { user, token } = parseSasl(mechanism, response)
        if (user === '' || /[\x00-\x1f\x7f]/.test(user)) throw new TypeError('a mailbox that could break a log line')
        if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw new TypeError('a token that is no b64token')
      } catch (error) {
        if (!(error instanceof SaslError)) throw error
      }
    }
}
