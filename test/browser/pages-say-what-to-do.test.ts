import { createHash, randomUUID } from 'node:crypto'
import { startSts, type TestPerson, type TestSts } from '@postern/sts/testing'
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, type Page, textOf } from '../acceptance/support/browser.ts'

/** What the real service answers when something is wrong, read as a person reads it. No script and no browser is needed. */
let sts: TestSts
beforeAll(async () => {
  sts = await startSts()
})
afterAll(() => sts.close())

const begin = async (language = 'en', extra: Record<string, string> = {}) => {
  const browser = createBrowser({ headers: { 'accept-language': language } })
  const asked = new URLSearchParams({
    client_id: sts.clients.mail.clientId,
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1/callback',
    scope: 'openid offline_access https://mail.contoso.com/IMAP.AccessAsUser.All',
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  })
  return { browser, page: await browser.open(`${sts.issuer}/oauth2/v2.0/authorize?${asked}`) }
}
type Begun = Awaited<ReturnType<typeof begin>>

const typeName = (begun: Begun, name: string): Promise<Page> => begun.browser.submit(begun.page, { name })
async function provePassword(begun: Begun, person: TestPerson): Promise<Page> {
  return begun.browser.submit(await typeName(begun, person.upn), { password: person.password })
}
const heading = (page: Page) => textOf(/<h1>[\s\S]*?<\/h1>/.exec(page.html)?.[0] ?? '')
const reference = (page: Page) => /class="reference">([^<]+)</.exec(page.html)?.[1]

describe('the password page', () => {
  test('asks for what is missing, and keeps the name', async () => {
    const begun = await begin()
    expect(textOf((await typeName(begun, '  ')).html)).toContain('Type your email address')
    const page = await begun.browser.submit(await typeName(begun, 'mary@contoso.com'), { password: '' })
    expect([page.status, textOf(page.html).includes('Type your password')]).toEqual([422, true])
    expect(page.html).toContain('value="mary@contoso.com"')
  })

  test('after five wrong passwords tells when to come back, with Retry-After and a reference that the audit trail knows', async () => {
    const begun = await begin('de')
    let page = await typeName(begun, 'nobody@contoso.com')
    for (let tries = 0; tries < 6; tries += 1) page = await begun.browser.submit(page, { password: `wrong ${tries}` })
    expect(page.status).toBe(429)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(textOf(page.html)).toMatch(/zu viele Versuche.*in \d+ (Sekunden|Minuten|Minute)/)
    const rows = await sts.kept.audit.list({ limit: 5, reference: reference(page) ?? '' })
    expect(rows.map(({ event, outcome }) => [event, outcome])).toEqual([['signin.throttled', 'refused']])
    expect(JSON.stringify(rows)).not.toMatch(/nobody|wrong/)
  })

  test('is first for whom the app has named, with a way back to the name', async () => {
    const begun = await begin('en', { login_hint: 'mary@contoso.com' })
    expect(heading(begun.page)).toBe('Enter your password')
    const back = /<a href="([^"]+\?as=other)"/.exec(begun.page.html)?.[1] ?? ''
    const page = await begun.browser.open(new URL(back, begun.page.url).href)
    expect([heading(page), page.html.includes('value="mary@contoso.com"')]).toEqual(['Sign in', true])
  })
})

describe('a form that is not ours', () => {
  test.each([
    ['without the value of its interaction', { csrf: '' }, 403],
    ['with another', { csrf: 'x'.repeat(43) }, 403],
  ])('is refused %s, and no password is checked', async (_, typed, status) => {
    const begun = await begin()
    const page = await begun.browser.submit(await typeName(begun, sts.mary.upn), { password: sts.mary.password, ...typed })
    expect([page.status, heading(page)]).toEqual([status, 'This page is out of date'])
    expect(reference(page)).toBeDefined()
  })

  test('is refused from another browser, which has no cookie of this sign-in', async () => {
    const begun = await begin()
    const passwordPage = await typeName(begun, sts.mary.upn)
    const other = await createBrowser().submit(passwordPage, { password: sts.mary.password })
    expect(other.left).toBeUndefined()
    expect(heading(other)).not.toBe('Enter your code')
  })

  test('skips no step: a code before the password, or consent before either, shows what is due', async () => {
    const begun = await begin()
    const csrf = begun.page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    for (const [below, fields] of Object.entries({ factor: { code: '123456' }, consent: { decision: 'allow' }, enroll: {} })) {
      const page = await begun.browser.post(`${begun.page.url}/${below}`, { csrf, ...fields })
      expect([page.status, heading(page)], below).toEqual([200, 'Sign in'])
    }
  })
})

describe('setting up a second step', () => {
  test('shows the same key after a reload, takes no wrong code, and says so without blame', async () => {
    const begun = await begin()
    const intro = await provePassword(begun, sts.joe)
    expect(heading(intro)).toBe('Set up your second step')
    const scan = await begun.browser.submit(intro, { method: 'totp' })
    const key = (page: Page) => textOf(/<code class="key">[\s\S]*?<\/code>/.exec(page.html)?.[0] ?? '')
    expect(key(scan)).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
    expect(key(await begun.browser.open(scan.url))).toBe(key(scan))

    const wrong = await begun.browser.submit(scan, { code: '000 000' })
    expect([wrong.status, key(wrong)]).toEqual([422, key(scan)])
    expect(textOf(wrong.html)).toContain('That code did not match')

    const stale = await begun.browser.submit(scan, { code: '123456', authenticatorId: randomUUID() })
    expect([stale.status, key(stale)]).toEqual([422, key(scan)])

    const code = await generate({ secret: key(scan).replaceAll(' ', '') })
    const codes = await begun.browser.submit(scan, { code: `${code.slice(0, 3)} ${code.slice(3)}` })
    expect(heading(codes)).toBe('Save your recovery codes')
    const gone = await begun.browser.open(codes.url.replace('/enroll/confirm', ''))
    expect(heading(gone)).toBe('Your second step is set up')
    const done = await begun.browser.submit(codes)
    expect(done.left?.searchParams.has('code')).toBe(true)
  })
})

describe('a sign-in that a rule forbids', () => {
  test('names the rule, whom to ask, and goes back to the app with access_denied', async () => {
    const now = new Date()
    const definition = { access: 'block', when: { account: [sts.mary.upn] } }
    const policy = {
      id: randomUUID(),
      name: 'Nobody <b>called</b> Mary',
      mode: 'on',
      definition,
      createdAt: now,
      updatedAt: now,
    } as const
    await sts.kept.policies.put(policy)
    try {
      const begun = await begin()
      const page = await provePassword(begun, sts.mary)
      expect([page.status, heading(page)]).toEqual([403, 'You cannot continue to Contoso Mail for Desktop'])
      expect(page.html).toContain('Nobody &lt;b&gt;called&lt;/b&gt; Mary')
      const rows = await sts.kept.audit.list({ limit: 5, reference: reference(page) ?? '' })
      expect(rows.some(({ event }) => event === 'signin.blocked')).toBe(true)
      const back = await begun.browser.submit(page)
      expect(back.left?.searchParams.get('error')).toBe('access_denied')
    } finally {
      await sts.kept.policies.remove(policy.id)
    }
  })
})

describe('a page that does not exist any more', () => {
  test.each([
    ['en', 'This sign-in is over', 'sign in from there again'],
    ['de', 'Diese Anmeldung ist zu Ende', 'melden Sie sich dort noch einmal an'],
    ['fr', 'Cette connexion est terminée', 'connectez-vous à nouveau'],
  ])('says so in %s', async (language, title, remedy) => {
    const page = await createBrowser({ headers: { 'accept-language': language } }).open(`${sts.issuer}/signin/${'x'.repeat(21)}`)
    expect([page.status, heading(page)]).toEqual([400, title])
    expect(textOf(page.html)).toContain(remedy)
    expect(page.html).toContain(`<html lang="${language}">`)
  })
})
