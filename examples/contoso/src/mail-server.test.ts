import { parseChallenges } from '@postern/resource-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AIR_SYNC, FOLDER, PING, PROVISION } from './activesync-tokens.ts'
import { createMailServer } from './mail-server.ts'
import { type FakeIssuer, type Listening, listen, REALM, startFakeIssuer } from './testing/fake-issuer.ts'
import { decodeWbxml, type Element, element, encodeWbxml, findElement } from './wbxml.ts'

const AUDIENCE = 'http://localhost:8090/'
const PRINCIPAL = '00000002-0000-0ff1-ce00-000000000000'
const ADDRESSES = ['/Microsoft-Server-ActiveSync', '/EWS/Exchange.asmx', '/api/v1/me/messages']
const QUERY = '?Cmd=FolderSync&DeviceId=device1&DeviceType=iPhone'

let issuer: FakeIssuer
let mail: Listening
const held: number[] = []

beforeAll(async () => {
  issuer = await startFakeIssuer(AUDIENCE)
  mail = await listen(
    createMailServer({
      issuer: issuer.issuer,
      audience: [AUDIENCE, AUDIENCE.replace(/\/$/, '')],
      baseUrl: 'http://localhost:8090',
      principalId: PRINCIPAL,
      domain: 'contoso.com',
      hold: async (milliseconds) => void held.push(milliseconds),
    }),
  )
})
afterAll(async () => {
  await mail.close()
  await issuer.close()
})

const ask = (path: string, init: RequestInit & { token?: string } = {}): Promise<Response> => {
  const headers = new Headers(init.headers)
  if (init.token !== undefined) headers.set('authorization', `Bearer ${init.token}`)
  return fetch(`${mail.url}${path}`, { ...init, headers })
}

const sync = async (command: string, body: Element, query = QUERY): Promise<Response> =>
  ask(`/Microsoft-Server-ActiveSync${query.replace('FolderSync', command)}`, {
    method: 'POST',
    token: await issuer.token(),
    body: new Uint8Array(encodeWbxml(body)),
  })

const wbxmlOf = async (response: Response): Promise<Element> => decodeWbxml(new Uint8Array(await response.arrayBuffer()))

describe('a request without a token', () => {
  for (const path of ADDRESSES) {
    for (const [what, headers] of [
      ['the empty Bearer', { authorization: 'Bearer' }],
      ['no header', {}],
    ] as const) {
      test(`${path} answers ${what} with a challenge without an error`, async () => {
        const response = await ask(path, { headers })
        expect(response.status).toBe(401)
        const [challenge] = parseChallenges(response.headers.get('www-authenticate') ?? '')
        expect(challenge?.scheme.toLowerCase()).toBe('bearer')
        expect(Object.fromEntries(challenge?.parameters ?? [])).toMatchObject({
          client_id: PRINCIPAL,
          trusted_issuers: `00000001-0000-0000-c000-000000000000@${REALM}`,
          token_types: 'app_asserted_user_v1 service_asserted_app_v1',
          authorization_uri: `${issuer.issuer}/oauth2/authorize`,
          resource_metadata: 'http://localhost:8090/.well-known/oauth-protected-resource',
        })
        expect(challenge?.parameters.has('error')).toBe(false)
        expect(response.headers.get('cache-control')).toBe('no-store')
        expect(await response.text()).toBe('')
      })
    }
  }

  test('hears that OAuth is not available when it asks for a mailbox of another domain', async () => {
    const response = await ask(ADDRESSES[0] ?? '', {
      headers: { authorization: 'Bearer', 'x-user-identity': 'mary@fabrikam.com' },
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('x-ms-diagnostics')).toMatch(/^4000000;reason=".*";error_category="oauth_not_available"$/)
    const [challenge] = parseChallenges(response.headers.get('www-authenticate') ?? '')
    expect(challenge?.parameters.get('error')).toBe('invalid_token')
    expect(challenge?.parameters.has('authorization_uri')).toBe(false)
  })

  test('cannot learn which mailboxes exist', async () => {
    const answers = ['mary', 'nobody'].map(async (name) => {
      const response = await ask(ADDRESSES[0] ?? '', {
        headers: { authorization: 'Bearer', 'x-user-identity': `${name}@contoso.com` },
      })
      return [response.status, response.headers.get('www-authenticate'), response.headers.get('x-ms-diagnostics')]
    })
    const [mary, nobody] = await Promise.all(answers)
    expect(nobody).toEqual(mary)
  })
})

describe('a token', () => {
  test('opens the inbox of its own person', async () => {
    for (const name of ['mary', 'joe']) {
      const response = await ask('/api/v1/me/messages', { token: await issuer.token({ upn: `${name}@contoso.com` }) })
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-store')
      const inbox = (await response.json()) as { mailbox: string; messages: { subject: string }[] }
      expect(inbox.mailbox).toBe(`${name}@contoso.com`)
      expect(inbox.messages.length).toBeGreaterThan(0)
    }
  })

  test('with one character changed is refused with diagnostics and without a hint of itself', async () => {
    const token = await issuer.token()
    const at = token.lastIndexOf('.') + 20
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    const response = await ask('/api/v1/me/messages', { token: changed })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(response.headers.get('x-ms-diagnostics')).toMatch(/^2000001;/)
    expect(JSON.stringify([...response.headers])).not.toContain(token.slice(0, 40))
  })

  test('for another audience is refused', async () => {
    const response = await ask('/api/v1/me/messages', { token: await issuer.token({ aud: 'http://localhost:8091/' }) })
    expect(response.status).toBe(401)
    expect(response.headers.get('x-ms-diagnostics')).toMatch(/^2000003;.*invalid_resource/)
  })

  test('opens only what its scope names', async () => {
    const token = await issuer.token({ scope: 'Mail.Read' })
    expect((await ask('/api/v1/me/messages', { token })).status).toBe(200)
    for (const path of ['/Microsoft-Server-ActiveSync', '/EWS/Exchange.asmx']) {
      const response = await ask(path, { method: 'OPTIONS', token })
      expect(response.status).toBe(403)
      expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    }
    expect((await ask('/api/v1/me/messages', { token: await issuer.token({ scope: 'openid' }) })).status).toBe(403)
  })

  test('of a program opens no mailbox, whatever name it carries', async () => {
    for (const claims of [{ upn: undefined }, {}, { sub: 'mail-client', idtyp: undefined }]) {
      const token = await issuer.token({ idtyp: 'app', ...claims })
      const response = await ask('/api/v1/me/messages', { token })
      expect(response.status).toBe(403)
    }
  })

  test('of a person without a mailbox here is answered 403, so that the client keeps it', async () => {
    const response = await ask('/api/v1/me/messages', { token: await issuer.token({ upn: 'eve@contoso.com' }) })
    expect(response.status).toBe(403)
    expect(response.headers.get('x-ms-diagnostics')).toMatch(/^2000005;.*does not exist/)
  })

  test('in the query is not looked at', async () => {
    expect((await ask(`/api/v1/me/messages?access_token=${await issuer.token()}`)).status).toBe(401)
  })

  test('with the same slash-less audience is accepted', async () => {
    expect((await ask('/api/v1/me/messages', { token: await issuer.token({ aud: AUDIENCE.replace(/\/$/, '') }) })).status).toBe(
      200,
    )
  })
})

describe('the RFC 9728 document', () => {
  test('names the resource and its issuer', async () => {
    const response = await ask('/.well-known/oauth-protected-resource')
    expect(await response.json()).toMatchObject({
      resource: AUDIENCE,
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ['header'],
    })
  })
})

describe('ActiveSync', () => {
  test('OPTIONS tells versions and commands, only those that work', async () => {
    const response = await ask('/microsoft-server-activesync', { method: 'OPTIONS', token: await issuer.token() })
    expect(response.status).toBe(200)
    expect(response.headers.get('ms-asprotocolversions')).toBe('14.0,14.1,16.0,16.1')
    expect(response.headers.get('ms-asprotocolcommands')).toBe('FolderSync,Provision,Settings,Sync,Ping')
    expect(response.headers.get('ms-server-activesync')).toBe('15.20')
  })

  test('a phone gets folders, a policy, and its letters, once', async () => {
    const folders = await wbxmlOf(await sync('FolderSync', element(FOLDER.FolderSync, element(FOLDER.SyncKey, '0'))))
    expect(findElement(folders, FOLDER.Changes, FOLDER.Add, FOLDER.DisplayName)?.text).toBe('Inbox')
    const inbox = findElement(folders, FOLDER.Changes, FOLDER.Add, FOLDER.ServerId)?.text ?? ''

    const asked = element(PROVISION.Policy, element(PROVISION.PolicyType, 'MS-EAS-Provisioning-WBXML'))
    const policy = await wbxmlOf(await sync('Provision', element(PROVISION.Provision, element(PROVISION.Policies, asked))))
    expect(findElement(policy, PROVISION.Policies, PROVISION.Policy, PROVISION.PolicyKey)?.text).toBe('1')

    const collection = (key: string): Element =>
      element(
        AIR_SYNC.Sync,
        element(
          AIR_SYNC.Collections,
          element(AIR_SYNC.Collection, element(AIR_SYNC.SyncKey, key), element(AIR_SYNC.CollectionId, inbox)),
        ),
      )
    const keyIn = (root: Element) => findElement(root, AIR_SYNC.Collections, AIR_SYNC.Collection, AIR_SYNC.SyncKey)?.text ?? ''
    const primed = keyIn(await wbxmlOf(await sync('Sync', collection('0'))))
    const brought = await wbxmlOf(await sync('Sync', collection(primed)))
    expect(findElement(brought, AIR_SYNC.Collections, AIR_SYNC.Collection, AIR_SYNC.Commands)?.children).toHaveLength(2)
    const nothing = await sync('Sync', collection(keyIn(brought)))
    expect(nothing.status).toBe(200)
    expect((await nothing.arrayBuffer()).byteLength).toBe(0)
  })

  test('a Ping is held for its heartbeat and then says that nothing came', async () => {
    const answer = await wbxmlOf(await sync('Ping', element(PING.Ping, element(PING.HeartbeatInterval, '480'))))
    expect(findElement(answer, PING.Status)?.text).toBe('1')
    expect(held).toEqual([480_000])
    const late = await wbxmlOf(await sync('Ping', element(PING.Ping, element(PING.HeartbeatInterval, '99999'))))
    expect(findElement(late, PING.Status)?.text).toBe('5')
    expect(held).toHaveLength(1)
  })

  test('answers 400 to what is malformed and 501 to what it does not do', async () => {
    const token = await issuer.token()
    const post = async (query: string, body?: Uint8Array<ArrayBuffer>): Promise<number> =>
      (await ask(`/Microsoft-Server-ActiveSync${query}`, { method: 'POST', token, ...(body === undefined ? {} : { body }) }))
        .status
    expect(await post('')).toBe(400)
    expect(await post('?Cmd=FolderSync')).toBe(400)
    expect(await post('?%%%')).toBe(400)
    expect(await post(QUERY, new Uint8Array([1, 2, 3]))).toBe(400)
    expect(await post(QUERY, new Uint8Array(70_000))).toBe(413)
    expect(await post(QUERY.replace('FolderSync', 'SendMail'))).toBe(501)
    expect(await post(QUERY.replace('FolderSync', 'Unheard'))).toBe(501)
  })

  test('refuses a query that names another mailbox than the token', async () => {
    const token = await issuer.token()
    const post = async (user: string): Promise<number> =>
      (await ask(`/Microsoft-Server-ActiveSync${QUERY}&User=${encodeURIComponent(user)}`, { method: 'POST', token })).status
    expect(await post('contoso\\mary')).toBe(200)
    expect(await post('Mary@contoso.com')).toBe(200)
    expect(await post('joe@contoso.com')).toBe(403)
  })

  test('GET with a token is the wrong method, without one it is the discovery question', async () => {
    const response = await ask('/Microsoft-Server-ActiveSync', { token: await issuer.token() })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
    expect((await ask('/Microsoft-Server-ActiveSync', { headers: { authorization: 'Bearer ' } })).status).toBe(401)
  })
})

describe('anonymous addresses', () => {
  test('AutoDetect names the mail server for its own domain and nothing for others', async () => {
    const own = await (await ask('/detect?protocols=eas', { headers: { 'x-email': 'mary@contoso.com' } })).json()
    expect(own).toMatchObject({ protocols: [{ protocol: 'eas', hostname: 'localhost:8090', onprem: true }] })
    const other = await (await ask('/detect', { headers: { 'x-email': 'mary@fabrikam.com' } })).json()
    expect(other).toMatchObject({ protocols: [] })
    expect((await ask('/detect')).status).toBe(400)
  })

  test('unknown addresses get 404 and say so', async () => {
    expect((await ask('/owa')).status).toBe(404)
  })
})
