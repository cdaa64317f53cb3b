import { describe, expect, test } from 'vitest'
import { DemoFileError, loadDemoFile, parseDemoFile } from './demo-file.ts'
import { planSide } from './demo-server.ts'

const file = {
  issuer: 'http://localhost:8080/3f0c1f5e',
  realm: { id: '3f0c1f5e', domain: 'contoso.com' },
  accounts: [
    { upn: 'mary@contoso.com', password: 'secret-1', totpSecret: 'GEZDGNBV' },
    { upn: 'joe@contoso.com', password: 'secret-2' },
  ],
  admin: { upn: 'admin@contoso.com', password: 'secret-3', totpSecret: 'GEZDGNBV' },
  clients: {
    mail: { clientId: 'mail', redirectUris: ['http://127.0.0.1/callback'] },
    confidential: { clientId: 'web', clientSecret: 'secret-4' },
    exchange: { clientId: '00000002-0000-0ff1-ce00-000000000000', privateKeyFile: 'a', certificateFile: 'b' },
  },
  resources: { mail: 'http://localhost:8090/' },
  mailServer: 'http://localhost:8090',
  endpoints: { token_endpoint: 'http://localhost:8080/3f0c1f5e/oauth2/v2.0/token' },
}

const withCloud = {
  ...file,
  cloudDomain: 'contoso.onmicrosoft.test',
  clients: { ...file.clients, cloud: { clientId: 'c', privateKeyFile: 'd', certificateFile: 'e' } },
  resources: { ...file.resources, cloud: 'http://localhost:8091/' },
  cloudServer: 'http://localhost:8091',
}

describe('demo.json', () => {
  test('is read as product.md describes it', () => {
    const demo = parseDemoFile(JSON.stringify(file), 'demo.json')
    expect(demo).toMatchObject({
      issuer: file.issuer,
      exchangeClientId: file.clients.exchange.clientId,
      mailResource: 'http://localhost:8090/',
    })
    expect(demo.webClient?.redirectUri).toBe('http://localhost:8090/callback')
    expect(demo.accounts.map(({ totpSecret }) => totpSecret)).toEqual(['GEZDGNBV', undefined])
  })

  test('of an earlier version knows nothing to ask the gate with; the new one does', () => {
    expect(parseDemoFile(JSON.stringify(file), 'demo.json').gate).toBeUndefined()
    const mailServer = { clientId: 'mail-server', clientSecret: 'secret-5' }
    const demo = parseDemoFile(JSON.stringify({ ...file, clients: { ...file.clients, mailServer } }), 'demo.json')
    expect(planSide(demo, 'onPremises')?.options.gate).toEqual(mailServer)
    const broken = JSON.stringify({ ...file, clients: { ...file.clients, mailServer: { clientId: 'mail-server' } } })
    expect(() => parseDemoFile(broken, 'demo.json')).toThrow(/clients\.mailServer\.clientSecret/)
  })

  test('of an earlier version knows no cloud; of this one it names both sides', () => {
    expect(parseDemoFile(JSON.stringify(file), 'demo.json').hybrid).toBeUndefined()
    expect(planSide(parseDemoFile(JSON.stringify(file), 'demo.json'), 'cloud')).toBeUndefined()
    const demo = parseDemoFile(JSON.stringify(withCloud), 'demo.json')
    const [near, far] = (['onPremises', 'cloud'] as const).map((side) => planSide(demo, side))
    expect(near).toMatchObject({
      options: { domain: 'contoso.com', baseUrl: 'http://localhost:8090' },
      hybrid: { files: { privateKeyFile: 'a' }, options: { neighbour: { clientId: 'c', baseUrl: 'http://localhost:8091' } } },
    })
    expect(far).toMatchObject({
      options: {
        domain: 'contoso.onmicrosoft.test',
        principalId: 'c',
        audience: ['http://localhost:8091/', 'http://localhost:8091'],
      },
      hybrid: {
        files: { privateKeyFile: 'd' },
        options: { neighbour: { clientId: '00000002-0000-0ff1-ce00-000000000000', domain: 'contoso.com' } },
      },
    })
    expect(far?.options).not.toHaveProperty('webClient')
  })

  test.each([
    ['cloudDomain', { ...withCloud, cloudDomain: undefined }],
    ['cloudServer', { ...withCloud, cloudServer: 1 }],
    ['resources.cloud', { ...withCloud, resources: file.resources }],
    [
      'clients.cloud.privateKeyFile',
      { ...withCloud, clients: { ...withCloud.clients, cloud: { clientId: 'c', certificateFile: 'e' } } },
    ],
    ['issuer', { ...file, issuer: '' }],
    ['realm', { ...file, realm: [] }],
    ['accounts[1].password', { ...file, accounts: [file.accounts[0], { upn: 'joe@contoso.com' }] }],
    ['clients.mail', { ...file, clients: { ...file.clients, mail: null } }],
    ['clients.confidential.clientSecret', { ...file, clients: { ...file.clients, confidential: { clientId: 'web' } } }],
    ['resources.mail', { ...file, resources: {} }],
  ])('without a usable %s is refused by name, and without its secrets', (member, broken) => {
    const parse = () => parseDemoFile(JSON.stringify(broken), 'demo.json')
    expect(parse).toThrow(DemoFileError)
    expect(parse).toThrow(`"${member}"`)
    expect(parse).not.toThrow(/secret-\d/)
  })

  test('that is no JSON or is not there says what to do', async () => {
    expect(() => parseDemoFile('{', 'demo.json')).toThrow(/npm start/)
    await expect(loadDemoFile('/nowhere/demo.json')).rejects.toMatchObject({
      code: 'missing',
      message: expect.stringContaining('npm start'),
    })
  })
})
