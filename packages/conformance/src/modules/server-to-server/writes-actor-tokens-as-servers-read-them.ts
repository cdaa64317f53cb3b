import { X509Certificate } from 'node:crypto'
import { compactVerify } from 'jose'
import { module } from '../../conformance-module.ts'
import { findParts, readPart } from '../../presented-token.ts'
import { claimsOf } from '../../server-to-server/acting-stage.ts'
import { findServerStage } from '../../server-to-server/server-stage.ts'

const FORM = 'server-to-server profile, 5; [MS-XOAUTH]'

export default module('server-to-server', 'writes actor tokens as servers read them', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const { actorToken: token, document, principal, server } = stage
  const parts = findParts(token)
  checks.must(FORM, 'it is a signed JWT', parts !== undefined, parts === undefined ? 'no compact JWS' : 'a compact JWS')
  if (parts === undefined) return

  const [key] = document.keys
  const header = readPart(parts[0])
  checks.must(FORM, 'its type is JWT', header.typ === 'JWT', header.typ)
  checks.must(FORM, 'it is signed by RS256', header.alg === 'RS256', header.alg)
  checks.must(FORM, 'x5t is that of the first published key', header.x5t === key?.thumbprint, header.x5t)
  checks.must(FORM, 'kid is x5t', header.kid === header.x5t, header.kid ?? 'none')
  const extra = Object.keys(header).filter((name) => !['typ', 'alg', 'kid', 'x5t'].includes(name))
  checks.must(FORM, 'its header says nothing else', extra.length === 0, extra)
  const verified = await isSignedBy(token, key?.certificate)
  checks.must(FORM, 'it is signed by the first published key', verified, verified)

  const claims = claimsOf(token)
  const { aud, iss, identityprovider, nameid, nbf, exp, trustedfordelegation } = claims
  checks.must(FORM, 'iss is the issuer that the metadata names', iss === document.issuer, iss)
  checks.must(FORM, 'identityprovider is iss', identityprovider === iss, identityprovider ?? 'none')
  checks.must(FORM, 'nameid is client_id@realm of whoever asked', nameid === principal, nameid)
  // The host is compared as hosts are: in no case. The rest is exact.
  const [registered = '', realm = ''] = server.resource.split('@')
  const [client, host = ''] = registered.split('/')
  const expected = `${client}/${host.toLowerCase()}@${document.realm}`
  const asked = `${client}/${host.toLowerCase()}@${realm}`
  const exact = aud === expected && (realm.includes('.') || asked === expected)
  checks.must('server-to-server profile, 6', `aud is ${expected}, as one text`, exact, aud)
  const numbers = [nbf, exp].every((one) => Number.isSafeInteger(one))
  checks.must(FORM, 'nbf and exp are whole numbers', numbers, [typeof nbf, typeof exp])
  const seconds = Number(exp) - Number(nbf)
  const short = seconds > 0 && seconds <= 3600
  checks.must('server-to-server profile, 7; CVE-2025-53786', 'it lives for an hour at most', short, seconds)
  const away = Math.abs(Number(nbf) - stage.now())
  checks.must('RFC 7519 section 4.1.5', 'it is good from now on', away <= 60, `${away} seconds away`)
  checks.should('RFC 7519 section 4.1.7', 'it has a number', typeof claims.jti === 'string', typeof claims.jti)
  const trusted = trustedfordelegation === undefined || trustedfordelegation === 'true'
  checks.must(FORM, 'trustedfordelegation is the text "true", or absent', trusted, `${typeof trustedfordelegation}`)
})

async function isSignedBy(token: string, der: Uint8Array | undefined): Promise<boolean> {
  try {
    await compactVerify(token, new X509Certificate(der ?? new Uint8Array()).publicKey, { algorithms: ['RS256'] })
    return true
  } catch {
    return false
  }
}
