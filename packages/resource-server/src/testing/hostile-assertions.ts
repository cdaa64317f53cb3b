/**
 * hostile-assertions makes self-issued assertions that must be refused: the good one of a scene with one thing wrong, signed again with the
 * right key where that makes it harder. The ids name the class of the list A1 to A50 that the case belongs to.
 * @module
 */
import { createHmac, X509Certificate } from 'node:crypto'
import { base64url, type Members, type ServerKey, signServerText } from '@postern/conformance/hostile-tokens'
import type { ActorTokenErrorCode } from '../server-to-server/errors.ts'

export type AssertionScene = Readonly<{
  now: number
  /** The audience of the token service, `client_id/host@realm`. */
  audience: string
  realm: string
  /** Another spelling of the realm that counts. */
  domain: string
  client: Readonly<{ clientId: string; key: ServerKey; endedKey: ServerKey }>
  otherClient: Readonly<{ clientId: string; key: ServerKey }>
  attacker: ServerKey
}>

export type HostileAssertion = Readonly<{
  id: string
  name: string
  assertion: string
  expect: ActorTokenErrorCode
  says: string
}>

export class AssertionBench {
  readonly scene: AssertionScene
  constructor(scene: AssertionScene) {
    this.scene = scene
  }
  header(changes: Members = {}): string {
    return JSON.stringify({ typ: 'JWT', alg: 'RS256', x5t: this.scene.client.key.x5t, ...changes })
  }
  claims(changes: Members = {}): string {
    const { audience, client, realm, now } = this.scene
    const iss = `${client.clientId}@${realm}`
    return JSON.stringify({ aud: audience, iss, nameid: iss, nbf: now - 10, exp: now + 290, jti: 'assertion-1', ...changes })
  }
  /** Signed by the client unless told otherwise. */
  signed({ header, claims, key = this.scene.client.key }: { header?: Members; claims?: Members; key?: ServerKey } = {}): string {
    return signServerText(this.header({ x5t: key.x5t, ...header }), this.claims(claims), key)
  }
}

export function hostileAssertions(scene: AssertionScene): readonly HostileAssertion[] {
  const bench = new AssertionBench(scene)
  const { now, client, otherClient, attacker, realm, audience } = scene
  const good = bench.signed()
  const [head = '', body = '', signature = ''] = good.split('.')
  type Case = readonly [id: string, name: string, assertion: string, expect: ActorTokenErrorCode, says: string]
  const claim = (id: string, name: string, claims: Members, expect: ActorTokenErrorCode, says: string): Case => [
    id,
    name,
    bench.signed({ claims }),
    expect,
    says,
  ]
  const header = (id: string, name: string, members: Members, expect: ActorTokenErrorCode, says: string): Case => [
    id,
    name,
    bench.signed({ header: members }),
    expect,
    says,
  ]
  const none = (alg: unknown, kept = ''): string => `${base64url(JSON.stringify({ typ: 'JWT', alg }))}.${body}.${kept}`
  const hmac = `${base64url(bench.header({ alg: 'HS256' }))}.${body}`
  const secret = new X509Certificate(client.key.der).toString()
  const cases: readonly Case[] = [
    ['A1', 'alg none', none('none'), 'algorithm_not_allowed', 'alg "none"'],
    ['A1-case', 'alg nOnE', none('nOnE'), 'algorithm_not_allowed', 'alg "nOnE"'],
    ['A1-null', 'alg null', none(null), 'algorithm_not_allowed', 'alg null'],
    ['A1-list', 'alg a list', none(['none']), 'algorithm_not_allowed', 'alg ["none"]'],
    ['A1-kept', 'alg none, the signature kept', none('none', signature), 'algorithm_not_allowed', 'alg "none"'],
    [
      'A3',
      'HS256 with the certificate as secret',
      `${hmac}.${createHmac('sha256', secret).update(hmac).digest('base64url')}`,
      'algorithm_not_allowed',
      'HS256',
    ],
    ['A4', 'an unknown certificate', bench.signed({ key: attacker }), 'key_unknown', attacker.x5t],
    [
      'A5',
      'the certificate of another client',
      bench.signed({ key: otherClient.key }),
      'certificate_of_another',
      otherClient.clientId,
    ],
    [
      'A6',
      'the right x5t, another key',
      bench.signed({ header: { x5t: client.key.x5t }, key: attacker }),
      'signature_invalid',
      'RS256',
    ],
    ['A6-empty', 'nothing behind the second dot', `${head}.${body}.`, 'token_malformed', 'no signature'],
    ['A6-spelling', 'a padded signature', `${good}=`, 'token_malformed', 'signature'],
    ['A6-parts', 'four parts', `${good}.x`, 'token_malformed', 'not three parts'],
    ['A6-large', 'longer than any assertion', `${good}${'A'.repeat(8192)}`, 'token_too_large', 'characters'],
    header(
      'A6-x5c',
      'x5c, rightly signed',
      { x5c: [Buffer.from(client.key.der).toString('base64')] },
      'header_not_allowed',
      'x5c',
    ),
    header('A6-jku', 'jku', { jku: 'https://evil.example/keys' }, 'header_not_allowed', 'jku'),
    header('A6-x5u', 'x5u', { x5u: 'https://evil.example/cert' }, 'header_not_allowed', 'x5u'),
    header('A6-jwk', 'jwk', { jwk: {} }, 'header_not_allowed', 'jwk'),
    header('A6-crit', 'crit', { crit: ['exp'] }, 'header_not_allowed', 'crit'),
    header('A6-kid', 'kid is not x5t', { kid: otherClient.key.x5t }, 'header_not_allowed', 'kid'),
    header('A6-typ', 'another typ', { typ: 'at+jwt' }, 'type_mismatch', 'at+jwt'),
    header('A6-none', 'no x5t', { x5t: undefined }, 'header_not_allowed', 'x5t'),
    ['A7', 'a certificate past its end', bench.signed({ key: client.endedKey }), 'certificate_not_valid', client.endedKey.x5t],
    claim(
      'A9',
      'nameid of another client',
      { nameid: `${otherClient.clientId}@${realm}` },
      'actor_mismatch',
      'nameid is not iss',
    ),
    claim(
      'A10',
      'iss in other letter case',
      { iss: `${client.clientId.toUpperCase()}@${realm}` },
      'certificate_of_another',
      client.clientId,
    ),
    claim('A12', 'iss with a space behind', { iss: `${client.clientId}@${realm} ` }, 'claim_invalid', 'iss'),
    claim('A12-host', 'iss with a host', { iss: `${client.clientId}/host@${realm}` }, 'claim_invalid', '/host'),
    claim('A12-realm', 'iss without a realm', { iss: client.clientId }, 'claim_invalid', `"${client.clientId}"`),
    claim('A12-missing', 'no iss', { iss: undefined }, 'claim_missing', 'iss'),
    claim('A13', 'aud of one part', { aud: audience.split('/')[0] }, 'audience_mismatch', 'assertion: "'),
    claim('A14', 'aud without a realm', { aud: audience.split('@')[0] }, 'audience_mismatch', `"${audience.split('@')[0]}"`),
    claim(
      'A15',
      'aud of another service',
      { aud: `00000001-0000-0000-c000-000000000000/evil.example@${realm}` },
      'audience_mismatch',
      'evil.example',
    ),
    claim(
      'A18',
      'realm of aud in other letter case',
      { aud: audience.replace(realm, realm.toUpperCase()) },
      'audience_mismatch',
      realm.toUpperCase(),
    ),
    claim('A19', 'the realm of another', { iss: `${client.clientId}@evil.example` }, 'realm_mismatch', 'evil.example'),
    claim('A19-star', 'any realm', { iss: `${client.clientId}@*` }, 'realm_mismatch', '@*'),
    claim('A19-nameid', 'nameid in another realm', { nameid: `${client.clientId}@evil.example` }, 'realm_mismatch', 'nameid'),
    claim('A20', 'aud with two realms', { aud: `${audience}@${realm}` }, 'audience_mismatch', `@${realm}@`),
    claim('A20-list', 'aud a list', { aud: [audience] }, 'claim_invalid', 'aud'),
    claim('A20-missing', 'no aud', { aud: undefined }, 'claim_missing', 'aud'),
    claim('A34', 'an actor token in it', { actortoken: good }, 'actor_nested', 'actortoken'),
    [
      'A35',
      'a repeated claim',
      signServerText(bench.header(), bench.claims().replace('{', '{"iss":"x",'), client.key),
      'token_malformed',
      'repeated',
    ],
    claim('A37', 'expired', { nbf: now - 300, exp: now }, 'token_expired', 'exp'),
    claim('A37-future', 'not valid yet', { nbf: now + 31 }, 'token_not_yet_valid', 'nbf'),
    claim('A37-iat', 'issued in the future', { iat: now + 31 }, 'token_not_yet_valid', 'iat'),
    claim('A39', 'a life of more than ten minutes', { nbf: now, exp: now + 601 }, 'lifetime_too_long', '601 s'),
    claim('A39-iat', 'a life that iat tells', { iat: now - 400 }, 'lifetime_too_long', '690 s'),
    claim('A40', 'exp "1e10"', { exp: '1e10' }, 'claim_invalid', '1e10'),
    claim('A40-space', 'exp with a space', { exp: ` ${now + 60}` }, 'claim_invalid', 'exp " '),
    claim('A40-hex', 'exp in hex', { exp: '0x6b49d400' }, 'claim_invalid', '0x'),
    claim('A40-missing', 'no exp', { exp: undefined }, 'claim_missing', 'exp'),
    claim('A40-nbf', 'no nbf', { nbf: undefined }, 'claim_missing', 'nbf'),
    claim('A43', 'jti an object', { jti: {} }, 'claim_invalid', 'jti'),
    claim('A43-long', 'jti of 513 characters', { jti: 'j'.repeat(513) }, 'claim_invalid', 'jti'),
    claim('A43-empty', 'jti empty', { jti: '' }, 'claim_invalid', 'jti'),
  ]
  return cases.map(([id, name, assertion, expect, says]) => ({ id, name, assertion, expect, says }))
}
