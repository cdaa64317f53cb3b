import { type Checks, module } from '../../conformance-module.ts'
import { readChallenges } from '../../local-issuer/challenge-grammar.ts'
import { findStage, isGuarded } from '../../local-issuer/mail-stage.ts'
import { describeChallenge } from '../../seen.ts'
import type { Answer } from '../../target.ts'

const ERRORS = new Set([
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'insufficient_user_authentication',
  'insufficient_claims',
])
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** `client_id@realm`, several of them between commas; `*` is any realm. */
const ISSUERS = /^[^\s@,]+@([^\s@,]+)(,[^\s@,]+@[^\s@,]+)*$/
const TYPES = /^[a-z0-9_]+( [a-z0-9_]+)*$/
/** RFC 6750 section 3: no quotes, no backslashes, nothing beyond ASCII. */
const PRINTABLE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

const isAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.hostname === '127.0.0.1' || url.hostname === 'localhost')
}

/** What each parameter must look like where it stands. */
const FORMS: readonly (readonly [name: string, clause: string, isRight: (value: string) => boolean])[] = [
  ['error', 'RFC 6750 section 3.1', (value) => ERRORS.has(value)],
  ['error_description', 'RFC 6750 section 3', (value) => PRINTABLE.test(value)],
  ['error_uri', 'RFC 6750 section 3', isAddress],
  ['scope', 'RFC 6750 section 3', (value) => SCOPE.test(value)],
  ['client_id', 'MS-XOAUTH: client_id', (value) => GUID.test(value)],
  ['trusted_issuers', 'MS-XOAUTH: trusted_issuers', (value) => ISSUERS.test(value)],
  ['token_types', 'MS-XOAUTH: token_types', (value) => TYPES.test(value)],
  ['authorization_uri', 'MS-XOAUTH: authorization_uri', isAddress],
  ['resource_metadata', 'RFC 9728 section 5.1', isAddress],
]

function judge(checks: Checks, what: string, answer: Answer, hasError: boolean): void {
  const header = answer.headers.get('www-authenticate') ?? ''
  const seen = describeChallenge(answer)
  const challenges = readChallenges(header)
  const bearer = challenges?.filter(({ scheme }) => scheme === 'bearer') ?? []
  checks.must('RFC 9110 section 11.6.1', `${what}: the challenge follows the grammar`, bearer.length > 0, seen)
  checks.must('RFC 6750 section 3', `${what}: there is one Bearer challenge`, bearer.length === 1, seen)
  const parameters = bearer[0]?.parameters ?? []
  const names = parameters.map(([name]) => name)
  checks.must(
    'RFC 9110 section 11.2',
    `${what}: no parameter comes twice`,
    new Set(names).size === names.length,
    names.join(' ') || seen,
  )
  checks.must('RFC 6750 section 3', `${what}: it has parameters`, names.length > 0, seen)
  checks.must(
    'RFC 6750 section 3.1',
    `${what}: ${hasError ? 'it names the error' : 'it names no error'}`,
    names.includes('error') === hasError,
    names.join(' ') || seen,
  )
  for (const [name, clause, isRight] of FORMS) {
    const value = parameters.find(([one]) => one === name)?.[1]
    // Only a server that names trusted issuers speaks that dialect; elsewhere client_id is anybody's own.
    if (name === 'client_id' && !names.includes('trusted_issuers')) continue
    if (value !== undefined) checks.must(clause, `${what}: ${name} has its form`, isRight(value), value)
  }
  // Clients take the first scheme that they know.
  checks.should('RFC 9110 section 11.6.1', `${what}: Bearer comes first`, challenges?.[0]?.scheme === 'bearer', seen)
}

/** One line or several: both reach the client as one list (RFC 9110 section 5.2), and must be read as such. */
export default module('resource-server', 'writes challenges that clients can read', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 9110 section 11.6.1')
  if (stage === undefined) return
  const { url } = stage.mailServer
  if (!(await isGuarded(target, checks, url))) return
  judge(checks, 'without a token', await target.get(url), false)
  judge(checks, 'an empty Bearer', await target.get(url, { authorization: 'Bearer' }), false)
  judge(checks, 'an empty Bearer with a space', await target.get(url, { authorization: 'Bearer ' }), false)
  judge(checks, 'a bad token', await target.get(url, { authorization: 'Bearer no.good.token' }), true)
  const bearer = await target.get(url, { authorization: `bearer ${stage.bench.good}` })
  checks.must('RFC 9110 section 11.1', 'the scheme is compared without case', bearer.status === 200, bearer)
})
