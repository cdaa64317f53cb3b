import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGalleryApp, exhibitAction, renderGallery } from '@postern/sts/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Browser, startChromium } from './chromium.ts'

/**
 * Chrome holds form-action against every redirect after a post. A sign-in form ends at the app's own address, so its page
 * must not carry the directive; the pages that end on this site must.
 */
let browser: Browser
let site: Server
let app: Server
let redirectTo = ''

const listen = async (server: Server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
const portOf = (server: Server) => (server.address() as AddressInfo).port // a TCP server has no other kind of address

beforeAll(async () => {
  const [name] = renderGallery()
  if (name === undefined) throw new TypeError('the gallery is empty')
  const pages = createGalleryApp([name, { ...name, name: 'strict', forms: 'self' }]).callback()
  app = await listen(createServer((_, response) => response.end('<!doctype html><title>the app</title>')))
  site = await listen(
    createServer((request, response) => {
      if (request.url === exhibitAction) response.writeHead(303, { location: '/hop' }).end()
      else if (request.url === '/hop') response.writeHead(303, { location: redirectTo }).end()
      else void pages(request, response)
    }),
  )
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  site.close()
  app.close()
})

/** Types a name, sends the form, and tells where the browser arrived and what it refused on the way. */
async function send(exhibit: string) {
  const page = await browser.newPage()
  const ends: string[] = []
  const refused: string[] = []
  page.on('console', (message) => refused.push(message.text()))
  page.on('requestfailed', (request) => ends.push(request.url()))
  page.on('load', () => ends.push(page.url()))
  await page.goto(`http://127.0.0.1:${portOf(site)}/gallery/${exhibit}`)
  await page.locator('input:focus').waitFor()
  ends.length = 0
  await page.keyboard.type('mary@contoso.com')
  await page.keyboard.press('Enter')
  await expect.poll(() => ends.length + refused.length).toBeGreaterThan(0)
  const title = await page.title()
  await page.close()
  return { title, ends, refused }
}

test('a sign-in form ends at a loopback address of the app, over a hop on our side', async () => {
  redirectTo = `http://127.0.0.1:${portOf(app)}/callback?code=x`
  const { title, refused } = await send('name')
  expect(refused).toEqual([])
  expect(title).toBe('the app')
})

test('a sign-in form ends at a scheme of the app', async () => {
  redirectTo = 'com.example.mail://callback?code=x'
  const { ends, refused } = await send('name')
  expect(refused.filter((text) => text.includes('Content Security Policy'))).toEqual([])
  // No app of that scheme is installed here: the browser tried to hand over and gave up.
  expect(ends).not.toEqual([])
})

test.each(['http', 'scheme'])('a page whose forms end here sends nobody elsewhere (%s)', async (kind) => {
  redirectTo = kind === 'http' ? `http://127.0.0.1:${portOf(app)}/callback?code=x` : 'com.example.mail://callback?code=x'
  const { title, refused } = await send('strict')
  expect(refused.join()).toContain('form-action')
  expect(title).not.toBe('the app')
})
