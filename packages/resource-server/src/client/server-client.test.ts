import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { makeCallingScene } from '../testing/calling-scene.ts'
import { caller, callerId, isSignedByCaller, mailId, readPart, realm, startRecorder } from '../testing/loopback-issuer.ts'
import type { ServerExchange } from './client.ts'

const claimsOf = (token: string): Record<string, unknown> => readPart(token, 1)

test('a call goes from the empty Bearer to the challenge, the assertion, the actor token and the answer', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  const answer = await client.fetch(`${mail.url}?x=1`, {
    method: 'POST',
    body: '<soap/>',
    headers: { 'content-type': 'text/xml' },
  })
  expect(await answer.text()).toBe('hello <soap/>')
  expect(mail.asked.map(({ headers }) => headers.authorization?.slice(0, 10))).toEqual(['Bearer', 'Bearer eyJ'])
  expect(mail.asked.map(({ method, path, body, headers }) => [method, path, body, headers['content-type']])).toEqual([
    ['POST', '/ews?x=1', '<soap/>', 'text/xml'],
    ['POST', '/ews?x=1', '<soap/>', 'text/xml'],
  ])
  const [request] = sts.asked('tokens/OAuth/2')
  const form = new URLSearchParams(request?.body)
  expect(form.get('grant_type')).toBe('http://oauth.net/grant_type/jwt/1.0/bearer')
  expect(form.get('resource')).toBe(`${mailId}/localhost@${realm}`)
  const assertion = form.get('assertion') ?? ''
  expect(readPart(assertion, 0)).toEqual({ typ: 'JWT', alg: 'RS256', x5t: caller.x5t })
  expect(readPart(assertion, 1)).toEqual({
    aud: `${securityTokenServiceId}/${sts.host}@${realm}`,
    iss: `${callerId}@${realm}`,
    nameid: `${callerId}@${realm}`,
    nbf: clock.seconds - 60,
    iat: clock.seconds - 60,
    exp: clock.seconds + 240,
    jti: expect.stringMatching(/^[\w-]{22}$/),
  })
  expect(isSignedByCaller(assertion)).toBe(true)
})

test('a server that asks for nothing is not told anything', async () => {
  await using scene = await makeCallingScene()
  await using open = await startRecorder(() => ({ body: 'public' }))
  expect(await (await scene.client.fetch(open.origin)).text()).toBe('public')
  expect(scene.sts.all).toEqual([])
})

test('the next call brings the token at once, and metadata are read once', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  await client.fetch(mail.url)
  await client.fetch(mail.url)
  expect(mail.asked.length).toBe(3)
  expect(new Set(mail.tokens()).size).toBe(1)
  expect(sts.all.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET /${realm}/metadata/json/1`,
    `POST /${realm}/tokens/OAuth/2`,
  ])
})

test('twenty calls at once make one token request', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(mail.url)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
  expect(sts.asked('metadata/json/1').length).toBe(1)
  expect(new Set(mail.tokens()).size).toBe(1)
})

test('a token of which four fifths are over is replaced in the background, and its calls do not wait', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  await client.fetch(mail.url)
  clock.move(0.8 * 3600 - 1)
  await client.fetch(mail.url)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
  clock.move(1)
  const plain = sts.tokens
  const asked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  sts.tokens = async (request) => {
    asked.resolve()
    await go.promise
    return plain(request)
  }
  await client.fetch(mail.url) // does not wait for the token service, which has not answered yet
  await asked.promise
  expect(new Set(mail.tokens()).size).toBe(1)
  go.resolve()
  await expect
    .poll(async () => {
      await client.fetch(mail.url)
      return new Set(mail.tokens()).size
    })
    .toBe(2)
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})

test('a token service that is away is not asked again for half a minute while the token works, and says so when it does not', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  await client.fetch(mail.url)
  sts.tokens = () => ({ status: 503, body: { error: 'temporarily_unavailable' } })
  clock.move(3000)
  for (let calls = 0; calls < 5; calls += 1) expect((await client.fetch(mail.url)).status).toBe(200)
  await expect.poll(() => sts.asked('tokens/OAuth/2').length).toBe(2)
  clock.move(541) // 3541 s: within the last minute of its life
  await expect(client.fetch(mail.url)).rejects.toMatchObject({
    code: 'issuer_unavailable',
    status: 503,
    oauthError: 'temporarily_unavailable',
  })
})

test('a life is counted from expires_in on our own clock, whatever the clock of the token service says', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  sts.ahead = -7200 // its tokens look expired to us
  await client.fetch(mail.url)
  clock.move(2000)
  await client.fetch(mail.url)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('a clock that was set back does not keep a token alive', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  await client.fetch(mail.url)
  clock.move(-7200)
  await client.fetch(mail.url)
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})

test('a remembered token that is refused is replaced once and the call made again, body and all', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  await client.fetch(mail.url)
  const [revoked] = mail.tokens()
  mail.accept = (token, { body }) => (token === revoked ? mail.refuse() : { body: `hello ${body}` })
  expect(await (await client.fetch(mail.url, { method: 'POST', body: 'again' })).text()).toBe('hello again')
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})

test('twenty calls whose token was revoked share one new token', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  await client.fetch(mail.url)
  const [revoked] = mail.tokens()
  mail.accept = (token) => (token === revoked ? mail.refuse() : {})
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(mail.url)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})

test('a fresh token that is refused is an error with status and diagnostics, at once', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  mail.accept = () =>
    mail.refuse('2000003;reason="The audience claim value is invalid \'aud\'.";error_category="invalid_resource"')
  await expect(client.fetch(mail.url)).rejects.toMatchObject({
    name: 'ServerClientError',
    code: 'token_refused',
    status: 401,
    diagnostics: expect.stringContaining('2000003;reason='),
  })
  expect(mail.tokens().length).toBe(1)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('a server that refuses everything gets one new token out of us in ten seconds, not one for each call', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  await client.fetch(mail.url)
  mail.accept = () => mail.refuse()
  for (let calls = 0; calls < 5; calls += 1) await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_refused' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
  clock.move(10)
  await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_refused' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(3)
})

test('a refusal about the person asks for no new token', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  await client.fetch(mail.url)
  mail.accept = () =>
    mail.refuse(
      '2000005;reason="The user specified by the user-context in the token does not exist.";error_category="invalid_user"',
    )
  await expect(client.actAs({ upn: 'nobody@contoso.com' }).fetch(mail.url)).rejects.toMatchObject({ code: 'token_refused' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('a 401 without any challenge still gets the one fresh token', async () => {
  await using scene = await makeCallingScene()
  const { mail, client } = scene
  await client.fetch(mail.url)
  const [revoked] = mail.tokens()
  mail.accept = (token) => (token === revoked ? { status: 401 } : {})
  expect((await client.fetch(mail.url)).status).toBe(200)
})

test('a server that moved to another principal is asked with a token for that one', async () => {
  await using scene = await makeCallingScene()
  const { mail, client } = scene
  await client.fetch(mail.url)
  const moved = mail.refuse().headers?.['www-authenticate'] as string // refuse() sets one text
  const other = '00000003-0000-0ff1-ce00-000000000000'
  mail.accept = (token) =>
    String(claimsOf(token).aud).startsWith(other)
      ? {}
      : { status: 401, headers: { 'www-authenticate': moved.replace(mailId, other) } }
  expect((await client.fetch(mail.url)).status).toBe(200)
  expect(claimsOf(mail.tokens().at(-1) ?? '').aud).toBe(`${other}/localhost@${realm}`)
})

test('one caller may give up while the token is fetched, and the others get it', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  const plain = sts.tokens
  const asked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  sts.tokens = async (request) => {
    asked.resolve()
    await go.promise
    return plain(request)
  }
  const giveUp = new AbortController()
  const impatient = client.fetch(mail.url, { signal: giveUp.signal })
  const patient = client.fetch(mail.url)
  await asked.promise
  giveUp.abort()
  await expect(impatient).rejects.toMatchObject({ name: 'AbortError' })
  go.resolve()
  expect((await patient).status).toBe(200)
  await expect(client.fetch(mail.url, { signal: giveUp.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

test('a caller that gave up just before the token is asked for does not wait for it', async () => {
  const giveUp = new AbortController()
  const ask: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (answer.status === 401) giveUp.abort()
    return answer
  }
  await using scene = await makeCallingScene({ fetch: ask })
  const { sts, mail, client } = scene
  sts.tokens = () => new Promise<never>(() => undefined)
  await expect(client.fetch(mail.url, { signal: giveUp.signal })).rejects.toMatchObject({ name: 'AbortError' })
})

test('of many resources the one that was used least recently is forgotten', async () => {
  await using scene = await makeCallingScene({ rememberResources: 2 })
  const { sts, client } = scene
  const resource = (name: string) => `${name}/localhost@${realm}`
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await client.actorToken(resource(name))
  const asked = sts.asked('tokens/OAuth/2').map(({ body }) => new URLSearchParams(body).get('resource')?.charAt(0))
  expect(asked).toEqual(['a', 'b', 'c', 'b'])
})

test('actorToken gives the token and when it ends on our clock, and knows which issuer a resource belongs to', async () => {
  await using scene = await makeCallingScene()
  const { sts, client, clock } = scene
  const { token, expiresAt } = await client.actorToken(`${mailId}/mail.contoso.com@${realm}`)
  expect(claimsOf(token).aud).toBe(`${mailId}/mail.contoso.com@${realm}`)
  expect(expiresAt).toEqual(new Date((clock.seconds + 3540) * 1000))
  await client.actorToken('https://mail.contoso.com/')
  await expect(client.actorToken(`${mailId}/mail@another-realm`)).rejects.toMatchObject({ code: 'issuer_not_trusted' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})

test('whoever watches sees every exchange in order, bodies included, and the caller still reads the answer', async () => {
  const seen: ServerExchange[] = []
  await using scene = await makeCallingScene({ onExchange: (exchange) => seen.push(exchange) })
  const { mail, client } = scene
  const answer = await client.fetch(mail.url, { method: 'POST', body: '<soap/>' })
  expect(await answer.text()).toBe('hello <soap/>')
  expect(seen.map(({ purpose, status }) => [purpose, status])).toEqual([
    ['challenge', 401],
    ['metadata', 200],
    ['token', 200],
    ['request', 200],
  ])
  expect(seen[0]?.requestHeaders.authorization).toBe('Bearer')
  expect(seen[0]?.responseHeaders['www-authenticate']).toContain(mailId)
  expect(seen[2]?.requestBody).toContain('assertion=eyJ')
  expect(seen[2]?.responseBody).toContain('access_token')
  expect(seen[3]).toMatchObject({ method: 'POST', url: mail.url, requestBody: '<soap/>', responseBody: 'hello <soap/>' })
})
