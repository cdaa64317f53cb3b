import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'RFC 9700 section 4.16'

const directive = (headers: Headers): string | undefined =>
  headers
    .get('content-security-policy')
    ?.split(';')
    .map((one) => one.trim().toLowerCase())
    .find((one) => one.startsWith('frame-ancestors'))

export default module('issuer', 'lets nobody frame its pages', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const pages = [
    ['the page that asks people to sign in', {}],
    ['a page that tells of an error', { client_id: randomUUID() }],
  ] as const
  for (const [what, change] of pages) {
    const page = await freshBrowser(target).open((await authorizationRequest(target, client, change)).url)
    const expected = `${what} cannot be framed by others`
    if (page.kind !== 'page') {
      checks.skip(CLAUSE, expected, 'there was no page')
      continue
    }
    const ancestors = directive(page.headers)
    const option = page.headers.get('x-frame-options')?.toLowerCase()
    const closed =
      ancestors !== undefined ? /^frame-ancestors ('none'|'self')$/.test(ancestors) : option === 'deny' || option === 'sameorigin'
    checks.must(CLAUSE, expected, closed, ancestors ?? option ?? 'neither header')
    checks.should(
      CLAUSE,
      `${what} says so by Content-Security-Policy`,
      ancestors !== undefined,
      ancestors ?? 'no frame-ancestors',
    )
  }
})
