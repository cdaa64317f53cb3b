import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { type KnownServer, readIdentity } from './identity.ts'
import { makeSelfSigned, type SelfSigned, thumbprintOf } from './self-signed.ts'

let made: SelfSigned
let other: SelfSigned
let server: KnownServer

const pem = ({ key }: SelfSigned): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

beforeAll(async () => {
  ;[made, other] = await Promise.all([makeSelfSigned('mail.test'), makeSelfSigned('other.test')])
  server = {
    clientId: 'a',
    certificate: new X509Certificate(made.der).toString(),
    privateKey: pem(made),
    resource: 'b/mail.test@contoso.com',
    clock: () => new Date('2026-05-04T10:00:00Z'),
  }
})

test('a certificate that was made by hand is one for everybody else', () => {
  const read = new X509Certificate(made.der)
  expect([read.subject, read.validFrom, read.validTo]).toEqual([
    'CN=mail.test',
    'Jan  1 00:00:00 2020 GMT',
    'Dec 31 00:00:00 2049 GMT',
  ])
  expect(read.verify(read.publicKey)).toBe(true)
  expect(read.fingerprint.replaceAll(':', '')).toBe(
    Buffer.from(thumbprintOf(made.der), 'base64url').toString('hex').toUpperCase(),
  )
})

test('a server is read from PEM, with the thumbprint of its certificate', () => {
  expect(readIdentity(server)).toMatchObject({ clientId: 'a', x5t: made.x5t, resource: 'b/mail.test@contoso.com' })
})

test.each<[string, () => Partial<KnownServer>]>([
  ['another key', () => ({ privateKey: pem(other) })],
  ['no certificate', () => ({ certificate: 'none' })],
  ['no key', () => ({ privateKey: 'none' })],
  ['a resource without realm', () => ({ resource: 'b/mail.test' })],
  ['a resource without host', () => ({ resource: 'b@contoso.com' })],
  ['a resource of everybody', () => ({ resource: 'b/*@contoso.com' })],
  ['an address', () => ({ resource: 'https://mail.test/' })],
])('a server with %s is refused', (_, change) => {
  expect(() => readIdentity({ ...server, ...change() })).toThrow(expect.objectContaining({ code: 'target_invalid' }))
})
