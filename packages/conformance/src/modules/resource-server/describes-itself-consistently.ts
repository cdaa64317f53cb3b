import { findBearerChallenge } from '../../bearer-challenge.ts'
import { module } from '../../conformance-module.ts'
import { findGuarded } from '../../presented-token.ts'
import { describeDocument } from '../../seen.ts'

export default module('resource-server', 'describes itself consistently', async (target, checks) => {
  const clause = 'RFC 9728 section 3.3'
  const asked = { clause, expected: 'the metadata is about this resource', needsToken: false }
  const resource = await findGuarded(target, checks, asked)
  if (resource === undefined) return
  const header = (await target.get(resource.url)).headers.get('www-authenticate')
  const address = findBearerChallenge(header)?.get('resource_metadata')
  if (address === undefined)
    return checks.skip('RFC 9728 section 5.1', 'the challenge names the metadata', 'no resource_metadata in the challenge')

  const same = URL.parse(address)?.origin === new URL(resource.url).origin
  checks.must('RFC 9728 section 3.1', "the metadata lies on the resource's own origin", same, address)
  if (!same) return // a foreign address is not fetched
  const answer = await target.get(address)
  checks.must(
    'RFC 9728 section 3.2',
    'the metadata is a JSON object with status 200',
    answer.status === 200 && answer.json !== undefined,
    describeDocument(answer),
  )
  const named = answer.json?.resource
  const about = typeof named === 'string' && URL.parse(named)?.origin === new URL(resource.url).origin
  const covers = about && new URL(resource.url).pathname.startsWith(new URL(named).pathname.replace(/\/$/, ''))
  checks.must(clause, 'resource is the address that was asked, or one above it', covers, named)
  const { issuer } = resource
  if (issuer === '') return checks.skip('RFC 9728 section 2', 'authorization_servers names the issuer', 'issuer was not given')
  const servers = answer.json?.authorization_servers
  checks.must(
    'RFC 9728 section 2',
    `authorization_servers names ${issuer}`,
    Array.isArray(servers) && servers.includes(issuer),
    servers,
  )
})
