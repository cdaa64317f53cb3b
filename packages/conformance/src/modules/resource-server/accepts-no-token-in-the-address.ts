import { module } from '../../conformance-module.ts'
import { describeAnswer } from '../../local-issuer/mail-stage.ts'
import { findOpenedResource } from '../../presented-token.ts'

export default module('resource-server', 'accepts no token in the address', async (target, checks) => {
  const opened = await findOpenedResource(target, checks)
  if (!opened) return
  const url = new URL(opened.url)
  url.searchParams.set('access_token', opened.token)
  const answer = await target.get(url.href)
  const refused = answer.status === 401 || answer.status === 400
  checks.must('RFC 9700 section 4.3.2', 'a token in the address opens nothing', refused, describeAnswer(answer))
  const both = await target.get(url.href, { authorization: 'Bearer' })
  checks.must(
    'RFC 6750 section 2',
    'nor beside an empty Bearer',
    both.status === 401 || both.status === 400,
    describeAnswer(both),
  )
})
