import { module } from '../../conformance-module.ts'
import { describeDocument } from '../../seen.ts'
import { discoveryUrl, rfc8414Url } from '../../target.ts'

const CLAUSE = 'RFC 8414 sections 3.1 and 5'

export default module('issuer', 'says the same at both addresses', async (target, checks) => {
  const [one, other] = [await target.get(discoveryUrl(target.issuer)), await target.get(rfc8414Url(target.issuer))]
  const expected = 'both documents agree in what both hold'
  if (other.status === 404) return checks.skip(CLAUSE, expected, 'there is no document at the address of RFC 8414')
  checks.must(
    'RFC 8414 section 3.2',
    'the document of RFC 8414 is a JSON object',
    other.status === 200 && other.json !== undefined,
    describeDocument(other),
  )
  const told = other.json ?? {}
  const differing = Object.keys(told).filter(
    (name) => one.json !== undefined && name in one.json && JSON.stringify(one.json[name]) !== JSON.stringify(told[name]),
  )
  checks.must(CLAUSE, expected, differing.length === 0, differing.join(' ') || 'they agree')
})
