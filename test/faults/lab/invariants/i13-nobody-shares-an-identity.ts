import { claimsOf, isTokenAnswer } from '../history.ts'
import { groupBy, invariant } from './invariant.ts'

export const nobodySharesAnIdentity = invariant(
  'I13',
  'No two people share a passkey, a name, an address, or the subject of a token.',
  ({ authenticators, accounts, addresses }, history, fact) => {
    for (const held of groupBy(authenticators, ({ credentialId }) => credentialId).values())
      fact(held.length === 1, () => `${held.length} people hold one passkey`)
    for (const [upn, named] of groupBy(accounts, (account) => account.upn))
      fact(named.length === 1, () => `${named.length} people are called ${upn}`)
    for (const [address, owners] of groupBy(addresses, ({ key }) => key))
      fact(owners.length === 1, () => `${owners.length} people own ${address}`)
    const tokens = history.asked.filter(isTokenAnswer).map(({ answer }) => claimsOf(answer.body.access_token))
    for (const [sub, given] of groupBy(tokens, (claims) => (typeof claims.upn === 'string' ? String(claims.sub) : undefined))) {
      const names = new Set(given.map(({ upn }) => upn))
      fact(names.size === 1, () => `subject ${sub} stands for ${names.size} people`)
    }
  },
)
