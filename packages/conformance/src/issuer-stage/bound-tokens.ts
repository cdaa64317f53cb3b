/** Tokens that are bound to a key: how a code is redeemed and a token refreshed with a proof. Judges nothing. */
import type { Answer, KnownClient, Target } from '../target.ts'
import type { Change } from './asking.ts'
import { newCode, redeem, refreshWith } from './code-flow.ts'
import { type DpopKey, type ProofChange, sendWithProof } from './dpop-proof.ts'

export async function redeemBound(
  target: Target,
  client: KnownClient,
  key: DpopKey,
  options: { readonly proof?: ProofChange; readonly asked?: Change } = {},
): Promise<Answer> {
  const issued = await newCode(target, client, options.asked)
  return sendWithProof(target, key, {
    method: 'POST',
    url: await target.endpoint('token_endpoint'),
    ...(options.proof !== undefined && { change: options.proof }),
    send: (dpop) => redeem(target, issued, { headers: { dpop } }),
  })
}

export const refreshBound = async (target: Target, client: KnownClient, key: DpopKey, token: string): Promise<Answer> =>
  sendWithProof(target, key, {
    method: 'POST',
    url: await target.endpoint('token_endpoint'),
    send: (dpop) => refreshWith(target, client, token, { headers: { dpop } }),
  })

/** Shows a bound token to a guarded address, with a proof. */
export const showBound = (
  target: Target,
  key: DpopKey,
  request: { readonly url: string; readonly token: string; readonly change?: ProofChange },
): Promise<Answer> =>
  sendWithProof(target, key, {
    method: 'GET',
    ...request,
    send: (dpop) => target.get(request.url, { authorization: `DPoP ${request.token}`, dpop }),
  })
