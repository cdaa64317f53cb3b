import { module } from '../../conformance-module.ts'
import { federationUrl, findExchangeDocument } from '../../server-to-server/exchange-document.ts'
import { thumbprintOf } from '../../server-to-server/self-signed.ts'
import { readXml } from '../../server-to-server/xml-form.ts'

const CLAUSE = 'server-to-server profile, 4; WS-Federation 1.2 section 3.1'

export default module('server-to-server', 'names the same certificates in its federation metadata', async (target, checks) => {
  const document = await findExchangeDocument(target, checks)
  if (document === undefined) return
  const answer = await target.get(federationUrl(target.issuer))
  checks.must(CLAUSE, 'the federation metadata is there', answer.status === 200, answer)
  const type = answer.headers.get('content-type') ?? 'none'
  checks.must(CLAUSE, 'its type is XML', /^(application|text)\/([\w.-]+\+)?xml\b/i.test(type), type)
  const reading = readXml(answer.body)
  if ('problem' in reading) return checks.must('XML 1.0 section 2.1', 'it is well-formed, without DTD', false, reading.problem)
  const { elements } = reading
  checks.must('XML 1.0 section 2.1', 'it is well-formed, without DTD', true, elements.length)
  const [root] = elements
  checks.must('SAML 2.0 Metadata section 2.3.2', 'it is an EntityDescriptor', root?.name === 'EntityDescriptor', root?.name)
  const named = root?.attributes.get('entityID')
  checks.must('SAML 2.0 Metadata section 2.3.2', 'entityID is the issuer', named === target.issuer, named ?? 'none')
  const role = elements.some(
    ({ name, attributes }) => name === 'RoleDescriptor' && /:?SecurityTokenServiceType$/.test(typeOf(attributes)),
  )
  checks.must(CLAUSE, 'it describes a security token service', role, elements.map(({ name }) => name).slice(0, 12))
  const certificates = elements
    .filter(({ name, path }) => name === 'X509Certificate' && path.includes('RoleDescriptor') && path.includes('KeyDescriptor'))
    .map(({ text }) => thumbprintOf(Buffer.from(text, 'base64')))
  const published = document.keys.map(({ thumbprint }) => thumbprint)
  checks.must(CLAUSE, 'the key that signs is the first in both', certificates[0] === published[0], certificates[0] ?? 'none')
  const same = certificates.length === published.length && published.every((one) => certificates.includes(one))
  checks.must(CLAUSE, 'the keys are the same in both', same, certificates)
})

const typeOf = (attributes: ReadonlyMap<string, string>): string =>
  [...attributes].find(([name]) => /^[\w.-]+:type$/.test(name))?.[1] ?? ''
