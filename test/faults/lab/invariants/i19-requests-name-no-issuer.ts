import { claimsOf, isTokenAnswer } from '../history.ts'
import { invariant } from './invariant.ts'

/** Members of a metadata document that hold addresses. */
const ADDRESS = /^(issuer|jwks_uri|.*_endpoint)$/

export const requestsNameNoIssuer = invariant(
  'I19',
  'Issuer, endpoints and audience never vary with the headers of a request.',
  ({ issuer }, history, fact) => {
    const home = new URL(issuer).origin
    for (const one of history.asked) {
      if (one.act !== 'metadata' || one.answer?.status !== 200) continue
      for (const [name, value] of Object.entries(one.answer.body))
        if (ADDRESS.test(name) && typeof value === 'string')
          fact(new URL(value).origin === home, () => `a metadata document says that ${name} is ${value}`)
    }
    for (const one of history.asked.filter(isTokenAnswer)) {
      for (const member of ['access_token', 'id_token', 'refresh_token'] as const) {
        const { iss } = claimsOf(one.answer.body[member])
        if (iss !== undefined) fact(iss === issuer, () => `a ${member} says that its issuer is ${iss}`)
      }
      const { aud } = claimsOf(one.answer.body.id_token)
      if (aud !== undefined) fact(aud === one.form.client_id, () => 'an ID token is for somebody else')
    }
  },
)
