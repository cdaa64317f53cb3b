/** mail-servers are the resource servers of an experiment: the library as it is, and what it said of each token. */
import { createTokenValidator, type KeyKeeper, TokenError } from '@postern/resource-server'

export interface TrustingServer {
  /** `accepted`, or the code of the refusal. */
  judge(token: unknown): Promise<string>
}

/** One that has just started. */
export function startTrustingServer(options: { issuer: string; clock?: () => Date; keepKeys?: KeyKeeper }): TrustingServer {
  const { issuer, clock, keepKeys } = options
  const validator = createTokenValidator({
    issuers: [issuer],
    audience: 'https://mail.contoso.com/',
    allowInsecureLoopback: true,
    ...(clock === undefined ? {} : { clock }),
    ...(keepKeys === undefined ? {} : { keepKeys }),
  })
  return {
    async judge(token) {
      try {
        await validator.validate(String(token))
        return 'accepted'
      } catch (error) {
        if (error instanceof TokenError) return error.code
        throw error
      }
    },
  }
}
