/** Hostile server-to-server tokens A1 to A7, A34 to A36, A45: how the two are signed, and what may be nested in what. */
import { createHmac, X509Certificate } from 'node:crypto'
import { type ActorBench, type HostileActorToken, signServerText } from './actor-bench.ts'
import { base64url } from './fake-issuer.ts'

export function hostileActorSignatures(bench: ActorBench): readonly HostileActorToken[] {
  const { sts, endedSts, partner, otherPartner, attacker, otherSts } = bench.scene
  const around = (actortoken: unknown): string => bench.user({ claims: { actortoken } })
  const hmac = (header: string, payload: string, secret: string | Uint8Array): string => {
    const input = `${base64url(header)}.${base64url(payload)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const pem = new X509Certificate(sts.der).toString()
  const hs256 = bench.actorHeader({ alg: 'HS256' })
  const noneActor = (alg: unknown, signature = ''): string =>
    `${base64url(JSON.stringify({ typ: 'JWT', alg }))}.${base64url(bench.actorClaims())}.${signature}`
  const [goodHead = '', goodBody = '', goodSignature = ''] = bench.user().split('.')
  const flipped = Buffer.from(goodSignature, 'base64url')
  flipped.writeUInt8(flipped.readUInt8(9) ^ 1, 9)
  const nested = bench.actor({ claims: { actortoken: bench.actor() } })
  const twice = bench.userClaims().replace('"actortoken":', `"actortoken":"${bench.actorOf(otherPartner)}","actortoken":`)
  const foreignHeader = (member: string, value: unknown): HostileActorToken => ({
    id: `A6-${member}`,
    name: `${member} in the header, rightly signed`,
    token: bench.user({ header: { [member]: value } }),
    expect: 'header_not_allowed',
    says: `user token: member "${member}"`,
  })
  /** Spellings of none around the rightly bound pair of the partner that may send unsigned tokens. */
  const spelling = (alg: unknown, index: number): HostileActorToken => ({
    id: `A1-spelling-${index}`,
    name: `alg ${JSON.stringify(alg) ?? 'missing'}`,
    token: bench.unsigned({ header: { alg } }),
    expect: 'algorithm_not_allowed',
    says: `user token: alg ${JSON.stringify(alg) ?? 'undefined'}`,
    request: { secure: true },
  })

  return [
    {
      id: 'A1',
      name: 'outer none without actortoken',
      token: bench.unsigned({ claims: { actortoken: null } }),
      expect: 'algorithm_not_allowed',
      says: 'no actor token',
      request: { secure: true },
    },
    {
      id: 'A1-unsigned',
      name: 'outer none of a partner whose switch is off',
      token: bench.unsigned({ claims: { iss: bench.nameid(), actortoken: bench.actor() } }),
      expect: 'unsigned_not_allowed',
      says: partner.clientId,
      request: { secure: true },
    },
    ...['None', 'NONE', 'nOnE', 'none ', ' none', 'none\u0000', '', null, ['none'], undefined, true, 0, {}].map(spelling),
    {
      id: 'A2',
      name: 'inner none',
      token: around(noneActor('none')),
      expect: 'algorithm_not_allowed',
      says: 'actor token: alg "none"',
    },
    {
      id: 'A2-kept',
      name: 'inner none, a signature kept',
      token: around(noneActor('none', bench.actor().split('.')[2])),
      expect: 'algorithm_not_allowed',
      says: 'actor token: alg "none"',
    },
    {
      id: 'A2-case',
      name: 'inner nOnE',
      token: around(noneActor('nOnE')),
      expect: 'algorithm_not_allowed',
      says: 'actor token: alg "nOnE"',
    },
    {
      id: 'A2-both',
      name: 'outer and inner none, of the partner that may send unsigned tokens',
      token: bench.unsigned({ claims: { actortoken: noneActor('none') } }),
      expect: 'algorithm_not_allowed',
      says: 'actor token: alg "none"',
      request: { secure: true },
    },
    {
      id: 'A3',
      name: 'inner HS256 with the certificate as secret',
      token: around(hmac(hs256, bench.actorClaims(), pem)),
      expect: 'algorithm_not_allowed',
      says: 'actor token: alg "HS256"',
    },
    {
      id: 'A6-hmac',
      name: 'inner RS256 over an HMAC with the DER certificate as secret',
      token: around(hmac(bench.actorHeader(), bench.actorClaims(), sts.der)),
      expect: 'signature_invalid',
      says: 'actor token',
    },
    {
      id: 'A4',
      name: 'inner signed by an unknown certificate',
      token: around(bench.actor({ key: attacker })),
      expect: 'key_unknown',
      says: `actor token: x5t ${attacker.x5t}`,
    },
    {
      id: 'A4-outer',
      name: 'outer signed by an unknown certificate',
      token: bench.user({ key: attacker }),
      expect: 'key_unknown',
      says: `user token: x5t ${attacker.x5t}`,
    },
    {
      id: 'A5',
      name: 'inner signed by the certificate of another partner',
      token: around(bench.actor({ key: otherPartner.key })),
      expect: 'key_unknown',
      says: `actor token: x5t ${otherPartner.key.x5t}`,
    },
    {
      id: 'A5-self',
      name: 'inner signed by the acting partner itself',
      token: around(bench.actor({ key: partner.key })),
      expect: 'key_unknown',
      says: `actor token: x5t ${partner.key.x5t}`,
    },
    {
      id: 'A5-outer',
      name: 'outer signed by the certificate of another partner',
      token: bench.user({ key: otherPartner.key }),
      expect: 'key_unknown',
      says: `user token: x5t ${otherPartner.key.x5t} is not of ${partner.clientId}`,
    },
    {
      id: 'A5-realm',
      name: 'inner signed by the trusted service of another realm',
      token: around(bench.actor({ key: otherSts })),
      expect: 'key_unknown',
      says: `actor token: x5t ${otherSts.x5t}`,
    },
    {
      id: 'A6',
      name: 'inner names the right certificate, signed by another key',
      token: around(bench.actor({ header: { x5t: sts.x5t, kid: sts.x5t }, key: attacker })),
      expect: 'signature_invalid',
      says: 'actor token',
    },
    {
      id: 'A6-outer',
      name: 'outer names the right certificate, signed by another key',
      token: bench.user({ header: { x5t: partner.key.x5t }, key: attacker }),
      expect: 'signature_invalid',
      says: 'user token',
    },
    {
      id: 'A6-flipped',
      name: 'one bit of the outer signature flipped',
      token: `${goodHead}.${goodBody}.${flipped.toString('base64url')}`,
      expect: 'signature_invalid',
      says: 'user token',
    },
    {
      id: 'A6-payload',
      name: 'outer payload replaced',
      token: `${goodHead}.${base64url(bench.userClaims({ upn: bench.scene.users.second.upn }))}.${goodSignature}`,
      expect: 'signature_invalid',
      says: 'user token',
    },
    foreignHeader('x5c', [Buffer.from(partner.key.der).toString('base64')]),
    foreignHeader('jku', 'https://evil.example/keys'),
    foreignHeader('x5u', 'https://evil.example/cert.pem'),
    foreignHeader('jwk', { kty: 'RSA' }),
    foreignHeader('crit', ['exp']),
    foreignHeader('b64', false),
    {
      id: 'A6-kid',
      name: 'kid is not x5t',
      token: bench.user({ header: { kid: otherPartner.key.x5t } }),
      expect: 'header_not_allowed',
      says: 'user token: kid',
    },
    {
      id: 'A6-x5t',
      name: 'no x5t',
      token: bench.user({ header: { x5t: undefined } }),
      expect: 'header_not_allowed',
      says: 'user token: x5t',
    },
    {
      id: 'A7',
      name: 'inner signed by a certificate past its end, still published',
      token: around(bench.actor({ key: endedSts })),
      expect: 'certificate_not_valid',
      says: `actor token: ${endedSts.x5t}`,
    },
    {
      id: 'A45',
      name: 'outer signed by the old certificate after its end',
      token: bench.user({ key: partner.endedKey }),
      expect: 'certificate_not_valid',
      says: `user token: ${partner.endedKey.x5t}`,
    },
    { id: 'A34', name: 'an actor inside an actor', token: around(nested), expect: 'actor_nested', says: 'actor token' },
    {
      id: 'A34-around',
      name: 'a whole user token as the actor of another',
      token: around(bench.user()),
      expect: 'actor_nested',
      says: 'actor token',
    },
    {
      id: 'A35',
      name: 'two members actortoken',
      token: signServerText(bench.userHeader(), twice, partner.key),
      expect: 'token_malformed',
      says: 'a repeated member name',
    },
    {
      id: 'A36',
      name: 'alg none with the signature of the partner kept',
      token: bench.unsigned({ claims: { iss: bench.nameid(), actortoken: bench.actor() } }, goodSignature),
      expect: 'token_malformed',
      says: 'a signature behind alg none',
      request: { secure: true },
    },
    {
      id: 'A36-empty',
      name: 'alg RS256 with nothing behind the second dot',
      token: `${goodHead}.${goodBody}.`,
      expect: 'token_malformed',
      says: 'no signature',
      request: { secure: true },
    },
    {
      id: 'A36-x5t',
      name: 'alg none that names a certificate',
      token: bench.unsigned({ header: { x5t: partner.key.x5t } }),
      expect: 'header_not_allowed',
      says: 'beside alg none',
      request: { secure: true },
    },
  ]
}
