import { expect, test } from 'vitest'
import { makeCallingScene } from '../testing/calling-scene.ts'
import { caller, callerId, realm, startRecorder } from '../testing/loopback-issuer.ts'
import { createServerClient } from './client.ts'

test('a redirect is an answer: neither the anonymous question nor a token goes where it points', async () => {
  await using scene = await makeCallingScene()
  await using elsewhere = await startRecorder(() => ({ body: 'thank you' }))
  const { mail, client } = scene
  mail.accept = () => ({ status: 307, headers: { location: elsewhere.origin } })
  const answer = await client.fetch(mail.url)
  expect([answer.status, answer.headers.get('location')]).toEqual([307, elsewhere.origin])
  await using moved = await startRecorder(() => ({ status: 302, headers: { location: elsewhere.origin } }))
  expect((await client.fetch(moved.origin)).status).toBe(302)
  expect(elsewhere.asked).toEqual([])
  await expect(client.fetch(mail.url, { redirect: 'follow' })).rejects.toThrow(TypeError)
})

test('a token service that redirects gets no second assertion sent anywhere', async () => {
  await using scene = await makeCallingScene()
  await using elsewhere = await startRecorder(() => ({}))
  const { sts, mail, client } = scene
  sts.tokens = () => ({ status: 307, headers: { location: elsewhere.origin } })
  await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_request_refused', status: 307 })
  expect(elsewhere.asked).toEqual([])
})

test('a stream is refused while nothing is known of the server, goes out once a token is, and is never half sent twice', async () => {
  await using scene = await makeCallingScene()
  const { mail, client } = scene
  const stream = () => new Blob(['streamed']).stream()
  await expect(client.fetch(mail.url, { method: 'POST', body: stream() })).rejects.toThrow(TypeError)
  expect(mail.asked).toEqual([])
  await client.fetch(mail.url)
  expect(await (await client.fetch(mail.url, { method: 'POST', body: stream() })).text()).toBe('hello streamed')
  mail.accept = () => mail.refuse()
  await expect(client.fetch(mail.url, { method: 'POST', body: stream() })).rejects.toMatchObject({ code: 'token_refused' })
})

test('every body that can be read is sent with the content type that fetch would say', async () => {
  await using scene = await makeCallingScene()
  const { mail, client } = scene
  const form = new FormData()
  form.set('name', 'joe')
  const bodies = [
    'text',
    new TextEncoder().encode('bytes'),
    new URLSearchParams({ a: 'b' }),
    new Blob(['blob'], { type: 'x/y' }),
    form,
  ]
  for (const body of bodies) {
    await client.fetch(`${mail.url}/${mail.asked.length}`, { method: 'PUT', body })
    const type = mail.asked.at(-1)?.headers['content-type']
    expect(type ?? 'none').toMatch(
      /^(none|text\/plain;charset=UTF-8|application\/x-www-form-urlencoded;charset=UTF-8|x\/y|multipart\/form-data; boundary=.+)$/i,
    )
    if (body === form) expect(mail.asked.at(-1)?.body).toContain(type?.split('boundary=')[1])
  }
  await client.fetch(new Request(mail.url, { method: 'POST', body: 'in a request', headers: { 'x-own': '1' } }))
  expect(mail.asked.at(-1)).toMatchObject({ method: 'POST', body: 'in a request', headers: { 'x-own': '1' } })
})

test('addresses that may not be asked are refused before anything is sent, and passwords in them are not repeated', async () => {
  await using scene = await makeCallingScene()
  const secret = 'hunter2'
  for (const url of ['http://mail.contoso.com/', 'ftp://localhost/', `https://joe:${secret}@mail.contoso.com/`, 'nonsense']) {
    const error = await scene.client.fetch(url).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'url_not_allowed' })
    expect(JSON.stringify(error)).not.toContain(secret)
  }
  const strict = createServerClient({
    clientId: callerId,
    realm,
    certificate: caller.certificate,
    privateKey: caller.key,
    issuers: [{ realm, issuer: 'https://sts.contoso.com/x' }],
  })
  await expect(strict.fetch(scene.mail.url)).rejects.toMatchObject({ code: 'url_not_allowed' })
  expect(scene.mail.asked).toEqual([])
  await expect(scene.client.fetch(scene.mail.url, { headers: { authorization: 'Basic eA==' } })).rejects.toThrow(TypeError)
})
