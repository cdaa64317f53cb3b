/** Nobody learns from the pages who has an account here (R87). The times are held equal in accounts’ own tests. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBrowser, type Page } from '../support/browser.ts'
import { authorization, startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** Everything that a person or a program could see, without what is different in each answer anyway. */
function seen(page: Page, name: string): string {
  const csrf = page.forms[0]?.fields.find((field) => field.name === 'csrf')?.value ?? 'none'
  const html = page.html
    .replaceAll(csrf, 'CSRF')
    .replaceAll(/\/signin\/[\w-]+/g, '/signin/UID')
    .replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'REFERENCE')
    .replaceAll(name, 'NAME')
  const headers = [...page.headers]
    .filter(([key]) => !['date', 'set-cookie', 'content-length', 'etag'].includes(key))
    .map(([key, value]) => `${key}: ${value.replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/g, 'REFERENCE')}`)
  return [page.status, ...headers, html].join('\n')
}

/** What eight wrong passwords in a row look like for this name. */
async function eightTries(name: string): Promise<string[]> {
  const pages: string[] = []
  for (let time = 0; time < 8; time += 1) {
    const browser = createBrowser()
    const asked = await browser.open(authorization(world).url)
    const password = await browser.submit(asked, { name })
    pages.push(seen(password, name))
    pages.push(seen(await browser.submit(password, { password: `wrong ${time}` }), name))
  }
  return pages
}

it('eight wrong passwords look the same for somebody, nobody, and who was disabled', async () => {
  await world.changeAccount(world.sts.joe, { status: 'disabled' })
  const known = await eightTries('mary@contoso.com')
  for (const name of ['nobody@contoso.com', 'joe@contoso.com', 'nobody@elsewhere.example'])
    expect(await eightTries(name), name).toEqual(known)
  expect(known.some((page) => page.startsWith('429'))).toBe(true)
})

it('who was disabled and types the right password is answered like a wrong one', async () => {
  world.pass(2 * 86_400)
  const answers = []
  for (const [name, password] of [
    ['joe@contoso.com', world.sts.joe.password],
    ['mary@contoso.com', 'wrong'],
    ['nobody@contoso.com', 'wrong'],
  ] as const) {
    const browser = createBrowser()
    const page = await browser.submit(await browser.open(authorization(world, { change: { login_hint: name } }).url), {
      password,
    })
    answers.push(seen(page, name))
  }
  expect(new Set(answers).size).toBe(1)
})
