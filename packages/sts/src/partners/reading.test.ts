import type { ClientCredential, ClientId, Partner, RealmId } from '@postern/storage'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCertificate } from './public-key.ts'
import { decideReading, isOpenToProof, METADATA_CREDENTIAL, PROVED_CREDENTIAL, type ReadingBasis } from './reading.ts'
import { documentOf, makeCertificate, type TestCertificate } from './testing/certificate.ts'

const now = new Date('2027-03-01T10:00:00Z')
const day = 86_400_000
const after = (days: number) => new Date(now.getTime() + days * day)
const clientId = '8f5d1c7e-3b0a-4c52-9d0e-6a41c2f7b9d3' as ClientId // brands have no runtime part
const realm = { id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff' as RealmId, domains: ['contoso.com', 'contoso.onmicrosoft.test'] }
const self = { clientId, realm: realm.id }
const fresh: Partner = { clientId, metadataUrl: 'https://partner.test/metadata/json/1', acceptsUnsignedUserTokens: false }
const pinned: Partner = { ...fresh, pinned: { issuer: `${clientId}@${realm.id}`, realm: realm.id } }

let one: TestCertificate
let two: TestCertificate
let ended: TestCertificate
let coming: TestCertificate
let weak: TestCertificate
let curve: TestCertificate

beforeAll(async () => {
  one = await makeCertificate({ notBefore: after(-10), notAfter: after(300) })
  two = await makeCertificate({ notBefore: after(-1), notAfter: after(400) })
  ended = await makeCertificate({ notBefore: after(-20), notAfter: after(-1) })
  coming = await makeCertificate({ notBefore: after(1), notAfter: after(300) })
  weak = await makeCertificate({ notBefore: after(-1), notAfter: after(300), algorithm: 'RSA-1024' })
  curve = await makeCertificate({ notBefore: after(-1), notAfter: after(300), algorithm: 'P-256' })
})

function credential({ certificate }: TestCertificate, id?: string): ClientCredential {
  const { jwk, x5t, x5tS256, expiresAt } = readCertificate(certificate)
  return { id: id ?? `${METADATA_CREDENTIAL}${x5tS256}`, clientId, kind: 'key', createdAt: now, jwk, x5t, x5tS256, expiresAt }
}

const decide = (basis: Partial<ReadingBasis>) =>
  decideReading({ partner: fresh, realm, credentials: [], document: documentOf(self, [one]), now, ...basis })

function changes(basis: Partial<ReadingBasis>) {
  const decision = decide(basis)
  if (decision.outcome === 'refused') return decision.code
  return { add: decision.add.map(({ x5t }) => x5t), remove: decision.remove, withdraws: decision.withdraws }
}

describe('the first document', () => {
  test('pins issuer and realm and brings its certificates', () => {
    expect(decide({ document: documentOf(self, [one, two]) })).toMatchObject({
      outcome: 'accepted',
      pinned: { issuer: `${clientId}@${realm.id}`, realm: realm.id },
      add: [{ x5t: one.x5t }, { x5t: two.x5t }],
      remove: [],
      withdraws: false,
    })
  })

  test('may name this realm by a verified domain', () => {
    expect(decide({ document: documentOf({ clientId, realm: 'contoso.com' }, [one]) })).toMatchObject({
      outcome: 'accepted',
      pinned: { issuer: `${clientId}@contoso.com`, realm: 'contoso.com' },
    })
  })

  test.each([
    ['another realm', { realm: 'fabrikam.com', issuer: `${clientId}@fabrikam.com` }, 'realm_mismatch'],
    ['every realm', { realm: '*', issuer: `${clientId}@*` }, 'realm_mismatch'],
    ['an issuer of another realm', { issuer: `${clientId}@contoso.com` }, 'realm_mismatch'],
    ['an issuer without a realm', { issuer: clientId }, 'realm_mismatch'],
    ['another serviceName', { serviceName: 'somebody' }, 'principal_mismatch'],
    ['another issuer', { issuer: `somebody@${realm.id}` }, 'principal_mismatch'],
    ['an issuer with a host', { issuer: `${clientId}/host@${realm.id}` }, 'principal_mismatch'],
    ['an issuer that is none', { issuer: `${clientId}@${realm.id}@${realm.id}` }, 'principal_mismatch'],
    ['the id in other letters', { serviceName: clientId.toUpperCase() }, 'principal_mismatch'],
  ] as const)('is refused when it names %s', (_, change, code) => {
    expect(changes({ document: documentOf(self, [one], change) })).toBe(code)
  })
})

describe('a pin', () => {
  test('refuses another issuer and another realm, also ones that would do at first', () => {
    const renamed = documentOf({ clientId, realm: 'contoso.com' }, [one])
    expect(changes({ document: renamed })).toMatchObject({ add: [one.x5t] })
    expect(changes({ partner: pinned, document: renamed })).toBe('pin_mismatch')
    expect(changes({ partner: pinned, document: documentOf(self, [one], { realm: 'contoso.com' }) })).toBe('pin_mismatch')
    expect(changes({ partner: pinned, document: documentOf(self, [one], { issuer: `somebody@${realm.id}` }) })).toBe(
      'pin_mismatch',
    )
  })

  test('that an administrator has put states whose document it is, and of which realm', () => {
    const exchange = { clientId: '00000002-0000-0ff1-ce00-000000000000', realm: 'fabrikam.com' }
    const stated: Partner = { ...fresh, pinned: { issuer: `${exchange.clientId}@${exchange.realm}`, realm: exchange.realm } }
    expect(changes({ partner: stated, document: documentOf(exchange, [one]) })).toMatchObject({ add: [one.x5t] })
    expect(changes({ partner: stated, document: documentOf(self, [one]) })).toBe('pin_mismatch')
    expect(changes({ partner: stated, document: documentOf(exchange, [one], { serviceName: clientId }) })).toBe(
      'principal_mismatch',
    )
  })
})

test('a pin of every realm is worth nothing', () => {
  const everybody = { clientId, realm: '*' }
  const partner: Partner = { ...fresh, pinned: { issuer: `${clientId}@*`, realm: '*' } }
  expect(changes({ partner, document: documentOf(everybody, [one]) })).toBe('realm_mismatch')
})

describe('certificates', () => {
  test('that are there already change nothing', () => {
    expect(changes({ credentials: [credential(one)] })).toEqual({ add: [], remove: [], withdraws: false })
  })

  test('follow a roll-over: the new one comes, the one that is not named any more goes and ends what was issued', () => {
    expect(changes({ credentials: [credential(one)], document: documentOf(self, [two]) })).toEqual({
      add: [two.x5t],
      remove: [credential(one).id],
      withdraws: true,
    })
  })

  test('that were registered by hand stay, and are not added a second time', () => {
    const byHand = credential(one, 'd5e9c3a1-0000-4000-8000-000000000001')
    expect(changes({ credentials: [byHand], document: documentOf(self, [two]) })).toEqual({
      add: [two.x5t],
      remove: [],
      withdraws: false,
    })
    expect(changes({ credentials: [byHand] })).toEqual({ add: [], remove: [], withdraws: false })
  })

  test('that are over go, and withdraw nothing', () => {
    expect(changes({ credentials: [credential(one), credential(ended)], document: documentOf(self, [one, ended]) })).toEqual({
      add: [],
      remove: [credential(ended).id],
      withdraws: false,
    })
  })

  test('that are not good now, or are no RSA keys, are left out', () => {
    expect(changes({ document: documentOf(self, [ended, coming, curve, two, two]) })).toMatchObject({ add: [two.x5t] })
  })

  test('must not all be gone: such a document changes nothing', () => {
    for (const keys of [[], [ended], [coming], [curve]]) {
      expect(changes({ credentials: [credential(one)], document: documentOf(self, keys) })).toBe('no_certificate')
    }
  })

  test('must be strong and readable, and few', () => {
    expect(changes({ document: documentOf(self, [one, weak]) })).toBe('key_refused')
    expect(changes({ document: documentOf(self, [one, { x5t: 'x', certificate: new Uint8Array([48, 3, 1]) }]) })).toBe(
      'key_refused',
    )
    expect(
      changes({
        document: documentOf(
          self,
          Array.from({ length: 21 }, () => one),
        ),
      }),
    ).toBe('document_refused')
  })
})

describe('what a client may lose to another one that has the key', () => {
  test('is what came by its document, and nothing else', () => {
    const { x5tS256 } = readCertificate(one.certificate)
    const open = (id: string, of = one) => isOpenToProof(credential(of, id), { x5tS256 })
    expect(open(`${METADATA_CREDENTIAL}${x5tS256}`)).toBe(true)
    expect(open('d5e9c3a1-0000-4000-8000-000000000001'), 'by hand').toBe(false)
    expect(open(`${PROVED_CREDENTIAL}${x5tS256}`), 'by such a proof').toBe(false)
    expect(open(`${METADATA_CREDENTIAL}${x5tS256}`, two), 'another certificate').toBe(false)
  })

  test('and what came by a proof goes with the document as well', () => {
    const proved = credential(one, `${PROVED_CREDENTIAL}${readCertificate(one.certificate).x5tS256}`)
    expect(changes({ credentials: [proved] })).toEqual({ add: [], remove: [], withdraws: false })
    expect(changes({ credentials: [proved], document: documentOf(self, [two]) })).toMatchObject({ remove: [proved.id] })
  })
})

test('a document that is accepted says how many of its certificates are there', () => {
  expect(decide({ credentials: [credential(one)], document: documentOf(self, [one, two]) })).toMatchObject({ present: 1 })
  expect(decide({ credentials: [credential(two)] })).toMatchObject({ present: 0 })
})
