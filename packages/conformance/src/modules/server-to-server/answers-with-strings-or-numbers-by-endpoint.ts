import { module } from '../../conformance-module.ts'
import { describeAnswer, findServerStage, JWT_BEARER, LEGACY_GRANT } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 8'

/** Exchange-like servers read times as text, everybody else as RFC 6749 has them. */
export default module('server-to-server', 'answers with strings or numbers by endpoint', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const endpoints = [
    { name: "the servers' endpoint", url: stage.endpoint, kind: 'string' },
    { name: 'the token endpoint', url: await target.endpoint('token_endpoint'), kind: 'number' },
  ] as const
  for (const { name, url, kind } of endpoints) {
    for (const grant of [LEGACY_GRANT, JWT_BEARER]) {
      const answer = await stage.ask({ grant_type: grant }, url)
      const { json, headers } = answer
      const given = answer.status === 200 && typeof json?.access_token === 'string'
      checks.must(CLAUSE, `${name} gives an actor token for ${grant}`, given, describeAnswer(answer))
      if (json === undefined || !given) continue
      for (const time of ['expires_in', 'expires_on', 'not_before']) {
        const right = typeof json[time] === kind && /^[0-9]+$/.test(String(json[time]))
        checks.must(CLAUSE, `${time} of ${name} is a ${kind}`, right, typeof json[time])
      }
      const adds = Number(json.expires_on) - Number(json.not_before) === Number(json.expires_in)
      checks.must(CLAUSE, 'the times agree', adds, [json.not_before, json.expires_in, json.expires_on])
      const bearer = String(json.token_type).toLowerCase() === 'bearer'
      checks.must('RFC 6749 section 5.1', 'token_type is Bearer', bearer, json.token_type)
      checks.must(CLAUSE, 'resource says what it is for', typeof json.resource === 'string', typeof json.resource)
      const cache = headers.get('cache-control') ?? 'none'
      checks.must('RFC 6749 section 5.1', 'nobody may keep the answer', /\bno-store\b/i.test(cache), cache)
    }
  }
})
