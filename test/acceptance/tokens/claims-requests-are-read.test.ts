/** A claims parameter that cannot be meant is an invalid request, wherever it comes in (OpenID Connect Core 5.5.1). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../support/browser.ts'
import { answerOf, authorization, MAIL_SCOPE, signedIn, startWorld, type World } from '../support/world.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  world = await startWorld()
  browser = await signedIn(world)
})
afterAll(() => world.close())

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const UNREADABLE: readonly (readonly [string, string])[] = [
  ['values that are a number', '{"id_token":{"acr":{"essential":true,"values":5}}}'],
  ['values that are an object', '{"id_token":{"acr":{"essential":true,"values":{}}}}'],
  ['values that are text', '{"userinfo":{"email":{"values":"x"}}}'],
  ['essential that is text', '{"id_token":{"acr":{"essential":"true"}}}'],
  ['a claim that is a list', '{"id_token":{"acr":[]}}'],
  ['a claim that is a number', '{"id_token":{"acr":1}}'],
  ['a place that is null', '{"id_token":null}'],
  ['no object', '[]'],
  ['no JSON', '{'],
  ['objects 500 deep', `{"id_token":{"acr":{"value":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}}}`],
  ['lists 3000 deep', `{"id_token":{"acr":{"value":${lists(3000)}}}}`],
]

// Not escaped more than they must be, or the longest would be refused for their length.
const asking = (claims: string) => `${new URL(authorization(world).url).search.slice(1)}&claims=${claims}`
const post = async (path: string, body: string) => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await fetch(`${world.issuer}${path}`, { method: 'POST', headers, body })
  return [answer.status, ((await answer.json()) as Record<string, unknown>).error]
}

describe.each(UNREADABLE)('%s', (_name, claims) => {
  it('is refused at the authorization endpoint', async () => {
    const answer = await browser.open(`${world.issuer}/oauth2/v2.0/authorize?${asking(claims)}`)
    expect(answer.left?.searchParams.get('error'), String(answer.status)).toBe('invalid_request')
  })

  it('is refused when it is pushed, and from a device', async () => {
    expect(await post('/oauth2/v2.0/par', asking(claims))).toEqual([400, 'invalid_request'])
    const { clientId } = world.sts.clients.mail
    const device = `client_id=${clientId}&scope=${MAIL_SCOPE.replaceAll(' ', '+')}&claims=${claims}`
    expect(await post('/oauth2/v2.0/devicecode', device)).toEqual([400, 'invalid_request'])
  })
})

it.each([
  ['for us', `{"id_token":{"acr":{"value":${lists(9000)}}}}`],
  ['beside claims that we leave out', `{"access_token":{},"id_token":{"acr":{"value":${lists(9000)}}}}`],
])('as deep as a form can be, %s', async (_name, claims) => {
  expect(await post('/oauth2/v2.0/par', asking(claims))).toEqual([400, 'invalid_request'])
})

it.each([
  '{"id_token":{"acr":null,"auth_time":{"essential":true}}}',
  '{"userinfo":{"email":{"essential":false,"value":"x"}},"id_token":{}}',
  '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
  '{"id_token":{"acr":{"values":["urn:postern:acr:aal2"]}}}',
])('what can be read is answered: %s', async (claims) => {
  expect((await answerOf(browser, authorization(world, { change: { claims } }))).get('code')).toEqual(expect.any(String))
})
