/**
 * What it costs to accept a token: Postern's validator, never seen and remembered, beside the bare signature check, jose,
 * fast-jwt and jsonwebtoken, over the same tokens.
 */
import { createPublicKey, verify } from 'node:crypto'
import { createTokenValidator } from '@postern/resource-server'
import { createVerifier } from 'fast-jwt'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { describeMachine } from './machine.ts'
import { inProcess, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

const ISSUER = 'https://login.contoso.com/5a7e3b0c-6b1e-4f1e-9a53-0f2d6a3b9c11'
const AUDIENCE = 'https://mail.contoso.com/'
const TOKENS = 1000

/** Tokens as the service issues them for mail: each different, all valid for an hour. */
async function makeTokens() {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench-key', alg: 'RS256', use: 'sig' }
  const now = Math.floor(Date.now() / 1000)
  const sign = (index: number) =>
    new SignJWT({
      client_id: 'd3590ed6-52b3-4102-aeff-aad2292ab01c',
      scope: 'EAS.AccessAsUser.All EWS.AccessAsUser.All Mail.Read offline_access',
      scp: 'EAS.AccessAsUser.All EWS.AccessAsUser.All Mail.Read offline_access',
      acr: 'urn:postern:acr:aal2',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: now,
      upn: `person-${index}@contoso.com`,
      email: `person-${index}@contoso.com`,
      tid: '5a7e3b0c-6b1e-4f1e-9a53-0f2d6a3b9c11',
      ver: '2.0',
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'bench-key', typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(`person-${index}`)
      .setJti(`token-${index}`)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + 3600)
      .sign(privateKey)
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, index) => sign(index)))
  return { tokens, jwk, key: createPublicKey({ key: jwk, format: 'jwk' }) }
}

/** A validator whose keys come from memory: the network is no part of this comparison. */
function makeValidator(jwk: object, rememberTokens: number) {
  const answer = async () => Response.json({ keys: [jwk] })
  return createTokenValidator({
    issuers: [{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }],
    audience: AUDIENCE,
    fetch: answer,
    rememberTokens,
  })
}

export async function benchValidator(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const { tokens, jwk, key } = await makeTokens()
  const checked = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
  })
  const cold = makeValidator(jwk, 0)
  const remembering = makeValidator(jwk, 2 * TOKENS)
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  const claims = {
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    checkTyp: 'at+jwt',
    requiredClaims: ['exp', 'sub', 'jti', 'client_id'],
  }
  const fastJwt = createVerifier({ key: pem, algorithms: ['RS256'], cache: false, ...claims })
  const fastJwtRemembering = createVerifier({ key: pem, algorithms: ['RS256'], cache: 2 * TOKENS, ...claims })
  const joseClaims = {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'sub', 'jti', 'client_id'],
  }

  // Cold batches take every token once; nobody sees the same token again before all others have passed.
  const eachAsync = (once: (token: string) => Promise<unknown>) => async () => {
    for (const token of tokens) await once(token)
    return TOKENS
  }
  const each = (once: (token: string) => unknown) => () => {
    for (const token of tokens) once(token)
    return TOKENS
  }
  const contestants = [
    inProcess('bare crypto.verify', () => {
      for (const { input, signature } of checked)
        if (!verify('sha256', input, key, signature)) throw new TypeError('the bench signed badly')
      return TOKENS
    }),
    inProcess(
      'Postern, never seen',
      eachAsync((token) => cold.validate(token)),
    ),
    inProcess(
      'jose jwtVerify',
      eachAsync((token) => jwtVerify(token, key, joseClaims)),
    ),
    inProcess(
      'fast-jwt, no cache',
      each((token) => fastJwt(token)),
    ),
    inProcess(
      'jsonwebtoken',
      each((token) => jsonwebtoken.verify(token, key, { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] })),
    ),
    inProcess(
      'Postern, remembered',
      eachAsync((token) => remembering.validate(token)),
    ),
    inProcess(
      'fast-jwt, cache',
      each((token) => fastJwtRemembering(token)),
    ),
  ]
  const measured = await measureInRounds(contestants, options)
  const medianOf = (name: string) => measured.find((one) => one.name === name)?.median ?? Number.NaN
  const neverSeen = medianOf('Postern, never seen')
  const remembered = medianOf('Postern, remembered')
  return {
    name: 'validator',
    what: 'accepting an RS256-2048 access token',
    unit: 'operations/s',
    baselines: ['bare crypto.verify', 'jose jwtVerify', 'fast-jwt, cache'],
    measured,
    targets: [
      { what: 'never seen / bare crypto.verify', value: neverSeen / medianOf('bare crypto.verify'), atLeast: 0.85 },
      { what: 'never seen / jose', value: neverSeen / medianOf('jose jwtVerify'), atLeast: 2 },
      { what: 'remembered, per second and core', value: remembered, atLeast: 1_000_000 },
      { what: "remembered / fast-jwt's cache", value: remembered / medianOf('fast-jwt, cache'), atLeast: 2 },
    ],
    notes: [
      `${TOKENS} different tokens of ${tokens[0]?.length ?? 0} characters, one thread, one after the other.`,
      'bare crypto.verify checks nothing but the signature, over bytes that were made ready before.',
      'jose and fast-jwt check signature, iss, aud, exp, typ and the presence of four claims, jsonwebtoken signature, iss, aud and exp; Postern also the rest of its rules.',
      'fast-jwt and jsonwebtoken answer at once; Postern and jose answer by a promise, whose cost is in their figures.',
    ],
    machine: describeMachine(['jose', 'fast-jwt', 'jsonwebtoken'], options.now),
  }
}
