import { module } from '../../conformance-module.ts'
import { askAs, inGroups, needClient } from '../../issuer-stage/asking.ts'
import { newCode, newTokens } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 7662 section 2.2'

export default module('issuer', 'says only inactive of dead tokens', async (target, checks) => {
  const client = needClient(target, 'confidential', 'keyed')
  const url = await target.findEndpoint('introspection_endpoint')
  if (url === undefined) return checks.skip(CLAUSE, 'a dead token is inactive', 'the metadata names no introspection_endpoint')
  const ask = (token: string) => askAs(target, client, { url, fields: { token } })
  const { access, idToken } = await newTokens(target, client)
  const living = await ask(access)
  checks.must(CLAUSE, "the client's own token is active", living.json?.active === true, living)
  const told = living.json ?? {}
  checks.should(
    CLAUSE,
    'and it is told whose and until when',
    told.client_id === client.clientId && Number(told.exp) > target.now(),
    Object.keys(told),
  )

  const revocation = await target.findEndpoint('revocation_endpoint')
  const revoked = revocation === undefined ? undefined : (await newTokens(target, client)).access
  if (revocation !== undefined && revoked !== undefined)
    await askAs(target, client, { url: revocation, fields: { token: revoked } })
  const middle = Math.floor(access.length / 2)
  const changed = access.charAt(middle) === 'A' ? 'B' : 'A'
  const dead: readonly (readonly [string, string | undefined])[] = [
    ['a letter', 'x'],
    ['what looks like a JWT', 'a.b.c'],
    ['dots alone', '...'],
    ['a very long one', 'x'.repeat(6000)],
    ['one that is no ASCII', '\u{1F600}'],
    ['a zero byte', '\0'],
    ['JSON', '{"active":true}'],
    ['one with a letter changed', `${access.slice(0, middle)}${changed}${access.slice(middle + 1)}`],
    ['one with a letter less', access.slice(0, -1)],
    ['one with a blank behind it', `${access} `],
    ['one that was revoked', revoked],
    ['an ID token', idToken],
    ['a code', (await newCode(target, client)).code],
  ]
  const asked = await inGroups(
    dead.flatMap(([what, token]) => (token === undefined ? [] : [[what, token] as const])),
    ([, token]) => ask(token),
  )
  for (const [[what], answer] of asked) {
    const only = answer.status === 200 && JSON.stringify(answer.json) === '{"active":false}'
    checks.must(
      CLAUSE,
      `of ${what} it says {"active":false} and no more`,
      only,
      `${answer.status} ${Object.keys(answer.json ?? {})}`,
    )
  }
})
