import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { securityTokenServiceId } from '../server-to-server/principal.ts'
import { caller, callerId, mailId, realm, unsigned } from '../testing/loopback-issuer.ts'
import { createServerClient, type ServerClientOptions, type ServerExchange } from './client.ts'

const issuer = `https://sts.example/${realm}`
const client = (more: Partial<ServerClientOptions> = {}) =>
  createServerClient({
    clientId: callerId,
    certificate: caller.certificate,
    privateKey: caller.privateKey,
    realm,
    issuers: [{ realm, issuer }],
    ...more,
  })

const mail = 'https://mail.example/ews'
const challenge = { 'www-authenticate': `Bearer client_id="${mailId}", trusted_issuers="${securityTokenServiceId}@*"` }
const resource = `${mailId}/mail.example@${realm}`
type Mail = (authorization: string, count: number) => Response

/** A network of one token service with a configured endpoint, and one mail server that answers as `answer` says. */
function network(answer: Mail, issued: () => Response | undefined = () => undefined) {
  const calls: string[] = []
  let tokens = 0
  const network: typeof fetch = async (input, init) => {
    const url = String(input)
    if (url.startsWith('https://sts.example')) {
      tokens += 1
      const asked = new URLSearchParams(String(init?.body)).get('resource') ?? ''
      const claims = { aud: asked, nameid: `${callerId}@${realm}`, exp: 1_900_000_000, jti: String(tokens) }
      const access_token = `${unsigned({ alg: 'RS256' }, claims)}c2ln`
      return issued() ?? Response.json({ token_type: 'Bearer', access_token, expires_in: 3600 })
    }
    const authorization = new Headers(init?.headers).get('authorization') ?? ''
    const [, payload] = authorization.split('.')
    calls.push(payload === undefined ? authorization : String(JSON.parse(Buffer.from(payload, 'base64url').toString()).jti))
    return answer(authorization, calls.length)
  }
  const exchanges: ServerExchange[] = []
  const made = client({
    issuers: [{ realm, issuer, tokenEndpoint: `${issuer}/token` }],
    fetch: network,
    onExchange: (exchange) => exchanges.push(exchange),
    rememberResources: 1,
  })
  return { calls, exchanges, client: made, tokens: () => tokens }
}
const refused = (more: Record<string, string> = challenge) => new Response('', { status: 401, headers: more })
const isQuestion = (authorization: string): boolean => authorization === 'Bearer'

test('a stream is told to be misuse where nothing is known of the server yet', async () => {
  const { client, calls } = network(() => refused())
  const body = new Blob(['x']).stream()
  await expect(client.fetch(mail, { method: 'POST', body })).rejects.toThrow(
    new TypeError('The first request to a server is sent twice: its body must not be a stream'),
  )
  expect(calls).toEqual([])
})

test('a refusal about the person is final, one that only mentions the number is not', async () => {
  for (const [said, sent] of [
    ['2000005;reason="x"', ['Bearer', '1', '1']],
    [' 2000005;reason="x"', ['Bearer', '1', '1']],
    ['2000001;reason="2000005"', ['Bearer', '1', '1', '2']],
    ['12000005', ['Bearer', '1', '1', '2']],
    ['20000051', ['Bearer', '1', '1', '2']],
    [undefined, ['Bearer', '1', '1', '2']],
  ] as const) {
    let isRevoked = false
    const { client, calls } = network((authorization) => {
      if (isQuestion(authorization)) return refused()
      return isRevoked
        ? refused({ ...challenge, ...(said === undefined ? {} : { 'x-ms-diagnostics': said }) })
        : new Response('ok')
    })
    await client.fetch(mail)
    isRevoked = true
    await expect(client.fetch(mail)).rejects.toMatchObject({ code: 'token_refused', status: 401, detail: 'https://mail.example' })
    expect(calls, said).toEqual(sent)
  }
})

test('each exchange says what it was for, the last try too', async () => {
  const { client, exchanges } = network((authorization, count) =>
    isQuestion(authorization) || count === 3 ? refused() : new Response('ok'),
  )
  await client.fetch(mail)
  await client.fetch(mail)
  expect(exchanges.map(({ purpose }) => purpose)).toEqual(['challenge', 'token', 'request', 'request', 'token', 'request'])
})

test('a server that comes to name nobody of ours is forgotten', async () => {
  let trusted = true
  const { client, calls } = network((authorization) => {
    if (!trusted) return refused({ 'www-authenticate': 'Bearer client_id="x", trusted_issuers="y@z"' })
    return isQuestion(authorization) ? refused() : new Response('ok')
  })
  await client.fetch(mail)
  trusted = false
  await expect(client.fetch(mail)).rejects.toMatchObject({ code: 'issuer_not_trusted' })
  await expect(client.fetch(mail)).rejects.toMatchObject({ code: 'issuer_not_trusted' })
  // Asked without a token again.
  expect(calls).toEqual(['Bearer', '1', '1', 'Bearer'])
})

test('a server that moved is asked with a token for what it is now', async () => {
  let id = mailId
  const { client, calls } = network((authorization, count) =>
    isQuestion(authorization) || count === 3
      ? refused({ 'www-authenticate': challenge['www-authenticate'].replace(mailId, id) })
      : new Response('ok'),
  )
  await client.fetch(mail)
  id = 'moved'
  expect((await client.fetch(mail)).status).toBe(200)
  expect(calls).toEqual(['Bearer', '1', '1', '2'])
})

test('a token by itself comes from the issuer of its realm, or from the first', async () => {
  const { client, tokens } = network(() => refused())
  expect(Object.keys(await client.actorToken(resource))).toEqual(['token', 'expiresAt'])
  await client.actorToken(`${mailId}/mail.example@${realm}`)
  expect(tokens()).toBe(1)
  await client.actorToken('https://mail.example/ews')
  await client.actorToken('no principal').catch(() => undefined)
  expect(tokens()).toBe(3)
  await expect(client.actorToken('mail/host@elsewhere')).rejects.toMatchObject({
    code: 'issuer_not_trusted',
    detail: 'realm elsewhere',
  })
})

test('whoever has no patience left is let go, and the token comes for the others all the same', async () => {
  const held = Promise.withResolvers<void>()
  const slow = client({
    issuers: [{ realm, issuer, tokenEndpoint: `${issuer}/token` }],
    fetch: async (input, init) => {
      if (String(input).startsWith('https://sts.example')) {
        await held.promise
        return Response.json({}, { status: 503 })
      }
      init?.signal?.throwIfAborted()
      return refused()
    },
  })
  const patience = new AbortController()
  const waiting = slow.fetch(mail, { signal: patience.signal })
  const other = slow.fetch(mail)
  await new Promise((resolve) => setImmediate(resolve))
  patience.abort(new RangeError('no patience'))
  await expect(waiting).rejects.toThrow(new RangeError('no patience'))
  await expect(slow.fetch(mail, { signal: AbortSignal.abort(new RangeError('none at all')) })).rejects.toThrow('none at all')
  held.resolve()
  await expect(other).rejects.toMatchObject({ code: 'issuer_unavailable' })
})

test('patience that ends before the token is asked for ends the call, and nothing of a call is left at its signal', async () => {
  const patience = new AbortController()
  const { client, tokens } = network(
    (authorization) => {
      if (isQuestion(authorization)) patience.abort(new RangeError('no patience'))
      return refused()
    },
    () => new Response('', { status: 503 }),
  )
  await expect(client.fetch(mail, { signal: patience.signal })).rejects.toThrow(new RangeError('no patience'))
  expect(tokens()).toBe(1)
  const calm = network((authorization) => (isQuestion(authorization) ? refused() : new Response('ok')))
  const { signal } = new AbortController()
  await calm.client.fetch(mail, { signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
