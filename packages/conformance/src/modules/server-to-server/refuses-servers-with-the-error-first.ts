import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'
import { describeAnswer, findServerStage, mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 10'

/** Whoever asks by an unknown grant proves nothing that the service knows how to read, so it may stop at any of these. */
const UNKNOWN_GRANT = ['unsupported_grant_type', 'unauthorized_client', 'invalid_request', 'invalid_client']

/** Libraries of the original tell a refusal by how it begins. */
export default module('server-to-server', 'refuses servers with the error first', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const refusals = [
    { what: 'no assertion', answer: await stage.ask({ assertion: undefined }), errors: ['invalid_request'] },
    { what: 'an empty assertion', answer: await stage.ask({ assertion: '' }), errors: ['invalid_request'] },
    { what: 'rubbish', answer: await stage.ask({ assertion: randomUUID() }), errors: ['invalid_client', 'invalid_grant'] },
    { what: 'no resource', answer: await stage.ask({ resource: undefined }), errors: ['invalid_request'] },
    { what: 'another grant', answer: await stage.ask({ grant_type: 'urn:of:nobody' }), errors: UNKNOWN_GRANT },
  ]
  for (const refusal of refusals) {
    const { what, answer } = refusal
    mustBeRefused(checks, 'RFC 6749 section 5.2', refusal)
    const first = answer.body.startsWith('{"error"')
    checks.must(CLAUSE, `the answer to ${what} begins with its error`, first, answer.body.slice(0, 8))
    const type = answer.headers.get('content-type') ?? 'none'
    checks.must(CLAUSE, `the answer to ${what} is JSON`, /^application\/json\b/i.test(type), type)
    checks.must(CLAUSE, `the answer to ${what} is no fault of the service`, answer.status < 500, describeAnswer(answer))
  }
})
