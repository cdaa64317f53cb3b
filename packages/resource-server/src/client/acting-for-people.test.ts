import { expect, test } from 'vitest'
import { makeCallingScene } from '../testing/calling-scene.ts'
import { caller, callerId, isSignedByCaller, mailId, readPart, realm } from '../testing/loopback-issuer.ts'

test('for a person the actor token goes inside a token that our certificate signs', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  await client.actAs({ upn: 'Mary@Contoso.COM', smtp: 'Mary@contoso.com' }).fetch(mail.url)
  const [token = ''] = mail.tokens()
  expect(readPart(token, 0)).toEqual({ typ: 'JWT', alg: 'RS256', x5t: caller.x5t })
  const { actortoken, ...claims } = readPart(token, 1)
  expect(claims).toEqual({
    aud: `${mailId}/localhost@${realm}`,
    iss: `${callerId}@${realm}`,
    upn: 'mary@contoso.com',
    smtp: 'Mary@contoso.com',
    nbf: clock.seconds - 60,
    iat: clock.seconds - 60,
    exp: clock.seconds + 300,
    jti: expect.stringMatching(/^[\w-]{22}$/),
  })
  expect(readPart(String(actortoken), 1)).toMatchObject({ nameid: claims.iss, aud: claims.aud })
  expect(isSignedByCaller(token)).toBe(true)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('everything that binds is taken from the actor token, letter by letter, and the person is never outlived by the actor', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  sts.claims = { nameid: `${callerId}@Contoso.com`, aud: `${mailId}/LOCALHOST@${realm}`, exp: clock.seconds + 100 }
  await client.actAs({ upn: 'mary@contoso.com' }).fetch(mail.url)
  expect(readPart(mail.tokens()[0] ?? '', 1)).toMatchObject({ iss: sts.claims.nameid, aud: sts.claims.aud, exp: sts.claims.exp })
})

test('each call has a token of its own, around one actor token', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client } = scene
  const mary = client.actAs({ upn: 'mary@contoso.com' })
  await Promise.all([mary.fetch(mail.url), mary.fetch(mail.url), client.actAs({ upn: 'joe@contoso.com' }).fetch(mail.url)])
  const claims = mail.tokens().map((token) => readPart(token, 1))
  expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3)
  expect(new Set(claims.map(({ actortoken }) => actortoken)).size).toBe(1)
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('a person is named by SID or PUID as well, the SID in lower case', async () => {
  await using scene = await makeCallingScene()
  const { mail, client } = scene
  await client.actAs({ nameid: 'S-1-5-21-1-2-3-1104', nii: 'urn:office:idp:activedirectory' }).fetch(mail.url)
  await client.actAs({ nameid: '10032001E2CBE43B', nii: 'urn:federation:MicrosoftOnline', smtp: 'a@b.c' }).fetch(mail.url)
  const [sid, puid] = mail.tokens().map((token) => readPart(token, 1))
  expect(sid).toMatchObject({ nameid: 's-1-5-21-1-2-3-1104', nii: 'urn:office:idp:activedirectory' })
  expect(puid).toMatchObject({ nameid: '10032001E2CBE43B', smtp: 'a@b.c' })
  expect(puid).not.toHaveProperty('upn')
})

test('the original form is made on demand alone: no signature, an empty third part', async () => {
  await using scene = await makeCallingScene({ userTokens: 'unsigned' })
  const { mail, client, clock } = scene
  await client.actAs({ upn: 'mary@contoso.com' }).fetch(mail.url)
  const [token = ''] = mail.tokens()
  expect(token.endsWith('.')).toBe(true)
  expect(token.split('.').length).toBe(3)
  expect(readPart(token, 0)).toEqual({ typ: 'JWT', alg: 'none' })
  const { actortoken, ...claims } = readPart(token, 1)
  expect(claims).toEqual({
    aud: `${mailId}/localhost@${realm}`,
    iss: `${callerId}@${realm}`,
    upn: 'mary@contoso.com',
    nbf: clock.seconds - 60,
    iat: clock.seconds - 60,
    exp: clock.seconds + 300,
  })
  expect(String(actortoken).split('.').length).toBe(3)
})

test.each([
  ['nobody', {}],
  ['a SIP address alone', { sip: 'mary@contoso.com' }],
  ['a number without its namespace', { nameid: '10032001E2CBE43B' }],
  ['a namespace without a number', { upn: 'mary@contoso.com', nii: 'urn:federation:MicrosoftOnline' }],
  ['an empty address', { upn: '' }],
  ['an address with a line break', { upn: 'mary@contoso.com\r\n' }],
  ['an address between spaces', { smtp: ' mary@contoso.com' }],
  ['an endless address', { upn: 'a'.repeat(321) }],
])('%s is no person to act for, and nothing is sent', async (_what, user) => {
  await using scene = await makeCallingScene()
  expect(() => scene.client.actAs(user)).toThrow(TypeError)
  expect(scene.sts.all).toEqual([])
})

test('a clock that is far off is corrected by the token service once, for assertions and for the tokens of people', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  sts.ahead = 5000
  const plain = sts.tokens
  const theirTime = () => clock.seconds + sts.ahead
  sts.tokens = async (asked) => {
    const { nbf, exp } = readPart(new URLSearchParams(asked.body).get('assertion') ?? '', 1) as { nbf: number; exp: number }
    if (nbf <= theirTime() + 30 && exp > theirTime()) return plain(asked)
    return { status: 401, headers: { date: new Date(theirTime() * 1000).toUTCString() }, body: { error: 'invalid_client' } }
  }
  await client.actAs({ upn: 'mary@contoso.com' }).fetch(mail.url)
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
  expect(readPart(mail.tokens()[0] ?? '', 1)).toMatchObject({ nbf: theirTime() - 60, exp: theirTime() + 300 })
  clock.move(4000)
  await client.fetch(mail.url)
  expect(sts.asked('tokens/OAuth/2').length).toBe(3) // the difference is remembered
})

test.each([
  ['agrees with ours', 0],
  ['is no time', Number.NaN],
  ['is days away', 3 * 86_400],
])('a refusal whose Date %s is final', async (_what, ahead) => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  sts.tokens = () => {
    const date = Number.isNaN(ahead) ? 'soon' : new Date((clock.seconds + ahead) * 1000).toUTCString()
    return { status: 401, headers: { date }, body: { error: 'invalid_client' } }
  }
  await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_request_refused', oauthError: 'invalid_client' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(1)
})

test('a Date that changes with every refusal is followed once for each call', async () => {
  await using scene = await makeCallingScene()
  const { sts, mail, client, clock } = scene
  let ahead = 0
  sts.tokens = () => {
    ahead += 1000
    return {
      status: 401,
      headers: { date: new Date((clock.seconds + ahead) * 1000).toUTCString() },
      body: { error: 'invalid_client' },
    }
  }
  await expect(client.fetch(mail.url)).rejects.toMatchObject({ code: 'token_request_refused' })
  expect(sts.asked('tokens/OAuth/2').length).toBe(2)
})
