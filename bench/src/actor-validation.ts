/**
 * What it costs to accept a server that acts for a person: an actor token and the user token around it, by Postern's validator,
 * never seen and remembered, beside the two bare signature checks that cannot be left out. One thread, the same tokens.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto'
import { createActorTokenValidator } from '@postern/resource-server'
import { describeMachine } from './machine.ts'
import { inProcess, measureInRounds } from './rounds.ts'
import type { Result } from './table.ts'

const REALM = '5a7e3b0c-6b1e-4f1e-9a53-0f2d6a3b9c11'
const SERVER = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3'
const AUDIENCE = `00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@${REALM}`
const ISSUER = `00000001-0000-0000-c000-000000000000@${REALM}`
const PAIRS = 1000

interface Signer {
  readonly x5t: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A key under a name of the right form. There is no certificate: keys come into the validator ready to use. */
function makeSigner(): Signer {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = pair.publicKey.export({ type: 'spki', format: 'der' })
  return { ...pair, x5t: createHash('sha1').update(der).digest('base64url') }
}

function signToken({ x5t, privateKey }: Signer, header: object, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ ...header, x5t })}.${part(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}

/** As the token service and the acting server write them: all different, valid for an hour and for ten minutes. */
function makePairs(service: Signer, server: Signer) {
  const now = Math.floor(Date.now() / 1000)
  const nameid = `${SERVER}@${REALM}`
  return Array.from({ length: PAIRS }, (_, index) => {
    const actor = signToken(
      service,
      { typ: 'JWT', alg: 'RS256', kid: service.x5t },
      {
        aud: AUDIENCE,
        iss: ISSUER,
        nbf: now,
        exp: now + 3600,
        nameid,
        identityprovider: ISSUER,
        iat: now,
        jti: randomUUID(),
        trustedfordelegation: 'true',
      },
    )
    const upn = `person-${index}@contoso.com`
    const claims = { aud: AUDIENCE, iss: nameid, nbf: now, exp: now + 600, upn, smtp: upn, actortoken: actor }
    return { actor, user: signToken(server, { alg: 'RS256', typ: 'JWT' }, claims) }
  })
}

function makeValidator(service: Signer, server: Signer, rememberTokens: number) {
  return createActorTokenValidator({
    audience: AUDIENCE,
    issuers: [
      { realm: REALM, findKey: (x5t) => (x5t === service.x5t ? { x5t: service.x5t, key: service.publicKey } : undefined) },
    ],
    partners: [{ clientId: SERVER, keys: [{ x5t: server.x5t, key: server.publicKey }], actAs: {} }],
    findUser: ({ upn = '' }, realm) => [{ id: upn, realm, active: true }],
    rememberTokens,
  })
}

export async function benchActorValidation(options: {
  rounds: number
  milliseconds: number
  now: Date
  onRound: (round: number) => void
}): Promise<Result> {
  const [service, server] = [makeSigner(), makeSigner()]
  const pairs = makePairs(service, server)
  const prepared = (token: string, { publicKey }: Signer) => {
    const end = token.lastIndexOf('.')
    const bytes = { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
    return { ...bytes, key: publicKey }
  }
  const signatures = pairs.flatMap(({ actor, user }) => [prepared(actor, service), prepared(user, server)])

  // A batch takes every pair once; nobody sees a token again before all others have passed.
  const accepting = (take: () => ReturnType<typeof makeValidator>) => async () => {
    const validator = take()
    for (const { user } of pairs) {
      const { kind } = await validator.validate(user)
      if (kind !== 'user') throw new TypeError('the bench made a pair badly')
    }
    return PAIRS
  }
  const cold = makeValidator(service, server, 0)
  const remembering = makeValidator(service, server, 2 * PAIRS)
  const contestants = [
    inProcess('two bare crypto.verify', () => {
      for (const { input, key, signature } of signatures)
        if (!verify('sha256', input, key, signature)) throw new TypeError('the bench signed badly')
      return PAIRS
    }),
    inProcess(
      'Postern, remembering nothing',
      accepting(() => cold),
    ),
    inProcess(
      'Postern, never seen',
      accepting(() => makeValidator(service, server, 2 * PAIRS)),
    ),
    inProcess(
      'Postern, actor token remembered',
      accepting(() => remembering),
    ),
  ]
  return {
    name: 'actor-validation',
    what: 'accepting an actor token and the user token around it, RS256-2048 both',
    unit: 'pairs/s',
    baselines: ['two bare crypto.verify'],
    measured: await measureInRounds(contestants, options),
    notes: [
      `${PAIRS} different pairs of ${pairs[0]?.user.length ?? 0} characters, one thread, one after the other.`,
      'The bare checks look at nothing but the two signatures, over bytes that were made ready before, with keys that were read before.',
      'Postern checks all rules of both tokens, with keys and accounts at hand: finding them over a network is no part of this.',
      'Never seen: a new validator for every batch, which keeps each actor token as it goes. Remembered: the signature of the user token is checked each time, that of its actor token was.',
    ],
    machine: describeMachine([], options.now),
  }
}
