import { generateSync } from 'otplib'
import { afterEach, describe, expect, test } from 'vitest'
import { AuthorizationError } from './authorization-code.ts'
import { BrowserError } from './form-browser.ts'
import { SignInError, type SignInRequest, signIn } from './sign-in.ts'
import { type Listening, listen } from './testing/fake-issuer.ts'

/** Pages in the shape of a real sign-in: name, password, code; state in cookies and hidden fields. */
type Bend = Readonly<{
  password?: string
  usedSteps?: Set<number>
  iss?: string
  state?: string
  codePageGoesTo?: string
  enrols?: boolean
}>

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const REDIRECT = 'http://127.0.0.1/callback'
const opened: Listening[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

async function startPages(bend: Bend = {}, now: () => Date = () => new Date()): Promise<{ issuer: string; seen: string[] }> {
  const seen: string[] = []
  let request = new URLSearchParams()
  const { url, ...rest } = await listen(async (incoming, response) => {
    const address = new URL(incoming.url ?? '/', url)
    const parts: Buffer[] = []
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part)
    const form = new URLSearchParams(Buffer.concat(parts).toString())
    seen.push(`${incoming.method} ${address.pathname} ${[...form.keys()].join(',')}`.trim())
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const page = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(`<h1>Page</h1>${body}`)
    }
    const go = (location: string): void => {
      response.writeHead(303, { location, 'set-cookie': 'step=1; Path=/; HttpOnly' }).end()
    }
    const hidden = '<input type="hidden" name="csrf" value="c&amp;1">'
    const passwordPage = `<form method="post" action="/s/1/password">${hidden}<input name="name" value="${form.get('name')}" readonly><input type="password" name="password"><button>Go</button></form><form method="post" action="/s/1/back"><button>Back</button></form>`
    const link = bend.enrols ? `<a href="otpauth://totp/Contoso:joe?issuer=Contoso&amp;secret=${SECRET}&amp;digits=6">` : ''
    const codePage = `<p>Enter the code</p>${link}<form method="post" action="${bend.codePageGoesTo ?? '/s/1/code'}">${hidden}<input name="code" autocomplete="one-time-code"><button>Go</button><button name="cancel" value="1">Cancel</button></form>`

    if (address.pathname.endsWith('/openid-configuration')) {
      return json(200, {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        authorization_response_iss_parameter_supported: true,
      })
    }
    if (address.pathname === '/authorize') {
      request = address.searchParams
      return go('/s/1')
    }
    if (address.pathname === '/token') {
      const isRight = form.get('code') === 'the-code' && (form.get('code_verifier')?.length ?? 0) >= 43
      return isRight
        ? json(200, { access_token: 'at', token_type: 'Bearer', expires_in: '3600' })
        : json(400, { error: 'invalid_grant' })
    }
    if (!incoming.headers.cookie?.includes('step=1')) return page(400, 'no cookie')
    if (incoming.method === 'POST' && form.get('csrf') !== 'c&1') return page(403, 'no csrf')
    if (address.pathname === '/s/1')
      return page(200, `<form method="post" action="/s/1/name">${hidden}<input name="name"><button>Go</button></form>`)
    if (address.pathname === '/s/1/name') return page(200, passwordPage)
    if (address.pathname === '/s/1/password') {
      return form.get('password') === (bend.password ?? 'right')
        ? page(200, codePage)
        : page(401, `<p>Wrong name or password</p>${passwordPage}`)
    }
    if (address.pathname === '/s/1/code') {
      const step = Math.floor(now().getTime() / 30_000)
      const isRight = form.get('code') === generateSync({ secret: SECRET, epoch: step * 30 }) && !bend.usedSteps?.has(step)
      if (!isRight || form.has('cancel')) return page(401, `<p>Wrong code</p>${codePage}`)
      const answer = new URL(request.get('redirect_uri') ?? '')
      answer.search = new URLSearchParams({
        code: 'the-code',
        state: bend.state ?? request.get('state') ?? '',
        iss: bend.iss ?? url,
      }).toString()
      return go(answer.href)
    }
    return page(404, 'nothing')
  })
  opened.push({ url, ...rest })
  return { issuer: url, seen }
}

const mary = { upn: 'mary@contoso.com', password: 'right', totpSecret: SECRET }
const requestTo = (issuer: string, more: Partial<SignInRequest> = {}): SignInRequest => ({
  issuer,
  client: { clientId: 'mail' },
  account: mary,
  redirectUri: REDIRECT,
  scope: 'openid',
  wait: () => Promise.reject(new TypeError('this test must not wait')),
  ...more,
})

describe('signIn', () => {
  test('walks through name, password and code to a token', async () => {
    const { issuer, seen } = await startPages()
    const tokens = await signIn(requestTo(issuer))
    expect(tokens).toMatchObject({ accessToken: 'at', expiresIn: 3600 })
    expect(seen).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /authorize',
      'GET /s/1',
      'POST /s/1/name csrf,name',
      'POST /s/1/password csrf,name,password',
      'POST /s/1/code csrf,code',
      'POST /token grant_type,code,redirect_uri,code_verifier,client_id',
    ])
  })

  test('says so when the password is wrong, and tries it once only', async () => {
    const { issuer, seen } = await startPages()
    const attempt = signIn(requestTo(issuer, { account: { ...mary, password: 'hunter2-wrong' } }))
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SignInError)
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('Wrong name or password') })
    expect(String(error)).not.toContain('hunter2-wrong')
    expect(seen.filter((line) => line.startsWith('POST /s/1/password'))).toHaveLength(1)
  })

  test('waits for the next step when a code was used before, once', async () => {
    let now = new Date('2026-03-02T10:00:12Z')
    const usedSteps = new Set([Math.floor(now.getTime() / 30_000)])
    const { issuer } = await startPages({ usedSteps }, () => now)
    const waited: number[] = []
    const wait = async (milliseconds: number): Promise<void> => {
      waited.push(milliseconds)
      now = new Date(now.getTime() + milliseconds)
    }
    await signIn(requestTo(issuer, { clock: () => now, wait }))
    expect(waited).toEqual([18_250])

    usedSteps.add(Math.floor(now.getTime() / 30_000)).add(Math.floor(now.getTime() / 30_000) + 1)
    await expect(signIn(requestTo(issuer, { clock: () => now, wait }))).rejects.toMatchObject({ code: 'refused' })
  })

  test('sets up a second factor when it may, and hands on the secret', async () => {
    const { issuer } = await startPages({ enrols: true })
    const account = { upn: 'joe@contoso.com', password: 'right' }
    await expect(signIn(requestTo(issuer, { account }))).rejects.toMatchObject({ code: 'factor_missing' })
    const told: string[] = []
    await signIn(requestTo(issuer, { account, onEnroll: (secret) => told.push(secret) }))
    expect(told).toEqual([SECRET])
  })

  test.each([
    ['another state', { state: 'foreign' }],
    ['another issuer', { iss: 'https://evil.example' }],
  ])('refuses an answer with %s', async (_, bend) => {
    const { issuer } = await startPages(bend)
    await expect(signIn(requestTo(issuer))).rejects.toMatchObject({ code: 'response_foreign' })
    await expect(signIn(requestTo(issuer))).rejects.toBeInstanceOf(AuthorizationError)
  })

  test('never posts what was typed to another site', async () => {
    const other = await startPages()
    const { issuer } = await startPages({ codePageGoesTo: `${other.issuer}/s/1/code` })
    const error = await signIn(requestTo(issuer)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BrowserError)
    expect(error).toMatchObject({ code: 'left_the_site' })
    expect(other.seen).toEqual([])
  })
})
