/** Hostile server-to-server tokens A1 to A7, A34 to A36, A45: how the two are signed, and what may be nested in what. */
import { createHmac, X509Certificate } from 'node:crypto'
import { type ActorBench, type RefusedPair, signServerText } from './actor-bench.ts'
import { base64url } from './signing-key.ts'

export function actorSignatures(bench: ActorBench): readonly RefusedPair[] {
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
  const foreignHeader = (member: string, value: unknown): RefusedPair => ({
    id: `A6-${member}`,
    title: `${member} in the header, rightly signed`,
    make: () => bench.user({ header: { [member]: value } }),
  })
  /** Spellings of none around the rightly bound pair of the partner that may send unsigned tokens. */
  const spelling = (alg: unknown, index: number): RefusedPair => ({
    id: `A1-spelling-${index}`,
    title: `alg ${JSON.stringify(alg) ?? 'missing'}`,
    make: () => bench.unsigned({ header: { alg } }),
    request: { secure: true },
  })

  return [
    {
      id: 'A1',
      title: 'outer none without actortoken',
      make: () => bench.unsigned({ claims: { actortoken: null } }),
      request: { secure: true },
    },
    {
      id: 'A1-unsigned',
      title: 'outer none of a partner whose switch is off',
      make: () => bench.unsigned({ claims: { iss: bench.nameid(), actortoken: bench.actor() } }),
      request: { secure: true },
    },
    ...['None', 'NONE', 'nOnE', 'none ', ' none', 'none\u0000', '', null, ['none'], undefined, true, 0, {}].map(spelling),
    {
      id: 'A2',
      title: 'inner none',
      make: () => around(noneActor('none')),
    },
    {
      id: 'A2-kept',
      title: 'inner none, a signature kept',
      make: () => around(noneActor('none', bench.actor().split('.')[2])),
    },
    {
      id: 'A2-case',
      title: 'inner nOnE',
      make: () => around(noneActor('nOnE')),
    },
    {
      id: 'A2-both',
      title: 'outer and inner none, of the partner that may send unsigned tokens',
      make: () => bench.unsigned({ claims: { actortoken: noneActor('none') } }),
      request: { secure: true },
    },
    {
      id: 'A3',
      title: 'inner HS256 with the certificate as secret',
      make: () => around(hmac(hs256, bench.actorClaims(), pem)),
    },
    {
      id: 'A6-hmac',
      title: 'inner RS256 over an HMAC with the DER certificate as secret',
      make: () => around(hmac(bench.actorHeader(), bench.actorClaims(), sts.der)),
    },
    {
      id: 'A4',
      title: 'inner signed by an unknown certificate',
      make: () => around(bench.actor({ key: attacker })),
    },
    {
      id: 'A4-outer',
      title: 'outer signed by an unknown certificate',
      make: () => bench.user({ key: attacker }),
    },
    {
      id: 'A5',
      title: 'inner signed by the certificate of another partner',
      make: () => around(bench.actor({ key: otherPartner.key })),
    },
    {
      id: 'A5-self',
      title: 'inner signed by the acting partner itself',
      make: () => around(bench.actor({ key: partner.key })),
    },
    {
      id: 'A5-outer',
      title: 'outer signed by the certificate of another partner',
      make: () => bench.user({ key: otherPartner.key }),
    },
    {
      id: 'A5-realm',
      title: 'inner signed by the trusted service of another realm',
      make: () => around(bench.actor({ key: otherSts })),
    },
    {
      id: 'A6',
      title: 'inner names the right certificate, signed by another key',
      make: () => around(bench.actor({ header: { x5t: sts.x5t, kid: sts.x5t }, key: attacker })),
    },
    {
      id: 'A6-outer',
      title: 'outer names the right certificate, signed by another key',
      make: () => bench.user({ header: { x5t: partner.key.x5t }, key: attacker }),
    },
    {
      id: 'A6-flipped',
      title: 'one bit of the outer signature flipped',
      make: () => `${goodHead}.${goodBody}.${flipped.toString('base64url')}`,
    },
    {
      id: 'A6-payload',
      title: 'outer payload replaced',
      make: () => `${goodHead}.${base64url(bench.userClaims({ upn: bench.scene.users.second.upn }))}.${goodSignature}`,
    },
    foreignHeader('x5c', [Buffer.from(partner.key.der).toString('base64')]),
    foreignHeader('jku', `${bench.trap}/jku/keys`),
    foreignHeader('x5u', `${bench.trap}/x5u/cert.pem`),
    foreignHeader('jwk', { kty: 'RSA' }),
    foreignHeader('crit', ['exp']),
    foreignHeader('b64', false),
    {
      id: 'A6-kid',
      title: 'kid is not x5t',
      make: () => bench.user({ header: { kid: otherPartner.key.x5t } }),
    },
    {
      id: 'A6-x5t',
      title: 'no x5t',
      make: () => bench.user({ header: { x5t: undefined } }),
    },
    {
      id: 'A7',
      title: 'inner signed by a certificate past its end, still published',
      make: () => around(bench.actor({ key: endedSts })),
    },
    {
      id: 'A45',
      title: 'outer signed by the old certificate after its end',
      make: () => bench.user({ key: partner.endedKey }),
    },
    { id: 'A34', title: 'an actor inside an actor', make: () => around(nested) },
    {
      id: 'A34-around',
      title: 'a whole user token as the actor of another',
      make: () => around(bench.user()),
    },
    {
      id: 'A35',
      title: 'two members actortoken',
      make: () => signServerText(bench.userHeader(), twice, partner.key),
    },
    {
      id: 'A36',
      title: 'alg none with the signature of the partner kept',
      make: () => bench.unsigned({ claims: { iss: bench.nameid(), actortoken: bench.actor() } }, goodSignature),
      request: { secure: true },
    },
    {
      id: 'A36-empty',
      title: 'alg RS256 with nothing behind the second dot',
      make: () => `${goodHead}.${goodBody}.`,
      request: { secure: true },
    },
    {
      id: 'A36-x5t',
      title: 'alg none that names a certificate',
      make: () => bench.unsigned({ header: { x5t: partner.key.x5t } }),
      request: { secure: true },
    },
  ]
}
