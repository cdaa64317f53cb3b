import { findBearerChallenge } from '../../bearer-challenge.ts'
import { module } from '../../conformance-module.ts'
import { findStage } from '../../local-issuer/mail-stage.ts'

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** RFC 9728 section 3.1: the well-known part stands between host and path. */
function metadataAddress(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}

export default module('resource-server', 'names its issuer in its resource metadata', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 9728 section 5.1')
  if (stage === undefined) return
  const { mailServer, issuer } = stage
  const asked = await target.get(mailServer.url, { authorization: 'Bearer' })
  const address = findBearerChallenge(asked.headers.get('www-authenticate'))?.get('resource_metadata')
  checks.should('RFC 9728 section 5.1', 'the challenge names the metadata', address !== undefined, address ?? 'nothing')
  if (address === undefined) return
  const isOwn = URL.parse(address)?.origin === new URL(mailServer.url).origin
  checks.must('RFC 9728 section 3.1', 'the metadata lies at the server itself', isOwn, address)
  if (!isOwn) return // a foreign address is not fetched
  const answer = await target.get(address)
  const { json = {} } = answer
  const type = answer.headers.get('content-type') ?? ''
  const isJson = answer.status === 200 && answer.json !== undefined && type.startsWith('application/json')
  checks.must('RFC 9728 section 3.2', 'it is a JSON document', isJson, `${answer.status} ${type}`)
  const { resource } = json
  const isAddress = typeof resource === 'string' && URL.canParse(resource)
  checks.must('RFC 9728 section 2', 'resource is an address', isAddress, resource)
  if (!isAddress) return
  const expected = metadataAddress(resource)
  checks.should(
    'RFC 9728 section 3.1',
    'the document stands where its resource says',
    expected === address,
    `${address} for ${resource}`,
  )
  checks.should('RFC 9728 section 2', 'resource is a name that it takes in aud', resource === mailServer.audience, resource)
  const servers = strings(json.authorization_servers)
  checks.must(
    'RFC 9728 section 2',
    'authorization_servers names the issuer to the letter',
    servers.includes(issuer.issuer),
    servers,
  )
  const methods = strings(json.bearer_methods_supported)
  checks.must('RFC 9700 section 4.3.2', 'it offers no token in the address', !methods.includes('query'), methods)
  checks.must('RFC 9728 section 2', 'no key set of the issuer is repeated in it', json.jwks === undefined, Object.keys(json))
})
