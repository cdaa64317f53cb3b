import { X509Certificate } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { findExchangeDocument } from '../../server-to-server/exchange-document.ts'

const CLAUSE = 'server-to-server profile, 4'

function findCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined // the module says so
  }
}

export default module('server-to-server', 'publishes certificates that match their thumbprints', async (target, checks) => {
  const document = await findExchangeDocument(target, checks)
  if (document === undefined) return
  const { keys } = document
  checks.must(CLAUSE, 'there is a key', keys.length > 0, keys.length)
  checks.must(CLAUSE, 'no key is there twice', new Set(keys.map(({ x5t }) => x5t)).size === keys.length, keys.length)
  for (const { x5t, thumbprint, certificate } of keys) {
    const read = findCertificate(certificate)
    checks.must(CLAUSE, 'keyvalue is a certificate', read !== undefined, read === undefined ? 'unreadable' : 'readable')
    checks.must(CLAUSE, 'x5t is the SHA-1 of the certificate', x5t === thumbprint, `${x5t}, but it is ${thumbprint}`)
    const bits = read?.publicKey.asymmetricKeyDetails?.modulusLength ?? 0
    checks.must('RFC 7518 section 3.3', 'the key is RSA of 2048 bits or more', bits >= 2048, bits)
    const at = target.server?.clock()
    if (read === undefined || at === undefined) continue
    // Without a server nobody told the kit the time.
    const good = new Date(read.validFrom) <= at && at < new Date(read.validTo)
    checks.must('RFC 5280 section 4.1.2.5', 'the certificate is good now', good, `${read.validFrom} to ${read.validTo}`)
  }
})
