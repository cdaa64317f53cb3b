import { module } from '../../conformance-module.ts'
import { describeAnswer, findStage } from '../../local-issuer/mail-stage.ts'

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** 456 is what Exchange Online says to a password where a second factor is due. */
const REFUSALS = [400, 401, 403, 429, 456]

/** Whatever a server still takes of older ways: a password that nobody has opens nothing, and breaks nothing. */
export default module('resource-server', 'opens nothing for a foreign password', async (target, checks) => {
  const stage = await findStage(target, checks, 'RFC 7617 section 2')
  if (stage === undefined) return
  const { url, person = 'nobody@example.com', legacy } = stage.mailServer
  const good = stage.bench.good
  const lines: readonly (readonly [what: string, authorization: string])[] = [
    ['a foreign password', basic(person, 'a password that nobody has')],
    ['an empty password', basic(person, '')],
    ['an empty name', basic('', '')],
    ['Basic without credentials', 'Basic'],
    ['Basic that is no base64', 'Basic %%%'],
    ['Basic without a colon', `Basic ${Buffer.from(person).toString('base64')}`],
    ['a good token as password', basic(person, good)],
    ['a good token in the scheme Basic', `Basic ${good}`],
    ['a good token in an unknown scheme', `Token ${good}`],
    ['a name with a NUL', basic(`${person}\u0000admin`, 'x')],
    ['NTLM', 'NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw=='],
    ['Negotiate', 'Negotiate YIIB'],
    ['Digest', `Digest username="${person}", realm="", nonce="", uri="/", response=""`],
  ]
  for (const [what, authorization] of lines) {
    const answer = await target.get(url, { authorization })
    checks.must('RFC 7617 section 2', `${what}: opens nothing`, REFUSALS.includes(answer.status), describeAnswer(answer))
    const header = answer.headers.get('www-authenticate') ?? ''
    if (answer.status === 401)
      checks.must('RFC 9110 section 15.5.2', `${what}: 401 carries a challenge`, header !== '', 'no WWW-Authenticate')
    if (answer.status === 401 && legacy === false)
      checks.must('RFC 7617 section 2', `${what}: Basic is not offered`, !/\bbasic\b/i.test(header), header)
  }
})
