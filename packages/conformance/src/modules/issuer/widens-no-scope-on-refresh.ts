import { module } from '../../conformance-module.ts'
import { isGranted, needClient, textOf, verdictOf } from '../../issuer-stage/asking.ts'
import { newFamily, refreshWith } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 6749 section 6; RFC 9700 section 2.3'
const words = (text: string | undefined): readonly string[] => (text ?? '').split(' ').filter((one) => one !== '')

export default module('issuer', 'widens no scope on refresh', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const all = words(client.scope)
  const narrow = all.filter((one) => one === 'openid' || one === 'offline_access').join(' ') || all[0] || 'openid'
  const family = (change: Readonly<Record<string, string | undefined>>) => newFamily(target, client, change)
  if ((await family({})) === undefined)
    return checks.skip(CLAUSE, 'a refresh never gets more', 'the client gets no refresh token')

  const tries: readonly (readonly [string, Readonly<Record<string, string | undefined>>, Readonly<Record<string, string>>])[] = [
    ['scopes that the client may have but did not ask for', { scope: narrow, resource: undefined }, { scope: all.join(' ') }],
    ['a scope that nobody knows', {}, { scope: `${narrow} kit.unknown` }],
  ]
  for (const [what, first, further] of tries) {
    const begun = await family(first)
    if (begun === undefined || further.scope === first.scope) {
      checks.skip(CLAUSE, `a refresh gets no ${what}`, 'the client has one scope only, or gets no refresh token for it')
      continue
    }
    const given = words(textOf(begun.answer, 'scope') ?? first.scope ?? client.scope)
    const answer = await refreshWith(target, client, begun.refresh, { change: further })
    // Without scope in the answer everything that was asked for is given (RFC 6749 section 5.1).
    const got = words(textOf(answer, 'scope') ?? further.scope)
    const more = isGranted(answer) ? got.filter((one) => !given.includes(one)) : []
    checks.must(
      CLAUSE,
      `a refresh gets no ${what}`,
      more.length === 0 && answer.status < 500,
      more.join(' ') || verdictOf(answer),
    )
  }

  const elsewhere = await family({})
  const resources = [
    'https://stranger.example/',
    ...(target.resource?.otherAudience === undefined ? [] : [target.resource.otherAudience]),
  ]
  for (const [at, resource] of resources.entries()) {
    const begun = at === 0 ? elsewhere : await family({})
    if (begun === undefined) continue
    const answer = await refreshWith(target, client, begun.refresh, { change: { resource } })
    const expected = at === 0 ? 'a refresh gets no token for a resource that nobody knows' : 'nor for one that was not granted'
    checks.must('RFC 8707 section 2.2', expected, !isGranted(answer) && answer.status < 500, verdictOf(answer))
  }

  const narrowed = await family({})
  if (narrowed === undefined || all.length < 2)
    return checks.skip(CLAUSE, 'a refresh may ask for less', 'the client has one scope only')
  const less = await refreshWith(target, client, narrowed.refresh, { change: { scope: narrow } })
  const got = words(textOf(less, 'scope') ?? narrow)
  const fits = isGranted(less) && got.every((one) => narrow.split(' ').includes(one))
  checks.must(
    'RFC 6749 section 6',
    'a refresh may ask for less, and gets no more than that',
    fits,
    got.join(' ') || verdictOf(less),
  )
})
