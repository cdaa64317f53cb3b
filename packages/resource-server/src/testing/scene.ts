/** A scene for hostile tokens: two trusted issuers, their keys, and published keys that must not be used. */

import { makeRocaKey, makeSigningKey, type Scene, underKid, withJwk } from '@postern/conformance/hostile-tokens'
import type { TokenValidatorOptions } from '../validator.ts'
import { DocumentServer, FakeIssuer } from './fake-issuer.ts'

/** Makes the scene and the options of a validator that trusts both of its issuers. */
export function makeScene(): { scene: Scene; server: DocumentServer; options: TokenValidatorOptions } {
  const rsa = withJwk(makeSigningKey('rsa-1'), { x5t: 'thumbprint-of-rsa-1' })
  const rsaToo = withJwk(makeSigningKey('rsa-2'), { x5t: 'thumbprint-of-rsa-2' })
  const ec = makeSigningKey('ec-1', 'ES256')
  const foreignKey = makeSigningKey('foreign-1')
  const sameKid = underKid(foreignKey, rsa.kid)
  const weak: Scene['weak'] = {
    encryption: withJwk(makeSigningKey('enc-1'), { use: 'enc' }),
    otherAlg: withJwk(makeSigningKey('rs512-1'), { alg: 'RS512' }),
    exponentOne: withJwk(underKid(makeSigningKey('x'), 'e-1'), { e: 'AQ' }),
    roca: makeRocaKey('roca-1'),
    short: makeSigningKey('short-1', 'RS256', 1024),
  }
  const server = new DocumentServer()
  const sts = new FakeIssuer(server, 'https://sts.example/contoso', [rsa, rsaToo, ec, ...Object.values(weak)])
  const foreign = new FakeIssuer(server, 'https://sts.example/fabrikam', [foreignKey, sameKid])
  const scene: Scene = {
    issuer: sts.issuer,
    audience: 'https://mail.contoso.com/',
    now: 1_800_000_000,
    trap: 'https://evil.example',
    rsa,
    rsaToo,
    ec,
    attacker: makeSigningKey('attacker-1'),
    retired: makeSigningKey('retired-1'),
    foreign: { issuer: foreign.issuer, key: foreignKey, sameKid },
    weak,
  }
  const options: TokenValidatorOptions = {
    issuers: [scene.issuer, foreign.issuer],
    audience: scene.audience,
    clock: () => new Date(scene.now * 1000),
    fetch: server.fetch,
  }
  return { scene, server, options }
}
