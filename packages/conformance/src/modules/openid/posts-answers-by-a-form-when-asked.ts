import { module } from '../../conformance-module.ts'
import { openIdClient, requestCode } from '../../person/code-flow.ts'
import { describeAnswer } from '../../person/person-browser.ts'
import { signedIn } from '../../person/signed-in.ts'

const CLAUSE = 'OAuth 2.0 Form Post Response Mode section 2'

/** What is particular about the page; the whole list runs by form_post too. */
export default module('issuer', 'posts answers by a form when asked', async (target, checks) => {
  const { response_modes_supported: modes } = await target.metadata()
  if (!Array.isArray(modes) || !modes.includes('form_post'))
    return checks.skip(CLAUSE, 'the answer is posted', 'response_modes_supported does not list form_post')
  const browser = await signedIn(target)
  const request = await requestCode(target, openIdClient(target), { response_mode: 'form_post' })
  const answer = await browser.authorize(request.url)
  const isPosted = answer.kind === 'answered' && answer.mode === 'form_post'
  checks.must(CLAUSE, 'response_mode=form_post is answered by a form that goes to the client', isPosted, describeAnswer(answer))
  if (!isPosted) return
  const { page, parameters } = answer
  const isWhole = parameters.has('code') && parameters.get('state') === request.parameters.get('state')
  checks.must(CLAUSE, 'the form holds code and state in hidden fields', isWhole, describeAnswer(answer))
  checks.must(CLAUSE, 'the form is sent by POST', page?.form?.method === 'post', page?.form?.method)
  checks.must(CLAUSE, 'the page sends itself', /<script\b|\bonload\s*=/i.test(page?.html ?? ''), 'a script, or none')
  const cache = page?.headers.get('cache-control') ?? ''
  checks.must(CLAUSE, 'nothing keeps the page', /\bno-store\b/i.test(cache), cache)
})
