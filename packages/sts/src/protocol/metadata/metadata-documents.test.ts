import { X509Certificate } from 'node:crypto'
import { parseMetadataDocument } from '@postern/resource-server'
import type { RealmId, SigningKey } from '@postern/storage'
import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom'
import { beforeAll, describe, expect, test } from 'vitest'
import { RequestProblem } from '../../http/problems.ts'
import { createSigningKey, decideKeyUse, thumbprintOf } from '../signing-keys.ts'
import { renderExchangeDocument } from './exchange-document.ts'
import { renderFederationDocument } from './federation-document.ts'
import { findRealmOfQuery, requireSameRealm } from './metadata-documents.ts'
import { type PublishedRealm, publishedRealm } from './published-realm.ts'

const now = new Date('2027-03-01T10:00:00Z')
const at = (days: number) => new Date(now.getTime() + days * 86_400_000)
const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff' as RealmId // a brand has no runtime part
const baseUrl = 'https://login.contoso.com:8443'
const issuer = `${baseUrl}/${id}`

let signing: SigningKey
let coming: SigningKey
let retired: SigningKey
let curve: SigningKey
let realm: PublishedRealm

beforeAll(async () => {
  const make = (algorithm: SigningKey['algorithm'], announced: number, signsFrom: number) =>
    createSigningKey({ algorithm, commonName: 'contoso.com', now: at(announced), signsFrom: at(signsFrom) })
  signing = await make('RS256', -20, -10)
  coming = await make('RS256', -1, 1)
  retired = { ...(await make('RS256', -90, -90)), retiresAt: at(-0.5), removedAt: at(30) }
  curve = await make('ES256', -20, -20)
  const keys = decideKeyUse([retired, coming, curve, signing], now)
  realm = publishedRealm({ issuer, realm: { id } as never, keys }, baseUrl) // of the realm its id is read and nothing else
})

describe('the document for Exchange-like servers', () => {
  const document = () => JSON.parse(renderExchangeDocument(realm)) as Record<string, unknown>

  test('has the members of the captured ones, in their spelling', () => {
    expect(document()).toEqual({
      id: `_${id}`,
      version: '1.0',
      name: 'Postern',
      realm: id,
      serviceName: '00000001-0000-0000-c000-000000000000',
      issuer: `00000001-0000-0000-c000-000000000000@${id}`,
      allowedAudiences: [`00000001-0000-0000-c000-000000000000/login.contoso.com:8443@${id}`],
      keys: [signing, coming, retired].map(({ certificate }) => ({
        usage: 'signing',
        keyinfo: { x5t: thumbprintOf(certificate) },
        keyvalue: { type: 'x509Certificate', value: Buffer.from(certificate).toString('base64') },
      })),
      endpoints: [
        { location: `${issuer}/tokens/OAuth/2`, protocol: 'OAuth2', usage: 'issuance' },
        { location: `${issuer}/metadata/json/1`, protocol: 'MetadataJson1.0', usage: 'metadata' },
      ],
    })
  })

  test('gives a reader that takes the first key and the only OAuth2 endpoint what it needs', () => {
    const { keys, endpoints } = document() as {
      keys: { keyvalue: { value: string } }[]
      endpoints: { protocol: string; location: string }[]
    }
    const first = new X509Certificate(Buffer.from(keys[0]?.keyvalue.value ?? '', 'base64'))
    expect(thumbprintOf(first.raw)).toBe(signing.kid)
    expect(endpoints.filter(({ protocol }) => protocol === 'OAuth2').map(({ location }) => location)).toEqual([
      `${issuer}/tokens/OAuth/2`,
    ])
  })

  test('is understood by the reader that we give to mail servers', () => {
    const read = parseMetadataDocument(renderExchangeDocument(realm))
    expect(read).toMatchObject({ realm: id, issuer: `00000001-0000-0000-c000-000000000000@${id}` })
    expect(read.keys.map(({ x5t }) => x5t)).toEqual([signing.kid, coming.kid, retired.kid])
    expect(read.keys.map(({ certificate }) => Buffer.from(certificate))).toEqual(
      [signing, coming, retired].map(({ certificate }) => Buffer.from(certificate)),
    )
  })

  test('names no realm of everybody', () => {
    expect(renderExchangeDocument(realm)).not.toContain('*')
  })
})

describe('the document of WS-Federation', () => {
  const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata'
  const FEDERATION = 'http://docs.oasis-open.org/wsfed/federation/200706'
  const ADDRESSING = 'http://www.w3.org/2005/08/addressing'
  const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#'

  const parse = (text: string): Element => {
    const { documentElement } = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml')
    if (documentElement === null) throw new TypeError('no document')
    return documentElement
  }
  const all = (root: Element, namespace: string, name: string) => [...root.getElementsByTagNameNS(namespace, name)]

  test('is well-formed and names the issuer', () => {
    const root = parse(renderFederationDocument(realm))
    expect([root.namespaceURI, root.localName]).toEqual([METADATA, 'EntityDescriptor'])
    expect([root.getAttribute('entityID'), root.getAttribute('ID')]).toEqual([issuer, `_${id}`])
  })

  test('describes a security token service whose signing key is the first', () => {
    const root = parse(renderFederationDocument(realm))
    const [role, ...others] = all(root, METADATA, 'RoleDescriptor')
    expect(others).toEqual([])
    if (role === undefined) throw new TypeError('no role')
    const type = role.getAttributeNS('http://www.w3.org/2001/XMLSchema-instance', 'type') ?? ''
    expect([role.lookupNamespaceURI(type.split(':')[0] ?? ''), type.split(':')[1]]).toEqual([
      FEDERATION,
      'SecurityTokenServiceType',
    ])
    expect(role.getAttribute('protocolSupportEnumeration')?.split(' ')).toContain(FEDERATION)
    const keys = all(role, METADATA, 'KeyDescriptor')
    expect(keys.map((key) => key.getAttribute('use'))).toEqual(['signing', 'signing', 'signing'])
    const certificates = keys.map((key) => all(key, SIGNATURE, 'X509Certificate')[0]?.textContent ?? '')
    expect(certificates.map((one) => thumbprintOf(new X509Certificate(Buffer.from(one, 'base64')).raw))).toEqual([
      signing.kid,
      coming.kid,
      retired.kid,
    ])
  })

  test('has its elements in the order of the schema, with the address where people sign in', () => {
    const root = parse(renderFederationDocument(realm))
    const role = all(root, METADATA, 'RoleDescriptor')[0]
    const names = [...(role?.childNodes ?? [])].map((node) => node.nodeName)
    expect(names).toEqual([
      'KeyDescriptor',
      'KeyDescriptor',
      'KeyDescriptor',
      'fed:TokenTypesOffered',
      'fed:SecurityTokenServiceEndpoint',
      'fed:PassiveRequestorEndpoint',
    ])
    const passive = all(root, FEDERATION, 'PassiveRequestorEndpoint')[0]
    expect(passive && all(passive, ADDRESSING, 'Address').map((one) => one.textContent)).toEqual([`${issuer}/oauth2/authorize`])
  })

  test('cannot be broken out of by what it names', () => {
    const hostile = `https://x"><evil a='&amp;'/>&`
    const root = parse(renderFederationDocument({ ...realm, issuer: hostile }))
    expect(root.getAttribute('entityID')).toBe(hostile)
    expect(all(root, ADDRESSING, 'Address').map((one) => one.textContent)).toEqual([
      `${hostile}/oauth2/authorize`,
      `${hostile}/oauth2/authorize`,
    ])
    expect([...root.getElementsByTagName('evil')]).toEqual([])
  })
})

describe('the address without a realm in its path', () => {
  const find = (path: string, querystring = '') => findRealmOfQuery({ path, querystring })

  test('names the realm in its query', () => {
    expect(find('/metadata/json/1', 'realm=contoso.com')).toEqual({ name: 'contoso.com', path: '/metadata/json/1' })
    expect(find('/metadata/json/1', 'x=1&realm=contoso%2Ecom')).toEqual({ name: 'contoso.com', path: '/metadata/json/1' })
  })

  test('is no other address', () => {
    for (const path of ['/contoso.com/metadata/json/1', '/metadata/json/1/', '/metadata/json', '/']) {
      expect(find(path, 'realm=contoso.com'), path).toBeUndefined()
    }
  })

  test.each([
    ['', 'malformed'],
    ['realm=', 'malformed'],
    ['Realm=contoso.com', 'malformed'],
    ['realm=contoso.com&realm=contoso.com', 'duplicate_parameter'],
  ])('refuses the query %j', (query, code) => {
    let thrown: unknown
    try {
      find('/metadata/json/1', query)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(RequestProblem)
    expect(thrown).toMatchObject({ code })
  })
})

describe('a realm in the query of an address that has one in its path', () => {
  const refused = (querystring: string): unknown => {
    try {
      requireSameRealm({ querystring }, [id, 'contoso.com', 'contoso.onmicrosoft.test'])
      return undefined
    } catch (error) {
      return error instanceof RequestProblem ? error.code : error
    }
  }

  test.each(['', 'x=1', `realm=${id}`, `realm=${id.toUpperCase()}`, 'realm=contoso.com', 'realm=Contoso.OnMicrosoft.test'])(
    'may be missing or the same: %j',
    (query) => expect(refused(query)).toBeUndefined(),
  )

  test.each([
    ['realm=nope.test', 'not_found'],
    ['realm=*', 'not_found'],
    ['realm=contoso.com.nope.test', 'not_found'],
    ['realm=', 'malformed'],
    ['realm=contoso.com&realm=nope.test', 'duplicate_parameter'],
  ])('is no other: %j', (query, code) => expect(refused(query)).toBe(code))
})
