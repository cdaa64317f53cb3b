/** A remote issuer leads the kit neither onto this machine nor into its network, and gets no password for somebody else. */
import { expect, test } from 'vitest'
import { createPersonBrowser } from './person/person-browser.ts'
import { createReach, placeOf } from './reach.ts'
import { createTarget } from './target.ts'

const ISSUER = 'https://login.example'

test.each([
  ['http://localhost/', 'loopback'],
  ['http://a.localhost:1/', 'loopback'],
  ['http://127.9.9.9/', 'loopback'],
  ['http://2130706433/', 'loopback'],
  ['http://0x7f.1/', 'loopback'],
  ['http://[::1]/', 'loopback'],
  ['http://[::ffff:127.0.0.1]/', 'loopback'],
  ['https://10.1.2.3/', 'private'],
  ['https://172.31.0.1/', 'private'],
  ['https://192.168.0.1/', 'private'],
  ['https://169.254.169.254/', 'private'],
  ['https://[fd00::1]/', 'private'],
  ['https://[::ffff:10.0.0.1]/', 'private'],
  ['https://172.32.0.1/', 'public'],
  ['https://localhost.example/', 'public'],
])('%s is %s', (url, place) => {
  expect(placeOf(new URL(url))).toBe(place)
})

test('what the issuer is not near is asked only when it is named', () => {
  const reach = createReach({ issuer: ISSUER, named: ['http://127.0.0.1:9000/mail'], signInHosts: ['10.0.0.8:8443'] })
  const asked = (url: string) => reach.whyNotAsked(new URL(url)) === undefined
  expect(['https://other.example/', 'http://localhost:9000/', 'https://10.0.0.8:8443/'].map(asked)).toEqual([true, true, true])
  expect(['http://127.0.0.1:22/', 'https://10.0.0.8/', 'https://192.168.0.1/'].map(asked)).toEqual([false, false, false])
  const local = createReach({ issuer: 'http://localhost:8080/x', named: [], signInHosts: [] })
  expect(local.whyNotAsked(new URL('http://127.0.0.1:22/'))).toBeUndefined()
  expect(local.whyNotAsked(new URL('https://10.0.0.8/'))).toContain('is on a private network')
})

/** Pages by address; everything else is not found. Hears what was asked. */
function web(pages: Readonly<Record<string, Response>>) {
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    asked.push(`${init?.method ?? 'GET'} ${String(input)} ${String(init?.body ?? '')}`.trim())
    return pages[String(input)] ?? new Response('', { status: 404 })
  }
  const target = createTarget({ issuer: ISSUER, person: { username: 'mary', password: 'correct-horse' }, fetch })
  return { asked, browser: createPersonBrowser(target), target }
}

const form = (action: string) =>
  new Response(
    `<form method="post" action="${action}"><input name="u" autocomplete="username"><input type="password" name="p"><button>Go</button></form>`,
    {
      headers: { 'content-type': 'text/html' },
    },
  )

test.each(['http://127.0.0.1:22/', 'https://192.168.0.1/admin'])('a redirect to %s is not followed', async (to) => {
  const { asked, browser, target } = web({ [`${ISSUER}/a`]: new Response('', { status: 302, headers: { location: to } }) })
  await expect(browser.open(`${ISSUER}/a`)).rejects.toMatchObject({
    code: 'answer_malformed',
    message: expect.stringContaining('nothing is sent there'),
  })
  await expect(target.post(to, [['client_secret', 's']])).rejects.toMatchObject({ code: 'answer_malformed' })
  expect(asked).toEqual([`GET ${ISSUER}/a`])
})

test('a password is typed at the issuer, and at nobody else', async () => {
  const own = web({ [`${ISSUER}/a`]: form('/b') })
  await own.browser.authorize(`${ISSUER}/a`)
  expect(own.asked[1]).toBe(`POST ${ISSUER}/b u=mary&p=correct-horse`)
  for (const pages of [
    { [`${ISSUER}/a`]: form('https://evil.example/') },
    {
      [`${ISSUER}/a`]: new Response('', { status: 302, headers: { location: 'https://evil.example/' } }),
      'https://evil.example/': form('/'),
    },
  ]) {
    const { asked, browser } = web(pages)
    await expect(browser.authorize(`${ISSUER}/a`)).rejects.toThrow('evil.example asks for a password, and is neither the issuer')
    expect(asked.join('\n')).not.toContain('correct-horse')
  }
})
